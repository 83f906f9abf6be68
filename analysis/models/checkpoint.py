"""Checkpoints: tensors by name, read from disk one at a time."""

from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError
from .architecture import Architecture, TensorSpec
from .builder import Builder, check_fit, sources
from .counted import looks_trained, weights_by_name, weights_of
from .recognising import RUNNABLE, UnrecognisedError, builder_of
from .tensor_file import TensorFile
from .ties import equal_heads, kept_names, tie
from .told import told
from .weight import Weight

_WRAPPERS = ("module.", "model.", "_orig_mod.", "net.", "network.", "ema.", "ema_model.", "model_ema.")
_AVERAGED = "n_averaged"


class Checkpoint:
    """An open checkpoint.

    Attributes
    ----------
    path : Path
        The file, index or folder.
    files : tuple of Path
        What it is read from, an index first.
    format : str
        ``safetensors``, ``torch zip``, ``torch legacy``, ``TorchScript``, ``exported program``, and of several files
        how many.
    specs : mapping of str to TensorSpec
        Every tensor by its canonical name (wrappers such as ``module.`` removed; a library's own names where a library
        builds the network), in the file's order; one under several names is here once.
    ties : mapping of str to str
        The further names of tensors, each with that in ``specs``.
    metadata : mapping of str to Any
        What else the file says: claimed accuracies, the operations that shaped it; ``config``, what a ``config.json``
        beside it says; JSON values.
    architecture : Architecture or None
        The recognised network.
    reason : str
        Why none was recognised, as the end of a sentence; empty where one was.
    """

    path: Path
    files: tuple[Path, ...]
    format: str
    specs: Mapping[str, TensorSpec]
    ties: Mapping[str, str]
    metadata: Mapping[str, Any]
    architecture: Architecture | None
    reason: str

    def __init__(
        self,
        path: Path,
        file: TensorFile,
        beside: Mapping[str, Any] | None = None,
        network: str | None = None,
    ) -> None:
        self.path = path
        self.files = file.files
        self.format = file.format
        self.metadata = {**(beside or {}), **file.metadata}
        self._file = file
        names = {canonical: name for name, canonical in _canonical(file.specs).items()}
        ties = _ties(names, kept_names({**equal_heads(file, self.metadata), **file.ties}))
        self._builder, self.reason = self._recognised(names, ties, network)
        self.architecture = self._builder.architecture if self._builder else None
        called = self._builder.names if self._builder else {}
        self._names = {called.get(canonical, canonical): name for canonical, name in names.items()}
        self.ties = {called.get(name, name): called.get(held, held) for name, held in ties.items()}
        self._named = {canonical: file.specs[name] for canonical, name in self._names.items()}
        self.specs = {canonical: spec for canonical, spec in self._named.items() if canonical not in self.ties}

    def _recognised(
        self, names: Mapping[str, str], ties: Mapping[str, str], network: str | None
    ) -> tuple[Builder | None, str]:
        specs = {canonical: self._file.specs[name] for canonical, name in names.items()}
        wrappers = next((name.removesuffix(canonical) for canonical, name in names.items()), "")
        try:
            return _builder(network, specs, ties, self.metadata, wrappers), ""
        except UnrecognisedError as error:
            return None, error.problem

    def tensor(self, name: str) -> Tensor:
        """Read one tensor, in memory of its own and in the file's dtype.

        Raises
        ------
        KeyError
            If no tensor has that canonical name.
        UserError
            If the file has become unreadable since it was opened.
        """
        return self._file.tensor(self._names[name])

    def weights(self) -> tuple[Weight, ...]:
        """Return the weights that pruning counts, in the file's order.

        These are the weights of linear, convolution and recurrent layers, and of attention. Where nobody here can build
        the network, they are the tensors of numbers with two axes or more that are called as such layers call theirs,
        and not as embeddings and norms do.
        """
        return self._weights

    @cached_property
    def _weights(self) -> tuple[Weight, ...]:
        found = weights_of(self.skeleton()) if self._builder else weights_by_name(self.specs)
        counted = {weight.name: weight for weight in found}
        return tuple(replace(counted[name], tied=self._further(name)) for name in self.specs if name in counted)

    def trained(self) -> tuple[str, ...]:
        """Return the names of the parameters, in the file's order: tensors without statistics, masks and counters."""
        return self._trained

    @cached_property
    def _trained(self) -> tuple[str, ...]:
        if self._builder is None:
            return tuple(name for name, spec in self.specs.items() if looks_trained(name, spec))
        network = self.skeleton()
        parameters = {name for name, _ in network.named_parameters(remove_duplicate=False)}
        buffers = {name for name, _ in network.named_buffers(remove_duplicate=False)}
        return tuple(name for name in self.specs if self._is_trained(name, parameters, buffers))

    def _is_trained(self, name: str, parameters: Set[str], buffers: Set[str]) -> bool:
        """Tell a parameter of the network, or of what a file holds beside it, such as another head."""
        names = {name, *self._further(name)}
        return bool(names & parameters) or (not names & buffers and looks_trained(name, self.specs[name]))

    def _further(self, name: str) -> tuple[str, ...]:
        return tuple(other for other, held in self.ties.items() if held == name)

    def network(self) -> nn.Module:
        """Return a fresh module with these weights, in float32 on the CPU and in evaluation mode.

        Counters of batches that a file leaves out are zero; they do not act in evaluation.

        Raises
        ------
        UserError
            If no family recognises the tensors.
        """
        module = self._known().build()
        check_fit(module, self._named)
        state = {name: self._state(source) for name, source in sources(module, self._named).items()}
        module.load_state_dict(state, strict=True)
        return tie(module.float().eval(), self.ties)

    def skeleton(self) -> nn.Module:
        """Return a module of the same names and shapes, on the meta device where that can be.

        Raises
        ------
        UserError
            If no family recognises the tensors.
        """
        return self._known().skeleton()

    def inherited(self) -> dict[str, Any]:
        """Return what a file made from this one must say, to be built as this one is."""
        made_by = self.architecture.config if self.architecture else {}
        said = {key: told(self.metadata, key) for key in ("heads", "head_dim", "config")}
        said |= {key: made_by[key] for key in ("network", "config") if key in made_by}
        return {key: value for key, value in said.items() if value is not None}

    def _known(self) -> Builder:
        if self._builder is None:
            raise UserError(f"'{self.path.name}' cannot be run: {self.reason}", RUNNABLE)
        return self._builder

    def _state(self, name: str) -> Tensor:
        return self.tensor(name) if name in self._named else torch.zeros((), dtype=torch.int64)


