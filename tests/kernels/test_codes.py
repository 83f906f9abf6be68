"""Codes of few bits in bytes, against arithmetic on whole numbers."""

import numpy as np
import pytest

from graftwork.kernels import codes
from graftwork.kernels.codes import pack, packed_size, unpack


def by_hand(values: list[int], bits: int) -> bytes:
    """Return the codes as one long binary number, filled up to whole bytes."""
    text = "".join(f"{value:0{bits}b}" for value in values)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[start : start + 8], 2) for start in range(0, len(text), 8))


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
def test_codes_are_packed_and_come_back(bits: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_AT_ONCE", 16)
    values = np.random.default_rng(count).integers(0, 1 << bits, count).astype(np.uint8)
    packed = pack(values, bits)
    assert packed.tobytes() == by_hand(values.tolist(), bits)
    assert len(packed) == packed_size(count, bits)
    assert np.array_equal(unpack(packed, bits, count), values)
