"""Classes: their names, in the order of a network's outputs."""

from collections.abc import Sequence

import numpy as np

from ..errors import UserError
from .labelled import Labels
from .source import Source


def labelled_as(source: Source, wanted: Sequence[str] | None) -> Labels:
    """Return a source's labels and classes, named and in the order of ``wanted`` where that names all there are.

    Names beyond those of the source are classes without samples. A part of the classes changes nothing here: it chooses
    samples, whose labels stay those of the whole set.

    Raises
    ------
    UserError
        If a class is named twice.
    """
    if wanted is None or not source.classes or not _in_use(source) <= set(wanted):
        return source.labels, source.classes
    if len(set(wanted)) < len(wanted):
        raise UserError(f"The classes of '{source.origin}' name one twice.", "Name each once, in the network's order.")
    places = {name: place for place, name in enumerate(wanted)}
    moved = np.array([places.get(name, -1) for name in source.classes])
    return np.where(source.labels < 0, -1, moved[source.labels]), tuple(wanted)


def are_ordinals(classes: Sequence[str]) -> bool:
    """Return whether the names are the numbers from 0 on, which say no more than the labels themselves."""
    return list(classes) == list(map(str, range(len(classes))))


def _in_use(source: Source) -> set[str]:
    """Return the classes that must be named: all, but of numbers that were only counted those that samples have."""
    if are_ordinals(source.classes):
        return {source.classes[label] for label in np.unique(source.labels) if label >= 0}
    return set(source.classes)