def _builder(
    network: str | None,
    specs: Mapping[str, TensorSpec],
    ties: Mapping[str, str],
    metadata: Mapping[str, Any],
    wrappers: str,
) -> Builder:
    """Return what builds a network that has each tensor once, or else under all of its names."""
    once = {name: spec for name, spec in specs.items() if name not in ties}
    if ties:
        with suppress(UserError):
            return builder_of(network, once, metadata, wrappers)
    return builder_of(network, specs, metadata, wrappers)


def _ties(names: Mapping[str, str], ties: Mapping[str, str]) -> dict[str, str]:
    """Return the ties of a file by canonical names."""
    canonical = {name: short for short, name in names.items()}
    return {canonical[a]: canonical[b] for a, b in ties.items() if a in canonical and b in canonical}


def _canonical(names: Iterable[str]) -> dict[str, str]:
    """Return each name without the wrappers that all of them share, and without the counter of torch's averages."""
    canonical = {name: name for name in names}
    if all(name.startswith("module.") or name == _AVERAGED for name in canonical):
        canonical.pop(_AVERAGED, None)
    while prefix := _shared(canonical.values()):
        canonical = {name: short.removeprefix(prefix) for name, short in canonical.items()}
    return canonical


def _shared(names: Iterable[str]) -> str | None:
    names = list(names)
    wraps = (p for p in _WRAPPERS if all(n.startswith(p) and n != p for n in names))
    return next(wraps, None) if names else None
