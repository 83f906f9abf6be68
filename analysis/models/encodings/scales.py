"""Codes of one byte beside the scales that make numbers of them, in the forms whose arithmetic is published.

FP8 and int8 with ``weight_scale`` (compressed-tensors, modelopt, fbgemm), FP8 with ``weight_scale_inv`` of blocks
(DeepSeek, transformers' fine-grained FP8), FP8 with ``scale_weight`` (ComfyUI), int8 with ``SCB`` (bitsandbytes), and
``_data`` with ``_scale`` (optimum-quanto). All multiply the code, less its zero point, by its scale.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import ceil
from typing import Any

import torch
from torch import Tensor

from ..architecture import TensorSpec
from .encoding import Encoding

CODES = {torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2, torch.float8_e5m2fnuz, torch.int8}
_BLOCK = 128  # rows and columns that share a scale, where the settings are silent
_FULL = 127  # the code of a row's largest weight in bitsandbytes
_UNUSED = ("input_scale", "output_scale", "activation_scale", "scale_input", "weight_format")
_FURTHER = ("_scale_2", "_g_idx", "_shape")  # second scales, another order, codes that are packed
Sides = tuple[int, ...]


def scaled(specs: Mapping[str, TensorSpec], settings: Mapping[str, Any]) -> Iterator[tuple[str, Encoding]]:
    """Yield the numbers of every tensor of codes whose scales lie beside it, in float32."""
    for stored, spec in specs.items():
        scale = _scale(stored, specs) if spec.dtype in CODES and not _is_more(stored, specs) else None
        encoding = _encoding(stored, scale, specs, settings) if scale else None
        if encoding:
            yield stored.removesuffix("._data"), encoding


def _encoding(stored: str, scale: str, specs: Mapping[str, TensorSpec], settings: Mapping[str, Any]) -> Encoding | None:
    """Return the form of codes whose scales, and zero points where there are any, tell how they are spread."""
    codes, scales = specs[stored].shape, specs[scale].shape
    blocks = _blocks(codes, scales, _steps(scale, codes, scales, settings))
    shift = [name for name in (f"{stored}_zero_point",) if name in specs]
    if blocks is None or any(specs[name].shape != scales for name in shift):
        return None
    kind, by = str(specs[stored].dtype).removeprefix("torch."), scale.rpartition(".")[2]
    return Encoding(
        "quantised",
        f"{kind} with {by}, dequantised to float32",
        (stored, scale, *shift),
        TensorSpec(codes, torch.float32),
        partial(_numbers, blocks=blocks, unit=1 / _FULL if by == "SCB" else 1.0),
        tuple(other for leaf in _UNUSED if (other := _beside(stored.removesuffix("._data"), leaf)) in specs),
    )


def _beside(name: str, leaf: str) -> str:
    place, dot, _ = name.rpartition(".")
    return f"{place}{dot}{leaf}"


def _scale(stored: str, specs: Mapping[str, TensorSpec]) -> str | None:
    leaf = stored.rpartition(".")[2]
    names = [f"{stored}_scale_inv", f"{stored}_scale", _beside(stored, f"scale_{leaf}")]
    names += {"weight": [_beside(stored, "SCB")], "_data": [_beside(stored, "_scale")]}.get(leaf, [])
    found = (name for name in names if name in specs and specs[name].dtype not in CODES)
    return next((name for name in found if specs[name].dtype.is_floating_point), None)


def _is_more(stored: str, specs: Mapping[str, TensorSpec]) -> bool:
    """Tell whether more than a scale and a zero point goes into the numbers."""
    further = [f"{stored}{ending}" for ending in _FURTHER] + [_beside(stored, "_shift")]
    return any(name in specs for name in further)


def _blocks(codes: Sides, scales: Sides, steps: list[int]) -> Sides | None:
    """Return how many neighbours share a scale along each axis; None where the scales do not tell."""
    if all(side == 1 for side in scales):
        return codes
    if len(codes) == 2 and scales == codes[:1]:
        return (1, codes[1])
    if len(scales) != len(codes):
        return None
    along = [*[0] * (len(codes) - 2), *steps][-len(codes) :]
    found = [_block(*sides) for sides in zip(codes, scales, along, strict=True)]
    return tuple(found) if all(found) else None


def _steps(name: str, codes: Sides, scales: Sides, settings: Mapping[str, Any]) -> list[int]:
    """Return the rows and columns of the blocks that share a scale; 0 where a scale is of one row or of all."""
    in_blocks = name.endswith("_scale_inv") or (1 < len(scales) == len(codes) and scales[-2] not in (1, codes[-2]))
    return next(_told(settings), [_BLOCK, _BLOCK]) if in_blocks else [0, 0]


def _told(settings: Mapping[str, Any]) -> Iterator[list[int]]:
    """Give the rows and columns of a block as a packer's settings have them."""
    groups = settings.get("config_groups")
    among = [settings, *(groups.values() if isinstance(groups, Mapping) else ())]
    for part in (each for each in among if isinstance(each, Mapping)):
        weights = part.get("weights")
        inner = weights.get("block_structure") if isinstance(weights, Mapping) else None
        match inner or part.get("weight_block_size"):
            case [int(rows), int(columns)]:
                yield [rows, columns]


def _block(side: int, count: int, step: int) -> int:
    """Return how many of ``side`` neighbours share each of ``count`` scales; 0 where that is not known.

    Where no step is given, they are one, all, or a power of two.
    """
    if step > 0 and ceil(side / step) == count:
        return step
    share = side // count if count and side % count == 0 else 0
    return share if count == 1 or share & (share - 1) == 0 else 0


def _numbers(parts: Sequence[Tensor], blocks: Sides, unit: float) -> Tensor:
    codes, scale, *shift = (part.float() for part in parts)
    for zero in shift:
        codes = codes - _spread(zero, codes.shape, blocks)
    return codes * (_spread(scale, codes.shape, blocks) * unit)


def _spread(scale: Tensor, shape: Sequence[int], blocks: Sides) -> Tensor:
    """Return a scale for each code, by repeating those of the blocks."""
    if scale.numel() == 1:
        return scale.reshape(())
    spread = scale.reshape(*scale.shape, *[1] * (len(shape) - scale.ndim))
    for axis, (side, block) in enumerate(zip(shape, blocks, strict=True)):
        spread = spread.repeat_interleave(block, axis).narrow(axis, 0, side)
    return spread
