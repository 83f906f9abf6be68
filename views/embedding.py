"""Embedding: the same samples as two models see them, side by side in a shared frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.session import Session
from .table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = ("umap", "pca")


@dataclass(frozen=True, eq=False)
class EmbeddingState:
    """What is drawn.

    Attributes
    ----------
    method : str
        The layout that is there: ``umap`` once it is ready, ``pca`` before.
    pending : bool
        Whether a better one is on its way.
    names : tuple of str
        The models: the reference, then the one looked at; one entry if they are the same.
    layouts : tuple of array, each (samples, 2)
        One a model, in a shared frame.
    labels : array of int64, shape (samples,)
        True classes.
    classes : tuple of str
        Their names.
    selected : array of bool, shape (samples,)
        The selection.
    """

    method: str
    pending: bool
    names: tuple[str, ...]
    layouts: tuple[NDArray[np.float32], ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    selected: NDArray[np.bool_]


def resolve(session: Session, method: str = "umap") -> EmbeddingState | None:
    """Return the wanted layout, the principal components while it is computed, or None while neither is there."""
    models = tuple(dict.fromkeys(m for m in (session.state.pinned, session.state.primary) if m))
    labels = session.labels()
    if not models or labels is None:
        return None
    first = session.projection(models, "pca")
    wanted = session.projection(models, method) if method != "pca" else first
    layouts = wanted or first
    if layouts is None:
        return None
    return EmbeddingState(
        method=method if wanted else "pca",
        pending=wanted is None and session.error("layouts") is None,
        names=tuple(record.name for record in map(session.model, models) if record),
        layouts=tuple(layouts),
        labels=labels,
        classes=session.class_names(),
        selected=session.selected_mask(len(labels)),
    )


def table(state: EmbeddingState) -> Table:
    """Return one row a sample."""
    columns = ["Sample", "Class"]
    for name in state.names:
        columns += [f"x in {name}", f"y in {name}"]
    rows = tuple(
        (index, state.classes[label], *(float(v) for layout in state.layouts for v in layout[index]))
        for index, label in enumerate(state.labels)
    )
    return Table(tuple(columns), rows)


def draw(figure: "Figure", state: EmbeddingState) -> None:
    """Draw it for print: one panel a model, with shared axes."""
    panels: Any = figure.subplots(1, len(state.layouts), sharex=True, sharey=True, squeeze=False)[0]
    for axes, name, layout in zip(panels, state.names, state.layouts, strict=True):
        for label, title in enumerate(state.classes):
            points = layout[state.labels == label]
            axes.plot(points[:, 0], points[:, 1], ".", markersize=2, label=title, rasterized=True)
        axes.set_title(name)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right", frameon=False, markerscale=3)
