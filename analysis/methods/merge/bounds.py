"""What a merged tensor must not be: beyond the range of its number type, or a variance below zero."""

from collections.abc import Iterable

import torch
from torch import Tensor

from ...errors import UserError
from ...models.arithmetic import computable

_VARIANCES = ("running_var", "moving_variance")


def check_sum(name: str, total: Tensor, dtype: torch.dtype, parts: Iterable[Tensor]) -> None:
    """Check that a weighted sum can be written, and used, wherever the models' own numbers can.

    Parameters
    ----------
    name : str
        Of the tensor.
    total : Tensor
        The sum, in the dtype that it was formed in.
    dtype : torch.dtype
        What it is to be written in.
    parts : iterable of Tensor
        The models' tensors, of the sum's shape; read only where something is amiss.

    Raises
    ------
    UserError
        If a number would be beyond the dtype, or a variance negative.
    """
    beyond = _is_beyond(total, dtype)
    negative = total < 0 if name.endswith(_VARIANCES) and not total.is_complex() else torch.zeros_like(beyond)
    if not (beyond | negative).any():
        return
    for part in map(computable, parts):
        beyond &= part.isfinite().to(total.device)
        negative &= (part.real >= 0).to(total.device)
    if beyond.any():
        raise _too_large(name, total[beyond], dtype)
    if negative.any():
        raise _negative(name, total[negative])


def _is_beyond(total: Tensor, dtype: torch.dtype) -> Tensor:
    if dtype.itemsize > 1:
        return ~total.to(dtype).isfinite()
    kind = torch.finfo(dtype)
    return ~(total.abs() < kind.max * (1 + kind.eps / 4))  # such a type is clipped where it ends


def _too_large(name: str, numbers: Tensor, dtype: torch.dtype) -> UserError:
    kind = str(dtype).removeprefix("torch.")
    return UserError(
        f"{name} would reach {float(numbers.abs().max()):.6g}, and {kind} ends at {torch.finfo(dtype).max:.6g}.",
        "Choose weights that add up to 1, or name a model in float32 first, whose type the merge takes.",
    )


def _negative(name: str, numbers: Tensor) -> UserError:
    return UserError(
        f"{name} would be a variance below zero ({float(numbers.min()):.4g}), of which a network makes NaN.",
        "Choose weights of 0 and above, or nearer to the model's whose variance is large.",
    )
