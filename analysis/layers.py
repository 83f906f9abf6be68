"""Layers as names: the tree of a network, and which of it a list of entries chooses. Knows no tensors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .errors import unknown

ROLES = ("logits", "features", "stages")
_KIND = "kind:"

Entries = tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """A row of the layer tree.

    Attributes
    ----------
    name, kind : str
        The module's dotted name, and its class.
    parameters : int
        Trained values in it and below it.
    shape : tuple of int or None
        Of what it gives for one sample; None where nobody knows.
    """

    name: str
    kind: str
    parameters: int
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class LayerTree:
    """Every layer of a network, parents before children, and the names of those that end a stage."""

    layers: tuple[Layer, ...]
    stages: tuple[str, ...] = ()

    def holding(self, text: str) -> "LayerTree":
        """Return the layers whose name or kind holds a text in any case, with all that lies above and below them."""
        wanted = text.strip().lower()
        found = {layer.name for layer in self.layers if wanted in f"{layer.name} {layer.kind}".lower()}
        above = {outer for name in found for outer in _outer(name)}
        near = found | above
        kept = (layer for layer in self.layers if layer.name in near or not found.isdisjoint(_outer(layer.name)))
        return LayerTree(tuple(kept), self.stages)

    def named(self, entry: str) -> tuple[str, ...]:
        """Return the names of the layers that one entry stands for; none for ``logits`` and ``features``.

        Raises
        ------
        UserError
            If it stands for nothing in this network.
        """
        if entry in ROLES:
            return self.stages if entry == "stages" else ()
        return tuple(matching(self.layers, entry))

    def chosen(self, entries: Iterable[str]) -> frozenset[str]:
        """Return the names of all layers that the entries stand for; raises as `named`."""
        return frozenset(name for entry in entries for name in self.named(entry))

    def with_layer(self, entries: Entries, name: str) -> Entries:
        """Return the entries, and the layer beside them unless one of them stands for it already."""
        return entries if name in self.chosen(entries) else (*entries, name)

    def without_layer(self, entries: Entries, name: str) -> Entries:
        """Return the entries without the layer: one that stands for others, too, gives way to their names."""
        left: list[str] = []
        for entry in entries:
            names = self.named(entry)
            left += [other for other in names if other != name] if name in names else [entry]
        return tuple(dict.fromkeys(left))


def _outer(name: str) -> list[str]:
    """Return the names of the layers that one lies in."""
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def split_entries(text: str) -> Entries:
    """Return the entries of a comma list, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def matching(layers: Sequence[Layer], entry: str) -> list[str]:
    """Return the names that fit a dotted name, a pattern such as ``layer3.*.conv1`` or a ``kind:Conv2d``.

    Raises
    ------
    UserError
        If there are none.
    """
    if entry.startswith(_KIND):
        kind = entry.removeprefix(_KIND)
        found = [layer.name for layer in layers if layer.kind == kind]
        if not found:
            raise unknown("kind of layer", kind, sorted({layer.kind for layer in layers}))
        return found
    found = [layer.name for layer in layers if fnmatchcase(layer.name, entry)]
    if found:
        return found
    what = "layer that fits" if any(character in entry for character in "*?[") else "layer"
    raise unknown(what, entry, [*ROLES, *(layer.name for layer in layers)])
