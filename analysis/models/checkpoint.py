"""Checkpoints: tensors by name, read from disk one at a time."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..trust import is_library
from .architecture import Architecture, TensorSpec
from .builder import Builder, check_fit, sources
from .parts.attention import Transposed
from .recognising import UnrecognisedError, builder_of, is_own
from .tensor_names import Naming, namings, whole
from .told import told

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
        beside it says; ``left_aside``, the file's tensors of losses, metrics and profilers; JSON values.
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
    metadata: dict[str, Any]
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
        self.metadata: dict[str, Any] = {**(beside or {}), **file.metadata}
        self._file = file
        self.reason, self._next_step, self.likely = "", "", None
        naming, self._builder = self._recognised(network)
        self.architecture = self._builder.architecture if self._builder else None
        called = self._builder.names if self._builder else {}
        self._names = {called.get(canonical, canonical): name for canonical, name in naming.names.items()}
        self.specs = {canonical: file.specs[name] for canonical, name in self._names.items()}
        if naming.aside:
            self.metadata |= {"left_aside": [*self.metadata.get("left_aside", ()), *naming.aside]}

    def _recognised(self, network: str | None) -> tuple[Naming, Builder | None]:
        """Return what the tensors are called and what builds the network; of none the canonical names, and keep why."""
        if is_own(network, self.metadata):
            return self._fitted(network)
        failed: list[tuple[Naming, UserError]] = []
        for naming in namings(self._file.specs):
            specs = {canonical: self._file.specs[name] for canonical, name in naming.names.items()}
            try:
                return naming, builder_of(network, specs, self.metadata, naming.prefix)
            except UserError as error:
                failed.append((naming, error))
                if not isinstance(error, UnrecognisedError) and not (network and is_library(network)):
                    raise
        naming, why = next((f for f in failed if getattr(f[1], "likely", None)), failed[0])
        if not isinstance(why, UnrecognisedError):
            raise why
        self.reason, self._next_step, self.likely = why.problem, why.next_step, why.likely
        return naming, None

    def _fitted(self, network: str | None) -> tuple[Naming, Builder]:
        """Return what builds a person's own network, and the names that have most in common with its tensors'."""
        builder = builder_of(network, self._file.specs, self.metadata)
        choices = [*whole(self._file.specs), *namings(self._file.specs)]
        if all(naming.names == choices[0].names for naming in choices):
            return choices[0], builder
        wanted = builder.skeleton().state_dict().keys()
        return max(choices, key=lambda naming: len(wanted & naming.names.keys())), builder

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


def _looks_counted(name: str, spec: TensorSpec) -> bool:
    is_weight = name == "weight" or name.endswith(".weight")
    matrix = spec.dtype.is_floating_point and len(spec.shape) >= 2
    return is_weight and matrix and not _NOT_COUNTED.search(name.lower())
