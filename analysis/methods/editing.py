"""What methods share that change a network's structure: the parent's tensors under their new names, and new ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..models import Checkpoint, TensorSpec
from ..models.structure import Edit, origins
from . import Derivative

Made = Callable[[str, TensorSpec], Tensor]
"""Gives a new tensor by its name, of the shape and dtype of a spec."""


def edited(
    parent: Checkpoint,
    edits: Sequence[Edit],
    facts: dict[str, Any],
    made: Made | None = None,
    dtypes: Mapping[str, torch.dtype] | None = None,
) -> Derivative:
    """Return a parent's network with edits, the result of a method.

    Parameters
    ----------
    parent : Checkpoint
        Of a recognised network.
    edits : sequence of Edit
        What is changed; a network without changes is the parent's.
    facts : dict
        As of `Derivative`.
    made : callable or None
        Gives the tensors that the parent does not have.
    dtypes : mapping of str to torch.dtype or None
        Those of such tensors, by name; float32 of others.

    Raises
    ------
    UserError
        If an edit does not fit, or nobody here builds the network.
    """
    if not edits:
        return Derivative(parent.specs, parent.tensor, facts)
    structure = parent.structure().then(*edits)
    network = parent.skeleton()
    before = origins(network, edits)
    names = {new: old for new, old in before.items() if old is None or _kept(parent, old)}
    ties = _ties(network, names, parent)
    specs = {
        name: _spec(network.state_dict()[name], old, parent, (dtypes or {}).get(name, torch.float32))
        for name, old in names.items()
        if name not in ties
    }

    def tensor(name: str) -> Tensor:
        old = names[name]
        if old is not None:
            return parent.tensor(old)
        assert made is not None, f"'{name}' is new, and nothing makes it"
        return made(name, specs[name])

    return Derivative(specs, tensor, facts, structure=structure, ties=ties)


def _kept(parent: Checkpoint, name: str) -> bool:
    """Tell whether a file has a tensor of its network; counters of batches may be missing."""
    return name in parent.specs or name in parent.ties


def _spec(tensor: Tensor, old: str | None, parent: Checkpoint, dtype: torch.dtype) -> TensorSpec:
    if old is None:
        return TensorSpec(tuple(tensor.shape), dtype)
    return parent.specs[parent.ties.get(old, old)]


def _ties(network: nn.Module, names: Mapping[str, str | None], parent: Checkpoint) -> dict[str, str]:
    """Return the further names of tensors that the network, or the parent's file, has as one."""
    first: dict[object, str] = {}
    ties: dict[str, str] = {}
    state = network.state_dict(keep_vars=True)
    for name, old in names.items():
        key = parent.ties.get(old, old) if old is not None else id(state[name])
        held = first.setdefault(key, name)
        ties |= {name: held} if held != name else {}
    return ties
