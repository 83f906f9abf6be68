"""Residual branches: attention and perceptron of a block, as they are called and as an example shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .trace import Call, Trace

_LAYOUTS = {
    "attention": (
        ("attn",),
        ("self_attn",),
        ("self_attention",),
        ("attention.self", "attention.output.dense"),
        ("attention.attention", "attention.output.dense"),
        ("attention",),
    ),
    "mlp": (("mlp",), ("feed_forward",), ("ffn",), ("intermediate", "output.dense")),
}
_SCALED = {"attention": ("ls1", "layer_scale1"), "mlp": ("ls2", "layer_scale2")}


@dataclass(frozen=True)
class Branch:
    """A residual branch: what it gives is added to what passes by.

    Attributes
    ----------
    modules : tuple of str
        Its modules in order, with a norm before them that nothing else needs.
    source : str
        The module that takes what passes by: the norm before the branch, or its first module.
    adds : str
        The module that gives what is added.
    gives : int
        How many things the last of its modules returns, as of `Omit`.
    """

    modules: tuple[str, ...]
    source: str
    adds: str
    gives: int = 1


def branches_in(block: str, call: Call, inside: Trace) -> dict[str, Branch]:
    """Return the branches of a block, ``attention`` and ``mlp``: those whose sum with what passes by does appear.

    Parameters
    ----------
    block : str
        Its dotted name.
    call : Call
        What the block took and gave.
    inside : mapping of str to Call
        The same of the modules in it.
    """
    laid = {kind: _laid(block, kind, inside) for kind in _LAYOUTS}
    sums = [found.takes for found in inside.values()] + [call.gives]
    found: dict[str, Branch] = {}
    for kind, modules in laid.items():
        if modules:
            others = [inside[_adds(block, k, m, inside)].gives for k, m in laid.items() if m and k != kind]
            branch = _branch(modules, _adds(block, kind, modules, inside), inside, others, sums)
            found |= {kind: branch} if branch else {}
    return found


def _laid(block: str, kind: str, inside: Trace) -> tuple[str, ...]:
    """Return the modules of a branch as one of the layouts has them; none where the block has no such."""
    layouts = (tuple(f"{block}.{name}" for name in layout) for layout in _LAYOUTS[kind])
    return next((modules for modules in layouts if all(_passes(inside.get(m)) for m in modules)), ())


def _passes(call: Call | None) -> bool:
    return call is not None and call.takes is not None and call.gives is not None


def _adds(block: str, kind: str, modules: Sequence[str], inside: Trace) -> str:
    scales = (f"{block}.{name}" for name in _SCALED[kind])
    return next((name for name in scales if name in inside), modules[-1])


def _branch(
    modules: tuple[str, ...],
    adds: str,
    inside: Trace,
    others: Sequence[Tensor | None],
    sums: Sequence[Tensor | None],
) -> Branch | None:
    """Return the branch from the place where it leaves what passes by; None where that is not found."""
    added = inside[adds].gives
    first = inside[modules[0]].takes
    for source in (*_makers(first, modules, inside), modules[0]):
        passing = inside[source].takes
        if passing is None or added is None or passing.shape != added.shape:
            continue
        wanted = [passing + added, *(passing + added + o for o in others if o is not None and o.shape == added.shape)]
        if any(_equal(one, other) for one in wanted for other in sums):
            before = (source,) if source != modules[0] and _is_alone(source, modules[0], inside) else ()
            return Branch((*before, *modules), source, adds, inside[modules[-1]].count)
    return None


def _makers(taken: Tensor | None, modules: Sequence[str], inside: Trace) -> Iterator[str]:
    """Yield the modules whose output the branch takes: a norm."""
    yield from (name for name, call in inside.items() if call.gives is taken and name not in modules)


def _is_alone(norm: str, first: str, inside: Trace) -> bool:
    """Tell whether nothing but the branch takes what a norm gives."""
    takers = (name for name, call in inside.items() if call.takes is inside[norm].gives)
    return all(name == first or name.startswith(f"{first}.") for name in takers)


def _equal(one: Tensor, other: Tensor | None) -> bool:
    return other is not None and one.shape == other.shape and torch.allclose(one, other, rtol=1e-4, atol=1e-5)
