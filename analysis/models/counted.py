"""Which tensors of a checkpoint are weights that pruning counts, and which are trained at all.

A network that can be built tells by its layers. Of others, names and shapes tell, as PyTorch's layers have them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from torch import nn

from .architecture import TensorSpec
from .arithmetic import is_number
from .orientation import Shapes, recurrent, turned
from .parts.attention import is_transposed
from .weight import Weight

_MATRIX = re.compile(r"(\w+_)?weights?\d*|weight_(ih|hh|hr)\w*|\w*proj(ection)?|kernel")
_NOT_COUNTED = re.compile(r"[^.]*emb[^.]*|[^.]*norm[^.]*|shared|wte|wpe|ln_[^.]*|bn[^.]*|relative_attention_bias")
_NOT_TRAINED = re.compile(
    r"running_mean|running_var|n_averaged|masked_bias|(\w+_)?mask|(original_)?inv_freq|freqs(_\w+)?"
    r"|position_ids|token_type_ids|relative_position_index|relative_coords_table|min_val|max_val|total_ops|total_params"
    r"|[kqv]_scale|prob_scale|scaled_fp8"
)
_LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Bilinear)
_TURNED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)
_OTHERS = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)


def weights_of(network: nn.Module) -> Iterator[Weight]:
    """Yield the weights of a network's layers; parameters that belong to no known layer are told by their names."""
    for place, layer in network.named_modules():
        shapes = {name: tuple(parameter.shape) for name, parameter in layer.named_parameters(recurse=False)}
        for leaf in shapes:
            weight = _of_layer(layer, leaf, shapes) if len(shapes[leaf]) > 1 else None
            if weight:
                yield replace(weight, name=f"{place}.{leaf}" if place else leaf)


def weights_by_name(specs: Mapping[str, TensorSpec]) -> Iterator[Weight]:
    """Yield the weights among the tensors of a network that nobody here can build."""
    shapes = {name: spec.shape for name, spec in specs.items() if is_number(spec.dtype)}
    for name, shape in shapes.items():
        if len(shape) > 1 and _is_matrix(name):
            yield _by_name(name, shapes)


def looks_trained(name: str, spec: TensorSpec) -> bool:
    """Tell parameters from running statistics, masks, tables of positions and counters, by name and shape."""
    leaf = name.rpartition(".")[2]
    return is_number(spec.dtype) and not _NOT_TRAINED.fullmatch(leaf) and not (leaf == "bias" and _is_causal(spec))


def _is_causal(spec: TensorSpec) -> bool:
    """Tell the mask that GPT-2, GPT-J and GPT-NeoX call the bias of their attention: (1, 1, length, length)."""
    match spec.shape:
        case (1, 1, rows, columns):
            return rows == columns > 1
        case _:
            return False


def _of_layer(layer: nn.Module, leaf: str, shapes: Shapes) -> Weight | None:
    """Return the weight that a layer calls ``leaf``; None if pruning does not count it."""
    groups = getattr(layer, "groups", 1)
    if isinstance(layer, _OTHERS):
        return None
    if isinstance(layer, _LINEAR):
        return Weight(leaf, shapes[leaf], 0, groups) if leaf == "weight" else None
    if isinstance(layer, _TURNED) or is_transposed(layer):
        return Weight(leaf, shapes[leaf], 1, groups) if leaf == "weight" else None
    if isinstance(layer, _RECURRENT):
        return recurrent(leaf, shapes)
    return _by_name(leaf, shapes, usual=None) if _is_matrix(leaf) else None


def _is_matrix(name: str) -> bool:
    place, _, leaf = name.lower().rpartition(".")
    layer = place.rpartition(".")[2]
    named = _MATRIX.fullmatch(leaf) and "emb" not in leaf
    return bool(named) and not _NOT_COUNTED.fullmatch(layer) and not _NOT_TRAINED.fullmatch(leaf)


def _by_name(name: str, shapes: Shapes, usual: int | None = 0) -> Weight:
    leaf = name.rpartition(".")[2]
    return recurrent(name, shapes) if re.match("weight_(ih|hh|hr)", leaf) else turned(name, shapes, usual)
