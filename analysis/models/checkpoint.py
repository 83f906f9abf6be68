"""Checkpoints: tensors by name, read from disk one at a time."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..errors import UserError
from .architecture import Architecture, TensorSpec
from .builder import Builder, check_fit, sources
from .parts.attention import Transposed
from .recognising import UnrecognisedError, builder_of
from .told import told

_WRAPPERS = ("module.", "model.", "_orig_mod.", "net.", "network.", "ema.", "ema_model.", "model_ema.")
_AVERAGED = "n_averaged"
_NOT_COUNTED = re.compile(r"(^|\.)([^.]*emb[^.]*|[^.]*norm[^.]*|shared|wte|wpe|ln_[^.]*|bn[^.]*)\.weight$")
_COUNTED = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
    Transposed,
)


class TensorFile(Protocol):
    """A file of tensors under the names that the file gives them.

    Attributes
    ----------
    format : str
        The format in a few words.
    specs : mapping of str to TensorSpec
        Every tensor, in the file's order.
    metadata : mapping of str to Any
        What else the file says; JSON values.
    files : tuple of Path
        What it is read from, an index first.
    """

    format: str
    files: tuple[Path, ...]
    specs: Mapping[str, TensorSpec]
    metadata: Mapping[str, Any]

    def tensor(self, name: str) -> Tensor:
        """Read one tensor into memory of its own."""
        ...


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
        builds the network), in the file's order.
    metadata : mapping of str to Any
        What else the file says: claimed accuracies, the operations that shaped it; ``config``, what a ``config.json``
        beside it says; JSON values.
    architecture : Architecture or None
        The recognised network.
    reason : str
        Why none was recognised, as the end of a sentence; empty where one was.
    likely : Architecture or None
        What the tensors are those of, where only settings are untold; it takes the same data.
    """

    path: Path
    files: tuple[Path, ...]
    format: str
    specs: Mapping[str, TensorSpec]
    metadata: Mapping[str, Any]
    architecture: Architecture | None
    reason: str
    likely: Architecture | None

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
        self.reason, self._next_step, self.likely = "", "", None
        self._builder = self._recognised(names, network)
        self.architecture = self._builder.architecture if self._builder else None
        called = self._builder.names if self._builder else {}
        self._names = {called.get(canonical, canonical): name for canonical, name in names.items()}
        self.specs = {canonical: file.specs[name] for canonical, name in self._names.items()}

    def _recognised(self, names: Mapping[str, str], network: str | None) -> Builder | None:
        specs = {canonical: self._file.specs[name] for canonical, name in names.items()}
        wrappers = next((name.removesuffix(canonical) for canonical, name in names.items()), "")
        try:
            return builder_of(network, specs, self.metadata, wrappers)
        except UnrecognisedError as error:
            self.reason, self._next_step, self.likely = error.problem, error.next_step, error.likely
            return None

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

    def weights(self) -> tuple[str, ...]:
        """Return the names of the tensors that pruning counts, in the file's order.

        These are the weights of linear and convolution layers. Where no family recognises the network, they are the
        float tensors named ``*.weight`` with two axes or more whose names are not those of embeddings and norms.
        """
        return self._weights

    @cached_property
    def _weights(self) -> tuple[str, ...]:
        if self._builder is None:
            return tuple(name for name, spec in self.specs.items() if _looks_counted(name, spec))
        layers = self.skeleton().named_modules()
        counted = {f"{name}.weight" for name, layer in layers if _is_counted(layer)}
        return tuple(name for name in self.specs if name in counted)

    def network(self) -> nn.Module:
        """Return a fresh module with these weights, in float32 on the CPU and in evaluation mode.

        Counters of batches that a file leaves out are zero; they do not act in evaluation.

        Raises
        ------
        UserError
            If no family recognises the tensors.
        """
        module = self._known().build()
        check_fit(module, self.specs)
        state = {name: self._state(source) for name, source in sources(module, self.specs).items()}
        module.load_state_dict(state, strict=True)
        return module.float().eval()

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
        said = {key: told(self.metadata, key) for key in ("heads", "head_dim", "config")}
        if self.architecture:
            made_by = self.architecture.config
            said |= {key: made_by[key] for key in ("network", "config") if key in made_by} | self.architecture.settings
        return {key: value for key, value in said.items() if value is not None}

    def _known(self) -> Builder:
        if self._builder is None:
            raise UserError(f"'{self.path.name}' cannot be run: {self.reason}", self._next_step)
        return self._builder

    def _state(self, name: str) -> Tensor:
        return self.tensor(name) if name in self.specs else torch.zeros((), dtype=torch.int64)


def _is_counted(layer: nn.Module) -> bool:
    return isinstance(layer, _COUNTED) or type(layer).__name__ == "Conv1D"  # transformers' own `Transposed`


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


def _looks_counted(name: str, spec: TensorSpec) -> bool:
    is_weight = name == "weight" or name.endswith(".weight")
    matrix = spec.dtype.is_floating_point and len(spec.shape) >= 2
    return is_weight and matrix and not _NOT_COUNTED.search(name.lower())
