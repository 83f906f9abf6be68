"""Masks chosen row by row: what each output of a layer loses."""

import torch
from torch import Tensor


def smallest_in_rows(scores: Tensor, count: int) -> Tensor:
    """Return where the ``count`` smallest scores of every row are, (rows, columns); of equals the first."""
    order = scores.argsort(dim=1, stable=True)[:, :count]
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, order, True)


def beyond_n_of_m(scores: Tensor, n: int, m: int) -> Tensor:
    """Return what goes so that of every ``m`` neighbours in a row the ``n`` of largest score stay.

    Of the neighbours at a row's end, where they are fewer than ``m``, no more go than are beyond ``n``.
    """
    return torch.cat([smallest_in_rows(part, max(part.shape[1] - n, 0)) for part in scores.split(m, 1)], 1)


def smallest_in_rows_reference(scores: Tensor, count: int) -> Tensor:
    """Return `smallest_in_rows`, one row after another."""
    gone = torch.zeros(scores.shape, dtype=torch.bool)
    for number, row in enumerate(scores.tolist()):
        for column in sorted(range(len(row)), key=row.__getitem__)[:count]:
            gone[number, column] = True
    return gone
