"""How an edited network is built."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ...errors import UserError
from ...wording import counted
from ..architecture import Architecture, TensorSpec
from ..builder import Builder, sources
from .edits import Edit, Path
from .limits import bounded
from .plain import Plain, plain
from .structure import OWN, Structure, apply

_COUNTERS = ".num_batches_tracked"


def structured_builder(structure: Structure, specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Builder:
    """Return how the network of a structure is built, whose tensors are exactly these; no memory is taken for them.

    Raises
    ------
    UserError
        If an edit does not fit, or the tensors are others.
    """
    with bounded(len(specs)):
        networks = {name: plain(base, metadata) for name, base in structure.parts.items()}
        if OWN not in networks:
            raise UserError("The file's structure has no network that was edited.", "Make the file again.")
        made = _Edited(structure, networks)
        module = made.skeleton()
        _check_exact(module, specs)
        return Builder(made.describe(module), made.build, made.skeleton)


class _Edited:
    """A network and its edits."""

    def __init__(self, structure: Structure, networks: Mapping[str, Plain]) -> None:
        self._structure = structure
        self._networks = networks

    def build(self) -> nn.Module:
        with torch.random.fork_rng(devices=()):  # new layers are drawn, and then filled
            return self._assembled(lambda network: network.build())

    def skeleton(self) -> nn.Module:
        with torch.device("meta"):
            return self._assembled(lambda network: network.skeleton())

    def describe(self, module: nn.Module) -> Architecture:
        """Return what is known: what the family says of the row of blocks as it is, and how it was edited."""
        own = self._networks[OWN]
        paths = [edit for edit in self._structure.edits if isinstance(edit, Path)]
        found = own.describe(apply(paths, own.skeleton())) or own.describe(own.skeleton())
        if found is None:
            raise UserError(f"The structure's network is no {self._structure.base.family}.", "Make the file again.")
        there = dict(module.named_modules())
        return replace(
            found,
            title=", ".join([found.title, *_told(self._structure.edits)]),
            head=found.head if found.head in there else None,
            stages=tuple(stage for stage in found.stages if stage in there),
            spare=frozenset(),
            untold="",
            unheeded={},
            structure=self._structure,
        )

    def _assembled(self, make: Callable[[Plain], nn.Module]) -> nn.Module:
        others = {name: make(network) for name, network in self._networks.items() if name != OWN}
        try:
            return apply(self._structure.edits, make(self._networks[OWN]), others)
        except UserError:
            raise
        except Exception as error:  # edits that a file makes up may fail in any way
            raise UserError("The file's structure has an edit that cannot be made.", "Make the file again.") from error


def _told(edits: tuple[Edit, ...]) -> list[str]:
    """Return in words what was done, by kind."""
    return [f"{counted(count, what)} {done}" for (what, done), count in Counter(edit.words for edit in edits).items()]


def _check_exact(module: nn.Module, specs: Mapping[str, TensorSpec]) -> None:
    held = sources(module, specs)
    wanted = {held[name]: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    given = {name: spec.shape for name, spec in specs.items()}
    wrong = [name for name, shape in given.items() if wanted.get(name, shape) != shape or name not in wanted]
    wrong += [name for name in wanted if name not in given and not name.endswith(_COUNTERS)]
    if wrong:
        raise UserError(
            f"The file's structure does not fit its tensors: '{wrong[0]}' is another, or missing.",
            "It was changed after it was written: make it again, or open the file that it was made from.",
        )
