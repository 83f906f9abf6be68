"""Checkpoints: tensors by name, read from disk one at a time."""

from collections.abc import Mapping, Set
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError
from .architecture import Architecture, TensorSpec
from .builder import Builder, check_fit, sources
from .counted import looks_trained, weights_by_name, weights_of
from .families import families, skeleton
from .recognition import recognition
from .stated import STATED, StatedNormalisation, stated_normalisation
from .structure import OWN, Structure
from .structure.plain import base_of
from .structure.stated import KEY
from .tensor_file import TensorFile
from .ties import tie
from .told import declared, told
from .weight import Weight


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
        beside it says; ``left_aside``, the file's tensors of losses, metrics and profilers; JSON values.
    architecture : Architecture or None
        The recognised network.
    reason : str
        Why none was recognised, as the end of a sentence; empty where one was.
    likely : Architecture or None
        What the tensors are those of, where only settings are untold; it takes the same data.
    found : tuple of str
        Settings that nothing tells and that the weights show clearly, in words; of a network that this one was made of,
        too.
    assumed : tuple of str
        What nothing tells and its outputs depend on, as it is taken, in words; of a network that this one was made of,
        too.
    """

    path: Path
    files: tuple[Path, ...]
    format: str
    specs: Mapping[str, TensorSpec]
    ties: Mapping[str, str]
    metadata: dict[str, Any]
    architecture: Architecture | None
    reason: str
    likely: Architecture | None
    found: tuple[str, ...]
    assumed: tuple[str, ...]

    def __init__(
        self,
        path: Path,
        file: TensorFile,
        beside: Mapping[str, Any] | None = None,
        network: str | None = None,
        activation: str | None = None,
    ) -> None:
        self.path = path
        self.files = file.files
        self.format = file.format
        self.metadata = {**(beside or {}), **file.metadata}
        self._file = file
        found = recognition(file, declared(self.metadata, activation), network)
        self._names, self.ties, self._builder = found.names, found.ties, found.builder
        self._named = {canonical: file.specs[name] for canonical, name in self._names.items()}
        self.specs = {canonical: spec for canonical, spec in self._named.items() if canonical not in self.ties}
        self.architecture = found.builder.architecture if found.builder else None
        self.likely = found.unknown.likely if found.unknown else None
        self.reason, self._next_step = (found.unknown.problem, found.unknown.next_step) if found.unknown else ("", "")
        self.found = found.found or tuple(told(self.metadata, "found") or ())
        self.assumed = (self.architecture.assumed if self.architecture else ()) or tuple(
            told(self.metadata, "assumed") or ()
        )
        if activation:
            self._require_open(activation)
        if found.aside:
            self.metadata |= {"left_aside": [*self.metadata.get("left_aside", ()), *found.aside]}

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
        network = self._layers()
        found = weights_of(network) if network else weights_by_name(self.specs)
        counted = {weight.name: weight for weight in found}
        return tuple(replace(counted[name], tied=self._further(name)) for name in self.specs if name in counted)

    def trained(self) -> tuple[str, ...]:
        """Return the names of the parameters, in the file's order: tensors without statistics, masks and counters."""
        return self._trained

    @cached_property
    def _trained(self) -> tuple[str, ...]:
        network = self._layers()
        if network is None:
            return tuple(name for name, spec in self.specs.items() if looks_trained(name, spec))
        parameters = {name for name, _ in network.named_parameters(remove_duplicate=False)}
        buffers = {name for name, _ in network.named_buffers(remove_duplicate=False)}
        return tuple(name for name in self.specs if self._is_trained(name, parameters, buffers))

    def _is_trained(self, name: str, parameters: Set[str], buffers: Set[str]) -> bool:
        """Tell a parameter of the network, or of what a file holds beside it, such as another head."""
        names = {name, *self._further(name)}
        return bool(names & parameters) or (not names & buffers and looks_trained(name, self.specs[name]))

    def _layers(self) -> nn.Module | None:
        """Return a module of the same layers, even where its settings are untold; None where nobody has it."""
        if self._builder:
            return self.skeleton()
        return skeleton(self.likely) if self.likely else None

    def _further(self, name: str) -> tuple[str, ...]:
        return tuple(other for other, held in self.ties.items() if held == name)

    @property
    def stated(self) -> StatedNormalisation | None:
        """What its files state of how images are normalised."""
        return stated_normalisation(self.metadata, self.path.name)

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

    def structure(self) -> Structure:
        """Return what the network was made from and how it was edited; of one that was not, without edits.

        Raises
        ------
        UserError
            If no family recognises the tensors.
        """
        architecture = self._known().architecture
        return architecture.structure or Structure(parts={OWN: base_of(architecture)})

    def inherited(self) -> dict[str, Any]:
        """Return what a file made from this one must say, to be built as this one is."""
        said = {key: told(self.metadata, key) for key in ("heads", "head_dim", "config")}
        if self.architecture:
            made_by = self.architecture.config
            said |= self._read_beside(said["config"]) | self.architecture.settings
            said |= {key: made_by[key] for key in ("network", "config") if key in made_by}
        if self.architecture and self.architecture.structure:
            said[KEY] = self.architecture.structure.model_dump(mode="json")
        said["found"] = list(self.found) or None
        said["assumed"] = list(self.assumed) or None
        said[STATED] = asdict(self.stated) if self.stated else None
        return {key: value for key, value in said.items() if value is not None}

    def _require_open(self, activation: str) -> None:
        """Refuse an activation that is declared of a network which has none to declare, or not this one."""
        network = self.architecture or self.likely
        if network is None or "activation" not in network.config:
            what = f"is {network.title}" if network else "is no network that is known here"
            raise UserError(f"'{self.path.name}' {what}, and has no activation to declare.", "Leave out activation.")
        if network.config["activation"] != activation:
            known = getattr(families()[network.family], "DECLARABLE", ())
            raise UserError(
                f"'{activation}' is no activation that is known of such a network.",
                f"Declare one of {', '.join(known)}.",
            )

    def _read_beside(self, config: object) -> dict[str, Any]:
        """Return the settings that the family reads, where the file tells them and no configuration does."""
        if not self.architecture or self.architecture.family not in families():
            return {}
        reads, kept = families()[self.architecture.family].SETTINGS.reads, config if isinstance(config, Mapping) else {}
        return {name: told(self.metadata, name) for name in reads if name not in kept}

    def _known(self) -> Builder:
        if self._builder is None:
            raise UserError(f"'{self.path.name}' cannot be run: {self.reason}", self._next_step)
        return self._builder

    def _state(self, name: str) -> Tensor:
        return self.tensor(name) if name in self._named else torch.zeros((), dtype=torch.int64)
