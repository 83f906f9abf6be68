"""Packed rows against truth values as they are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graftwork.kernels.packed import counts, counts_reference, pack, packed_contingency, unpack
from graftwork.kernels.paired import contingency


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 300))
def test_packed_counts_are_the_plain_ones(seed: int, models: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    rows, within = rng.random((models, samples)) < 0.7, rng.random(samples) < 0.4
    packed = pack(rows)
    assert packed.shape == (models, -(-samples // 64))
    np.testing.assert_array_equal(unpack(packed, samples), rows)
    np.testing.assert_array_equal(counts(packed), rows.sum(1))
    np.testing.assert_array_equal(counts(packed, pack(within)), counts_reference(rows, within))


@given(st.integers(0, 2**32 - 1), st.integers(0, 300))
def test_packed_tables_are_the_plain_ones(seed: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    first, second, within = (rng.random(samples) < share for share in (0.8, 0.7, 0.5))
    assert packed_contingency(pack(first), pack(second), samples) == contingency(first, second)
    size = int(within.sum())
    found = packed_contingency(pack(first), pack(second), size, pack(within))
    assert found == contingency(first[within], second[within])
