"""What methods share that change a network's structure: the parent's tensors under their new names, and new ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from ..models import Checkpoint, TensorSpec
from ..models.structure import OWN, Edit, Origin, Structure, origins
from ..models.ties import tie
from . import Derivative

Made = Callable[[str, TensorSpec], Tensor]
"""Gives a new tensor by its name, of the shape and dtype of a spec."""


def edited(
    parent: Checkpoint,
    edits: Sequence[Edit],
    facts: dict[str, Any],
    made: Made | None = None,
    dtypes: Mapping[str, torch.dtype] | None = None,
    parts: Mapping[str, Checkpoint] | None = None,
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
    parts : mapping of str to Checkpoint or None
        Other networks that edits take from, by the names that these call them.

    Raises
    ------
    UserError
        If an edit does not fit, or nobody here builds a network.
    """
    if not edits:
        return Derivative(parent.specs, parent.tensor, facts)
    held = _Held({**(parts or {}), OWN: parent}, tuple(edits), dtypes or {})
    structure = held.structure

    def tensor(name: str) -> Tensor:
        origin = held.origins[name]
        if origin is not None:
            return held.networks[origin.part].tensor(origin.name)
        assert made is not None, f"'{name}' is new, and nothing makes it"
        return made(name, held.specs[name])

    return Derivative(held.specs, tensor, facts, structure=structure, ties=held.ties)


@dataclass(frozen=True)
class _Held:
    """The tensors of an edited network: which there are, and what they were."""

    networks: Mapping[str, Checkpoint]
    edits: tuple[Edit, ...]
    dtypes: Mapping[str, torch.dtype]

    @property
    def structure(self) -> Structure:
        """The parent's, with the further parts and edits."""
        own = self.networks[OWN].structure()
        others = {part: network.structure() for part, network in self.networks.items() if part != OWN}
        if any(other.edits for other in others.values()) or own.parts.keys() & others.keys():
            raise UserError(
                "Nothing is taken from a network that is edited itself.", "Take from the one it was made of."
            )
        parts = own.parts | {part: other.base for part, other in others.items()}
        return own.replaced(parts=parts).then(*self.edits)

    @cached_property
    def _before(self) -> tuple[dict[str, Origin | None], dict[str, Tensor]]:
        """What each tensor was, and all of them in a skeleton."""
        whole = {part: tie(network.skeleton(), network.ties) for part, network in self.networks.items()}
        network = whole.pop(OWN)
        found = origins(network, self.edits, whole)
        return found, network.state_dict(keep_vars=True)

    @cached_property
    def origins(self) -> dict[str, Origin | None]:
        """What each tensor was, but for counters of batches that a file leaves out; None of new ones."""
        return {name: origin for name, origin in self._before[0].items() if origin is None or self._has(origin)}

    def _has(self, origin: Origin) -> bool:
        network = self.networks[origin.part]
        return origin.name in network.specs or origin.name in network.ties

    @cached_property
    def ties(self) -> dict[str, str]:
        """The further names of tensors that the network, or a file, has as one."""
        first: dict[object, str] = {}
        kept = {name: first.setdefault(self._key(name), name) for name in self.origins}
        return {name: held for name, held in kept.items() if held != name}

    def _key(self, name: str) -> object:
        origin = self.origins[name]
        if origin is None:
            return id(self._before[1][name])
        return origin._replace(name=self.networks[origin.part].ties.get(origin.name, origin.name))

    @cached_property
    def specs(self) -> dict[str, TensorSpec]:
        """Shape and dtype of each tensor."""
        return {name: self._spec(name) for name in self.origins if name not in self.ties}

    def _spec(self, name: str) -> TensorSpec:
        origin = self.origins[name]
        if origin is None:
            return TensorSpec(tuple(self._before[1][name].shape), self.dtypes.get(name, torch.float32))
        network = self.networks[origin.part]
        return network.specs[network.ties.get(origin.name, origin.name)]
