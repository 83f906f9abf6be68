"""Pieces of long arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.kernels import blocks as module
from graftwork.kernels.blocks import blocks
from graftwork.kernels.principal import principal_plane, principal_plane_reference


@given(st.integers(0, 50), st.integers(1, 6), st.integers(1, 40))
def test_pieces_are_the_whole_in_order_and_small(rows: int, width: int, elements: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ELEMENTS", elements)
        parts = list(blocks((rows, width)))
    covered = [row for part in parts for row in range(part.start, part.stop)]
    assert covered == list(range(rows))
    assert all((part.stop - part.start) * width <= max(elements, width) for part in parts)


def test_the_principal_plane_does_not_depend_on_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    features = (np.random.default_rng(0).normal(size=(200, 5)) * np.arange(1, 6) + 9).astype(np.float32)
    monkeypatch.setattr(module, "_ELEMENTS", 35)
    np.testing.assert_allclose(principal_plane(features), principal_plane_reference(features), atol=1e-3)
