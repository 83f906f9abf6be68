"""Geometry: angle and norm of every sample's feature, and its margin to the nearest boundary."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.session import Session
from .table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ANGLE = "geometry.margins.angle"
NORM = "geometry.margins.norm"
MARGIN = "geometry.margins.margin"


@dataclass(frozen=True, eq=False)
class GeometryState:
    """What is drawn; every array has one entry a sample.

    Attributes
    ----------
    angle : array of float, degrees
        Between the feature and its own class direction.
    norm, margin : array of float
        The feature's norm; its distance to the nearest boundary, negative where misclassified.
    reference : array of float or None
        Margins of the pinned model.
    labels : array of int64
        True classes.
    classes : tuple of str
        Their names.
    selected : array of bool
        The selection.
    """

    model: str
    reference_name: str
    angle: NDArray[np.float32]
    norm: NDArray[np.float32]
    margin: NDArray[np.float32]
    reference: NDArray[np.float32] | None
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    selected: NDArray[np.bool_]


def resolve(session: Session) -> GeometryState | None:
    """Return what is to be drawn, or None while the columns are not there."""
    state = session.state
    model = session.model(state.primary)
    arrays = [session.column(state.primary, name) for name in (ANGLE, NORM, MARGIN)]
    labels = session.labels()
    if model is None or labels is None or any(array is None for array in arrays):
        return None
    angle, norm, margin = arrays
    pinned = session.model(state.pinned)
    reference = session.column(state.pinned, MARGIN) if state.pinned != state.primary else None
    return GeometryState(
        model=model.name,
        reference_name=pinned.name if pinned and reference is not None else "",
        angle=angle,  # type: ignore[arg-type]
        norm=norm,  # type: ignore[arg-type]
        margin=margin,  # type: ignore[arg-type]
        reference=reference,
        labels=labels,
        classes=session.class_names(),
        selected=session.selected_mask(len(labels)),
    )


def table(state: GeometryState) -> Table:
    """Return one row a sample."""
    rows = tuple(
        (index, state.classes[label], float(angle), float(norm), float(margin))
        for index, (label, angle, norm, margin) in enumerate(
            zip(state.labels, state.angle, state.norm, state.margin, strict=True)
        )
    )
    return Table(("Sample", "Class", "Angle (°)", "Norm", "Margin"), rows)


def bins(state: GeometryState, count: int = 60) -> NDArray[np.float64]:
    """Return the edges of the margin histogram, (count + 1,), shared with the reference; zero is one of them."""
    margins = state.margin if state.reference is None else np.concatenate([state.margin, state.reference])
    low, high = float(min(margins.min(), 0)), float(max(margins.max(), 1e-6))
    width = (high - low) / count
    return np.arange(np.floor(low / width), np.ceil(high / width) + 1) * width


def draw(figure: "Figure", state: GeometryState) -> None:
    """Draw it for print: the cloud beside the histogram."""
    cloud: Any
    histogram: Any
    cloud, histogram = figure.subplots(1, 2)
    wrong = state.margin < 0
    for mask, colour, name in ((~wrong, "0.6", "right"), (wrong, "tab:red", "wrong")):
        cloud.plot(state.angle[mask], state.norm[mask], ".", color=colour, markersize=2, label=name, rasterized=True)
    cloud.set_xlabel("Angle to own class direction (°)")
    cloud.set_ylabel("Feature norm")
    cloud.legend(frameon=False)
    edges = bins(state)
    histogram.hist(state.margin, edges, color="0.6", label=state.model)
    if state.reference is not None:
        histogram.hist(
            state.reference, edges, histtype="step", color="black", linewidth=0.8, label=state.reference_name
        )
    histogram.axvline(0, color="0.3", linewidth=0.6)
    histogram.set_xlabel("Margin")
    histogram.set_ylabel("Samples")
    histogram.legend(frameon=False)
