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
from .families import recognise, skeleton, unrecognised
from .own import own_architecture, own_network
from .parts.attention import Transposed

_WRAPPERS = ("module.", "model.", "_orig_mod.", "net.", "network.", "ema.", "ema_model.", "model_ema.")
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
        Every tensor by its canonical name (wrappers such as ``module.`` removed), in the file's order.
    metadata : mapping of str to Any
        What else the file says: claimed accuracies, the operations that shaped it; ``config``, what a ``config.json``
        beside it says; JSON values.
    architecture : Architecture or None
        The recognised network.
    """

    path: Path
    files: tuple[Path, ...]
    format: str
    specs: Mapping[str, TensorSpec]
    metadata: Mapping[str, Any]
    architecture: Architecture | None

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
        self._names = {canonical: name for name, canonical in _canonical(file.specs).items()}
        self.specs = {canonical: file.specs[name] for canonical, name in self._names.items()}
        network = network or _made_by(self.metadata)
        self._own = own_network(network) if network else None
        self.architecture = (
            own_architecture(network, self._own()) if network and self._own else recognise(self.specs, self.metadata)
        )

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
        if self.architecture is None:
            return tuple(name for name, spec in self.specs.items() if _looks_counted(name, spec))
        layers = self._module(self.architecture).named_modules()
        counted = {f"{name}.weight" for name, layer in layers if isinstance(layer, _COUNTED)}
        return tuple(name for name in self.specs if name in counted)

    def network(self) -> nn.Module:
        """Return a fresh module with these weights, in float32 on the CPU and in evaluation mode.

        Counters of batches that a file leaves out are zero; they do not act in evaluation.

        Raises
        ------
        UserError
            If no family recognises the tensors.
        """
        if self.architecture is None:
            raise UserError(f"'{self.path.name}' cannot be run: {unrecognised(self.metadata)}", _RUNNABLE)
        module = self._module(self.architecture)
        if any(tensor.is_meta for tensor in module.state_dict().values()):
            module = module.to_empty(device="cpu")
        self._check_fit(module)
        module.load_state_dict({name: self._state(name) for name in module.state_dict()}, strict=True)
        return module.float().eval()

    def _module(self, architecture: Architecture) -> nn.Module:
        return self._own() if self._own else skeleton(architecture)

    def _check_fit(self, module: nn.Module) -> None:
        """Demand that a person's own network has the tensors of the file, in their shapes."""
        for name, tensor in module.state_dict().items():
            shape = self.specs[name].shape if name in self.specs else None
            if shape != tuple(tensor.shape) and not name.endswith(".num_batches_tracked"):
                held = "is not in the file" if shape is None else f"has the shape {list(shape)} in the file"
                raise UserError(
                    f"The network wants '{name}' of shape {list(tensor.shape)}, which {held}.",
                    "Name the code that the checkpoint was trained with.",
                )

    def _state(self, name: str) -> Tensor:
        return self.tensor(name) if name in self.specs else torch.zeros((), dtype=torch.int64)


def _made_by(metadata: Mapping[str, Any]) -> str | None:
    """Return the code that builds a derived network, as its parent's did."""
    own = metadata.get("graftwork")
    network = own.get("network") if isinstance(own, Mapping) else None
    return network if isinstance(network, str) else None


_RUNNABLE = 'Keep to methods and measures on weights, or name the code that builds it: network = "file.py:function".'


def _canonical(names: Iterable[str]) -> dict[str, str]:
    """Return each name without the wrappers that all of them share."""
    canonical = {name: name for name in names}
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
