"""Codes of few bits in even steps, as this program packs them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import prod
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, ValidationError
from torch import Tensor

from ....kernels.codes import packed_size, unpack
from ...errors import UserError
from ...frozen import Frozen
from ..architecture import TensorSpec
from .encoding import Encoding

KEY = "stored"
_DTYPES = {
    str(dtype).removeprefix("torch."): dtype for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.float64)
}
_AGAIN = "Make it again, or open the file that it was made from."


class Uniform(Frozen):
    """How a tensor lies in a file as codes: number = step · (code − zero).

    Attributes
    ----------
    bits : int
        Of a code.
    shape : tuple of int
        The tensor's.
    dtype : str
        The tensor's, as torch calls it: what it had before.
    axis : int or None
        The axis whose entries are rows: that of the outputs. None where all numbers are one row.
    group : int
        How many neighbours in a row share a step; the last of a row may be fewer.
    symmetric : bool
        Whether zero is the middle code everywhere; otherwise ``zero`` says which, for each step.
    """

    kind: Literal["uniform"] = "uniform"
    bits: Annotated[int, Field(ge=2, le=8)]
    shape: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, max_length=10)]
    dtype: str
    axis: Annotated[int, Field(ge=0)] | None
    group: Annotated[int, Field(ge=1)]
    symmetric: bool

    @property
    def rows(self) -> int:
        """How many rows the numbers are laid in."""
        return 1 if self.axis is None else self.shape[self.axis]

    @property
    def columns(self) -> int:
        """How many numbers a row has."""
        return prod(self.shape) // self.rows

    @property
    def steps(self) -> tuple[int, int]:
        """The shape of the steps: rows, groups in each."""
        return self.rows, -(-self.columns // self.group)

    @property
    def middle(self) -> int:
        """The code of zero where it is symmetric; one code, the lowest, is not used then."""
        return 1 << (self.bits - 1)

    def parts(self, name: str) -> dict[str, TensorSpec]:
        """Return the tensors that hold it in a file."""
        codes = TensorSpec((packed_size(prod(self.shape), self.bits),), torch.uint8)
        zeros = {} if self.symmetric else {f"{name}.zero": TensorSpec(self.steps, torch.uint8)}
        return {f"{name}.codes": codes, f"{name}.step": TensorSpec(self.steps, torch.float32), **zeros}

    def in_rows(self, tensor: Tensor) -> Tensor:
        """Return the tensor as (rows, columns)."""
        return tensor.movedim(self.axis or 0, 0).reshape(self.rows, self.columns)

    def restored(self, rows: Tensor) -> Tensor:
        """Return the tensor of `in_rows`."""
        axis, sides = self.axis or 0, list(self.shape)
        first = sides.pop(axis)
        return rows.reshape(first, *sides).movedim(0, axis).contiguous()

    def spread(self, values: Tensor) -> Tensor:
        """Return what each group has, (rows, groups), for each number of it, (rows, columns)."""
        return values.repeat_interleave(self.group, 1)[:, : self.columns]


def uniform(
    specs: Mapping[str, TensorSpec], settings: Mapping[str, Any], stored: Mapping[str, Any]
) -> Iterator[tuple[str, Encoding]]:
    """Yield the tensors that a file of this program says are codes.

    Raises
    ------
    UserError
        If what it says is nothing that this version knows, or contradicts its tensors.
    """
    for name, said in stored.items():
        form = _read(name, said)
        parts = form.parts(name)
        if any(part in specs for part in parts):
            if {part: specs.get(part) for part in parts} != parts:
                raise UserError(f"The codes of '{name}' are not those that the file says it has.", _AGAIN)
            bits = f"{form.bits}-bit codes in groups of {form.group}, dequantised to {form.dtype}"
            spec = TensorSpec(form.shape, _DTYPES[form.dtype])
            yield name, Encoding("quantised", bits, tuple(parts), spec, partial(decode, form=form))


def decode(parts: Sequence[Tensor], form: Uniform) -> Tensor:
    """Return the numbers of codes, steps and, where it is not symmetric, zeros."""
    codes = torch.from_numpy(unpack(parts[0].numpy(), form.bits, prod(form.shape))).reshape(form.rows, form.columns)
    zero = form.middle if form.symmetric else form.spread(parts[2].float())
    return form.restored((codes.float() - zero) * form.spread(parts[1])).to(_DTYPES[form.dtype])


def _read(name: str, said: Any) -> Uniform:
    try:
        form = Uniform.model_validate(said)
    except ValidationError as error:
        raise UserError(f"How the codes of '{name}' lie in the file cannot be read.", _AGAIN) from error
    if (form.axis or 0) >= len(form.shape) or form.dtype not in _DTYPES:
        raise UserError(f"How the codes of '{name}' lie in the file contradicts itself.", _AGAIN)
    return form
