"""Statistics against numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graftwork.analysis.models import statistics

VALUES = st.lists(st.sampled_from([0.0, -0.0, 1.5, -3.0, 1e30, 1e-30, float("inf"), float("nan")]), max_size=30)


@given(values=VALUES, piece=st.integers(1, 40))
def test_statistics_equal_numpys_whatever_the_pieces(values: list[float], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_PIECE", piece)
        found = statistics.statistics(torch.tensor(values, dtype=torch.float64))
    array = np.array(values, dtype=np.float64)
    finite = array[np.isfinite(array)]
    assert found.rms == pytest.approx(np.sqrt(np.mean(finite**2)) if finite.size else 0.0)
    assert found.largest == np.abs(finite).max(initial=0.0)
    assert found.zeros == np.count_nonzero(array == 0)
    assert found.not_finite == array.size - finite.size


def test_of_complex_values_the_magnitudes_count() -> None:
    found = statistics.statistics(torch.tensor([3 + 4j, 0j, complex("nan")]))
    assert (found.largest, found.zeros, found.not_finite) == (5.0, 1, 1)
    assert found.rms == pytest.approx((25 / 2) ** 0.5)
