"""Layers that are kept in another form, such as two factors, become one again."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..models import Checkpoint, TensorSpec
from ..models.structure import OWN, Edit, Replace, Structure
from ..models.structure.edits.places import at
from ..models.structure.forms import dense_of
from ..models.structure.plain import plain
from ..models.structure.stated import KEY
from ..models.structure.structure import apply


def dense(model: Checkpoint) -> Checkpoint:
    """Return a model whose forms are multiplied out, exactly and rounded once; other edits stay.

    Where no edit is left it is a plain member of its family again, if its tensors tell so.

    Raises
    ------
    UserError
        If something inside a form was edited in a way that a plain layer cannot have.
    """
    structure = model.architecture.structure if model.architecture else None
    if structure is None or not any(map(_folds, structure.edits)):
        return model
    file = _Folded(model, structure)
    made = Checkpoint(model.path, file)
    if file.structure.edits:
        return made
    said = {key: value for key, value in made.inherited().items() if key != KEY}
    again = Checkpoint(model.path, _Folded(model, structure, said))
    return again if again.architecture else made


def _folds(edit: Edit) -> bool:
    return isinstance(edit, Replace) and dense_of(edit.form) is not None


@dataclass(frozen=True)
class _Form:
    """A form in the place of a layer."""

    name: str
    layer: nn.Module
    tensors: tuple[str, ...]


class _Folded:
    """The tensors of a model with its forms multiplied out, made when they are read; as of `TensorFile`."""

    def __init__(self, model: Checkpoint, structure: Structure, said: Mapping[str, Any] | None = None) -> None:
        self.files: tuple[Path, ...] = model.files
        self.format = model.format
        self._model, self._before = model, structure
        self._folded = lru_cache(maxsize=1)(self._made_dense)
        self.structure = structure.replaced(edits=tuple(e for e in structure.edits if not _folds(e)))
        own = model.metadata.get("graftwork", {})
        told = {key: value for key, value in own.items() if key not in (KEY, "stored")}
        told |= {KEY: self.structure.model_dump(mode="json")} if said is None else said
        self.metadata: Mapping[str, Any] = {**model.metadata, "graftwork": told}
        self.ties: Mapping[str, str] = self._tied()
        self.specs: Mapping[str, TensorSpec] = self._specs()

    def tensor(self, name: str) -> Tensor:
        """Read or make one tensor."""
        return self._read(name).to(self.specs[name].dtype)

    def _specs(self) -> dict[str, TensorSpec]:
        shapes = {name: tuple(tensor.shape) for name, tensor in self._state.items() if name not in self.ties}
        return {
            name: TensorSpec(shape, dtype) for name, shape in shapes.items() if (dtype := self._dtype(name)) is not None
        }

    def _tied(self) -> dict[str, str]:
        """Return the further names of tensors that the network, or the file, has as one."""
        first: dict[int, str] = {}
        told = self._model.ties
        held = {name: told.get(name) or first.setdefault(id(tensor), name) for name, tensor in self._state.items()}
        return {name: other for name, other in held.items() if other != name}

    @cached_property
    def _state(self) -> dict[str, Tensor]:
        try:
            parts = self._parts()
            network = apply(self.structure.edits, parts[OWN], parts)
        except UserError as error:
            raise UserError(
                "A part of a layer's factors was edited further, which no plain layer can have.",
                "Export it without --dense.",
            ) from error
        return network.state_dict(keep_vars=True)

    def _parts(self) -> dict[str, nn.Module]:
        """Return skeletons of the networks before their edits."""
        return {name: plain(base, self._model.metadata).skeleton() for name, base in self._before.parts.items()}

    @cached_property
    def _forms(self) -> dict[str, _Form]:
        """The forms by their places in the network as it is."""
        parts = self._parts()
        network, made = parts[OWN], dict[nn.Module, _Form]()
        for edit in self._before.edits:
            layer = at(network, edit.layer) if isinstance(edit, Replace) else None
            edit.apply(network, parts)
            if isinstance(edit, Replace) and layer is not None and _folds(edit):
                there = at(network, edit.layer)
                made[there] = _Form(edit.form, layer, tuple(there.state_dict()))
        named = network.named_modules(remove_duplicate=False)
        return {name: made[module] for name, module in named if module in made}

    def _read(self, name: str) -> Tensor:
        """Return a tensor of the model, or of a layer that it has as a form; unrounded."""
        held = self._model.ties.get(name, name)
        if held in self._model.specs:
            return self._model.tensor(held)
        place, _, leaf = name.rpartition(".")
        return self._folded(place)[leaf]

    def _made_dense(self, place: str) -> dict[str, Tensor]:
        form = self._forms[place]
        make = dense_of(form.name)
        assert make is not None, "only forms that can be dense are kept"
        return make(form.layer, {name: self._read(f"{place}.{name}") for name in form.tensors})

    def _dtype(self, name: str) -> torch.dtype | None:
        """Return a tensor's type: that of the form's tensor of its kind; None of counters that the file leaves out."""
        if name in self._model.specs:
            return self._model.specs[name].dtype
        place, _, leaf = name.rpartition(".")
        own = (n for n in self._model.specs if n.startswith(f"{place}.") and n.endswith(f".{leaf}"))
        return next((self._model.specs[n].dtype for n in own), None) if place in self._forms else None
