"""Optimal brain surgery on one layer: which weights go, and how those that stay make up for it."""

from collections.abc import Callable

import torch
from torch import Tensor

Choose = Callable[[Tensor], Tensor]
"""Given the costs of some columns' weights, (rows, columns), tells which of them go."""


def damped(gram: Tensor, damping: float) -> Tensor:
    """Return XᵀX with a share of its mean diagonal added to the diagonal; an input that is always zero counts as one.

    Parameters
    ----------
    gram : Tensor, shape (inputs, inputs)
        Of a layer's inputs.
    damping : float
        The share.
    """
    diagonal = gram.diagonal()
    silent = (diagonal == 0).to(gram.dtype)
    return gram + torch.diag(silent + damping * diagonal.mean())


def operated(weight: Tensor, gram: Tensor, choose: Choose, width: int = 128, damping: float = 0.01) -> Tensor:
    """Remove weights column by column, and change those in later columns so that the layer's outputs change least.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs)
        Float64.
    gram : Tensor, shape (inputs, inputs)
        XᵀX of the layer's inputs, float64.
    choose : callable
        Which weights go, from their costs w² / [H⁻¹]ⱼⱼ; asked for ``width`` columns at a time, when all before them are
        done.
    width : int
        Columns for which it is decided together.
    damping : float
        As of `damped`.

    Raises
    ------
    torch.linalg.LinAlgError
        If the inputs are not finite.

    Source: Frantar & Alistarh 2023, SparseGPT, arXiv:2301.00774, algorithm 1.
    """
    weight = weight.clone()
    weight[:, gram.diagonal() == 0] = 0
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(damped(gram, damping)))
    upper = torch.linalg.cholesky(inverse, upper=True)
    for start in range(0, weight.shape[1], width):
        end = min(start + width, weight.shape[1])
        errors = _operate_on(weight[:, start:end], upper[start:end, start:end], choose)
        weight[:, end:] -= errors @ upper[start:end, end:]
    return weight


def _operate_on(part: Tensor, upper: Tensor, choose: Choose) -> Tensor:
    """Remove weights of some columns in place; return what later columns are to make up for, (rows, columns)."""
    gone = choose((part / upper.diagonal()) ** 2)
    errors = torch.zeros_like(part)
    for column in range(part.shape[1]):
        errors[:, column] = torch.where(gone[:, column], part[:, column], 0) / upper[column, column]
        part[:, column:] -= errors[:, column, None] * upper[column, column:]
        part[gone[:, column], column] = 0
    return errors


def operated_reference(weight: Tensor, hessian: Tensor, gone: Tensor) -> Tensor:
    """Return the weights of `operated` for a mask, with the inverse of what is left taken anew at every column.

    Source: Hassibi & Stork 1992, Optimal Brain Surgeon, equation 5.
    """
    weight = weight.clone()
    for column in range(weight.shape[1]):
        inverse = torch.linalg.inv(hessian[column:, column:])
        removed = torch.where(gone[:, column], weight[:, column], 0)
        weight[:, column:] -= removed[:, None] * inverse[0] / inverse[0, 0]
        weight[gone[:, column], column] = 0
    return weight


def output_error(weight: Tensor, changed: Tensor, gram: Tensor) -> float:
    """Return ‖(W − W')X‖ / ‖WX‖ in the Frobenius norm; 0 where all outputs are zero."""
    difference = weight - changed
    whole = float(torch.sum((weight @ gram) * weight))
    return (float(torch.sum((difference @ gram) * difference)) / whole) ** 0.5 if whole > 0 else 0.0
