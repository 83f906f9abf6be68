"""Masks by rows, against plain sorting."""

import pytest
import torch

from graftwork.kernels.rows import beyond_n_of_m, smallest_in_rows, smallest_in_rows_reference


def scores(rows: int, columns: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(rows)
    return torch.randint(0, 5, (rows, columns), generator=generator).float()  # with many that are equal


@pytest.mark.parametrize("count", [0, 1, 5, 9])
def test_the_smallest_of_each_row_go(count: int) -> None:
    found = scores(7, 9)
    assert torch.equal(smallest_in_rows(found, count), smallest_in_rows_reference(found, count))


@pytest.mark.parametrize(("n", "m"), [(2, 4), (4, 8), (1, 3), (3, 3)])
@pytest.mark.parametrize("columns", [12, 14])
def test_of_m_neighbours_n_stay(n: int, m: int, columns: int) -> None:
    found = scores(5, columns)
    gone = beyond_n_of_m(found, n, m)
    for part, out in zip(found.split(m, 1), gone.split(m, 1), strict=True):
        assert torch.equal(out, smallest_in_rows_reference(part, max(part.shape[1] - n, 0)))
