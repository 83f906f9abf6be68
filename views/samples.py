"""Samples: thumbnails of the selection with what the networks make of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.session import Session
from .table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIMIT = 400
_PRINTED = 24


@dataclass(frozen=True, eq=False)
class SamplesState:
    """What is shown.

    Attributes
    ----------
    samples : array of int64
        Indices of at most `LIMIT` samples, in the order of showing.
    total : int
        How many samples the selection, or the disagreement, has in all.
    selection : bool
        Whether these are selected; otherwise the two models disagree on them.
    pictures : array of uint8, (shown, height, width, 3), or None
        Their thumbnails, where the workspace keeps some.
    labels, predictions, reference : arrays of int64, (shown,)
        True classes, the model's predictions and the reference's.
    names, classes : tuple of str
        Names of the shown samples; names of all classes.
    """

    samples: NDArray[np.int64]
    total: int
    selection: bool
    pictures: NDArray[np.uint8] | None
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    reference: NDArray[np.int64]
    names: tuple[str, ...]
    classes: tuple[str, ...]

    def caption(self, shown: int) -> str:
        """Return true class, prediction where it is wrong, and the reference's where that differs."""
        label, own, other = (int(array[shown]) for array in (self.labels, self.predictions, self.reference))
        text = self.classes[label]
        if own != label:
            text += f" → {self.classes[own]}"
        return text if other == own else f"{text} (ref. {self.classes[other]})"


def resolve(session: Session) -> SamplesState | None:
    """Return the selected samples, or those that the models disagree on; None while the columns are not there."""
    state = session.state
    labels, names = session.labels(), session.sample_names()
    predictions = session.column(state.primary, "prediction")
    reference = session.column(state.pinned, "prediction")
    if labels is None or names is None or predictions is None or reference is None:
        return None
    selected = session.selected_mask(len(labels))
    chosen = selected if selected.any() else predictions != reference
    samples = _worst_first(np.flatnonzero(chosen), session.column(state.primary, "geometry.margins.margin"))
    shown = samples[:LIMIT]
    pictures = session.pictures()
    return SamplesState(
        samples=shown,
        total=len(samples),
        selection=bool(selected.any()),
        pictures=None if pictures is None else pictures[shown],
        labels=labels[shown],
        predictions=predictions[shown].astype(np.int64),
        reference=reference[shown].astype(np.int64),
        names=tuple(name.decode() for name in names[shown]),
        classes=session.class_names(),
    )


def _worst_first(samples: NDArray[np.int64], margin: NDArray[np.float32] | None) -> NDArray[np.int64]:
    return samples if margin is None else samples[np.argsort(margin[samples], kind="stable")]


def table(state: SamplesState) -> Table:
    """Return one row a shown sample."""
    rows = tuple(
        (int(sample), state.names[i], *(state.classes[int(a[i])] for a in _classes_of(state)))
        for i, sample in enumerate(state.samples)
    )
    return Table(("Sample", "Name", "Class", "Prediction", "Reference"), rows)


def _classes_of(state: SamplesState) -> tuple[NDArray[np.int64], ...]:
    return state.labels, state.predictions, state.reference


def draw(figure: "Figure", state: SamplesState) -> None:
    """Draw the first ones for print."""
    count = min(_PRINTED, len(state.samples))
    if state.pictures is None or count == 0:
        figure.text(0.5, 0.5, "No pictures", ha="center")
        return
    panels: Any = figure.subplots(4, 6).ravel()
    for axes in panels:
        axes.set_axis_off()
    for shown in range(count):
        panels[shown].imshow(state.pictures[shown])
        panels[shown].set_title(state.caption(shown), fontsize=5, pad=2)
