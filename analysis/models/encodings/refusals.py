"""Numbers that are not the weights, and cannot be made into them here: packed codes, unknown code, empty tensors."""

import re
from collections.abc import Iterator, Mapping

import torch

from ...errors import UserError
from ..architecture import TensorSpec

_NAMES = re.compile(r"\.(qweight|qzeros|weight_packed|SCB|absmax|quant_map|quant_state(\..+)?|_packed_params.*)$")
_CODES = {torch.int8, torch.uint8, torch.int16, torch.int32}
_INDICES = {"W_q", "Qidxs", "codes"}
_SCALES = re.compile(r"_?scales?|_shift|zeros?|zero_points?|(weight|w|q)_?(scales?|zeros?|zero_point)(_\w+)?|scale_\w+")
_MADE = re.compile(r"(^|\.)parametrizations\.|(weight|bias)[^.]*_orig$")
_SOURCE = "Open the checkpoint that it was made from."


def check_plain(name: str, specs: Mapping[str, TensorSpec], *, with_code: bool = False) -> None:
    """Demand that the tensors of a file, called ``name``, are numbers that a network computes with.

    A person's own code, where it is given, may make weights of others.

    Raises
    ------
    UserError
        If some are packed, made by code that is not in the file, or empty; names the first.
    """
    if packed := next(_packed(specs), None):
        raise UserError(f"'{name}' holds '{packed}', which is quantised: codes, not the weights.", _SOURCE)
    made = None if with_code else next((stored for stored in specs if _MADE.search(stored)), None)
    if made:
        raise UserError(
            f"'{name}' holds '{made}', from which code that is not in the file makes the weight.",
            'Name that code (network = "file.py:function"), or remove the parametrisation where it is and save again.',
        )
    empty = [stored for stored, spec in specs.items() if spec.shape == (0,) and stored.endswith("weight")]
    if empty:
        raise UserError(
            f"'{name}' holds no numbers for {_some(empty)}: the tensors are empty, as ZeRO-3 leaves them.",
            "Gather the weights first, as DeepSpeed's zero_to_fp32.py does, and open the result.",
        )


def _packed(specs: Mapping[str, TensorSpec]) -> Iterator[str]:
    """Give the tensors that are codes by their names, or by scales beside tensors of whole or 8-bit numbers."""
    beside: dict[str, list[str]] = {}
    for stored in specs:
        place, _, leaf = stored.rpartition(".")
        beside.setdefault(place, []).append(leaf)
    for stored, spec in specs.items():
        place, _, leaf = stored.rpartition(".")
        if _NAMES.search(stored) or _are_codes(leaf, spec, beside[place]):
            yield stored


def _are_codes(leaf: str, spec: TensorSpec, beside: list[str]) -> bool:
    """Tell codes from a layer's other tensors; HQQ may keep them in the bits of floating-point numbers."""
    if leaf in _INDICES and (spec.dtype in _CODES or {"scale", "zero"} <= set(beside)):
        return True
    return _may_be_codes(spec) and any(other != leaf and _is_scale(other, leaf) for other in beside)


def _may_be_codes(spec: TensorSpec) -> bool:
    small = spec.dtype.is_floating_point and spec.dtype.itemsize == 1
    return len(spec.shape) > 1 and (small or spec.dtype in _CODES)


def _is_scale(leaf: str, codes: str) -> bool:
    """Tell whether a tensor beside one of codes scales it; ``experts_blocks`` goes with ``experts_scales``."""
    stem = codes.removesuffix("_blocks")
    return _SCALES.fullmatch(leaf) is not None or leaf.startswith((f"{stem}_scale", f"{stem}_zero"))


def _some(names: list[str]) -> str:
    return f"'{names[0]}'" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
