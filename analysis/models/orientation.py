"""Which axis of a weight has the outputs, told by the tensors beside it.

PyTorch's layers keep (outputs, inputs, kernel …). GPT-2's and transposed convolutions keep (inputs, outputs, …), which
a bias, or a norm that follows in the same sequence, gives away: they have one number for each output.
"""

import re
from collections.abc import Iterator, Mapping

from .weight import Weight

Shapes = Mapping[str, tuple[int, ...]]
_NEXT = re.compile(r"(.*?)(\d+)")
_GROWS = re.compile(r"deconv|transpos|(^|[._])up", re.IGNORECASE)


def recurrent(name: str, shapes: Shapes) -> Weight:
    """Return a weight of a recurrent layer: ``weight_ih``, ``weight_hh`` and ``weight_hr`` with the layer's number."""
    place, dot, leaf = name.rpartition(".")
    kind, ending = leaf[: len("weight_hr")], leaf[len("weight_hr") :]
    states = (shapes.get(f"{place}{dot}{state}{ending}") for state in ("weight_hr", "weight_hh"))
    inner = next((shape for shape in states if shape), ())
    if kind == "weight_hr":
        return Weight(name, shapes[name])
    known = len(inner) == 2 and inner[1] > 0 and shapes[name][0] % inner[1] == 0
    return Weight(name, shapes[name], gates=shapes[name][0] // inner[1]) if known else Weight(name, shapes[name], None)


def turned(name: str, shapes: Shapes, usual: int | None = 0) -> Weight:
    """Return a weight of a layer that only its name and the shapes beside it tell of.

    Where these tell nothing, its outputs are on the axis that is ``usual``, if it is called as PyTorch's layers call
    theirs.
    """
    shape, leaf = shapes[name], name.rpartition(".")[2]
    if leaf in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):  # torch.nn.MultiheadAttention
        return Weight(name, shape)
    length = _outputs(name, shapes)
    if length is not None and length not in shape[:2] and len(shape) > 2 and length % shape[1] == 0:
        groups = length // shape[1]
        return Weight(name, shape, 1, groups) if shape[0] % groups == 0 else Weight(name, shape, None)
    return Weight(name, shape, _axis(name, length, shapes, usual if leaf == "weight" else None))


def _axis(name: str, length: int | None, shapes: Shapes, usual: int | None) -> int | None:
    """Return the axis of the outputs; the usual one where nothing speaks against it."""
    first, second = shapes[name][:2]
    if length is not None and first != second and length in (first, second):
        return int(length == second)
    if length is not None and length not in (first, second):
        return None
    if len(shapes[name]) > 2:
        return None if _GROWS.search(name.rpartition(".")[0]) else usual
    return 1 if length is not None and _is_turned_beside(name, shapes) else usual


def _outputs(name: str, shapes: Shapes) -> int | None:
    """Return how many outputs a layer has: as many as its bias, or as the norm that follows it in a sequence."""
    place, dot, leaf = name.rpartition(".")
    own, norm = shapes.get(f"{place}{dot}{leaf.replace('weight', 'bias')}"), _norm_after(place, shapes)
    return next((shape[0] for shape in (own, norm) if shape is not None and len(shape) == 1), None)


def _norm_after(place: str, shapes: Shapes) -> tuple[int, ...] | None:
    """Return the shape of the norm that comes next in a sequence: one weight and one bias for each output."""
    match = _NEXT.fullmatch(place)
    follower = f"{match[1]}{int(match[2]) + 1}" if match else ""
    weight, bias = shapes.get(f"{follower}.weight"), shapes.get(f"{follower}.bias")
    return weight if weight == bias else None


def _is_turned_beside(name: str, shapes: Shapes) -> bool:
    """Tell whether every matrix of the same block that is not square, and has a bias, has its outputs second."""
    found = list(_beside(_block(name), shapes))
    return bool(found) and all(found)


def _beside(block: str, shapes: Shapes) -> Iterator[bool]:
    for other, shape in shapes.items():
        bias = shapes.get(f"{other.removesuffix('weight')}bias") if other.endswith(".weight") else None
        if bias and len(shape) == 2 and shape[0] != shape[1] and _block(other) == block:
            yield bias == (shape[1],)


def _block(name: str) -> str:
    match = re.match(r"(.*?\d+)\.", name)
    return match[1] if match else ""
