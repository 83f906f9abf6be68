"""Classes in colour: one a class, the same in every view, for at most eight classes at a time."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.wording import counted
from .parts import shortened
from .table import class_name
from .theme import CLASS_HUES, LIGHT, look

Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]

_LISTED = 40  # of more classes, a legend names those with a colour alone
_LONGEST = 24


def number_of(classes: Sequence[str], labels: Labels) -> int:
    """Return how many classes there are: the named ones, and those past them that samples (n,) belong to."""
    return max(len(classes), int(labels.max(initial=-1)) + 1)


def coloured(classes: Sequence[str], labels: Labels, selected: Mask) -> tuple[int, ...]:
    """Return the classes that have a colour, ascending; the first has the first hue.

    All have one where hues suffice. Of more classes, it is those of the selected samples; should these be too many as
    well, those with most of the selected samples.
    """
    count = number_of(classes, labels)
    if count <= len(CLASS_HUES):
        return tuple(range(count))
    chosen = labels.take(np.flatnonzero(selected))
    sizes = np.bincount(chosen[chosen >= 0], minlength=count)
    largest = np.argsort(-sizes, kind="stable")[: len(CLASS_HUES)]
    return tuple(sorted(int(label) for label in largest if sizes[label]))


def hues(labels: Labels, shown: Sequence[int]) -> Labels:
    """Return the index of every sample's hue, (n,), -1 where its class has no colour."""
    table = np.full(int(max(labels.max(initial=-1), *shown, -1)) + 2, -1, np.int64)
    table[list(shown)] = np.arange(len(shown))
    return table.take(np.where(labels < 0, len(table) - 1, labels))


def layers(
    classes: Sequence[str], labels: Labels, shown: Sequence[int], selected: Mask
) -> Iterator[tuple[Mask, str, str]]:
    """Give what is printed over one another: samples (n,), their colour, and their entry in the legend or nothing.

    While some are selected, the others lie beneath them in grey.
    """
    above = selected if selected.any() else np.ones(len(labels), dtype=bool)
    index = hues(labels, shown)
    yield ~above, LIGHT.faded, ""
    yield above & (index < 0), LIGHT.mark, ""
    for hue, label in enumerate(shown):
        yield above & (index == hue), CLASS_HUES[hue], class_name(classes, label)


def draw_samples(axes: Any, x: NDArray[Any], y: NDArray[Any], parts: Iterator[tuple[Mask, str, str]]) -> None:
    """Print samples at their places, (n,) each, by the layers that they belong to."""
    for mask, colour, name in parts:
        if mask.any():
            axes.plot(x[mask], y[mask], ".", color=colour, markersize=2, label=name or None, rasterized=True)


def legend(classes: Sequence[str], count: int, shown: Sequence[int]) -> str:
    """Return the legend of ``count`` classes as rich text; every class is a link to its number."""
    listed = range(count) if count <= _LISTED else shown
    entries = [_entry(class_name(classes, label), label, shown) for label in listed]
    said = f"{counted(count, 'class', 'classes')}; of the selected ones up to 8 have a colour"
    return " &nbsp; ".join([*entries, *([said] if count > len(CLASS_HUES) else [])])


def _entry(name: str, label: int, shown: Sequence[int]) -> str:
    colour = CLASS_HUES[shown.index(label)] if label in shown else ""
    mark = f'<span style="color:{colour}">●</span>&nbsp;' if colour else ""
    text = escape(shortened(name, _LONGEST)).replace(" ", "&nbsp;")
    return f'{mark}<a href="{label}" style="color:{look.theme.quiet};text-decoration:none">{text}</a>'
