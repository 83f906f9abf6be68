"""How long a brush takes from the gesture to the last repaint, over 100,000 samples."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.views.embedding import EmbeddingPanel
from graftwork.views.geometry import ANGLE, MARGIN, NORM, GeometryPanel
from graftwork.views.panel import Panel
from graftwork.views.samples import SamplesPanel
from graftwork.views.selections import SelectionsPanel

from .showing import rest, show  # noqa: TID251 - ruff reads it as a bare name

SAMPLES = 100_000


@pytest.fixture
def large(session: Session) -> Session:
    """Give the session synthetic columns in place of the measured ones."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, SAMPLES)
    columns: dict[str, Any] = {
        "label": labels,
        "name": np.array([b"%06d" % i for i in range(SAMPLES)]),
        "prediction": np.where(rng.random(SAMPLES) < 0.1, (labels + 1) % 10, labels),
        ANGLE: rng.gamma(4, 5, SAMPLES).astype(np.float32),
        NORM: rng.normal(10, 2, SAMPLES).astype(np.float32),
        MARGIN: rng.normal(1, 1, SAMPLES).astype(np.float32),
    }
    centres = rng.normal(0, 6, (10, 2))
    layout = (centres[labels] + rng.normal(size=(SAMPLES, 2))).astype(np.float32)
    session.snapshot = replace(
        session.snapshot, columns=tuple(c for c in session.snapshot.columns if c.name != "picture")
    )
    for column in session.snapshot.columns:
        if column.name in columns:
            session._arrays["column", str(column.path), column.name] = columns[column.name]
    session.select_samples(labels == 0)
    session.set_option("embedding.method", "pca")
    models = [session.state.pinned or "", session.state.primary or ""]
    target: Path = session._projection_file(models, session.state.data or "", "pca", "features", {})
    for number in range(2):
        session._arrays["layout", str(target), number] = layout[:, :: 1 - 2 * number].copy()
    return session


@pytest.mark.timing
def test_a_brush_reaches_every_view_in_50_ms(large: Session, qtbot: QtBot) -> None:
    embedding = show(qtbot, EmbeddingPanel, large)
    kinds: tuple[type[Panel[Any]], ...] = (GeometryPanel, SamplesPanel, SelectionsPanel)
    panels = [embedding, *(show(qtbot, kind, large) for kind in kinds)]
    rest(qtbot, large)
    assert [panel.shows for panel in panels] == ["content"] * 4
    plot = embedding.planes[0].plot
    taken = []
    for turn, angle in enumerate(np.linspace(0, np.pi, 12)):
        corners = angle + np.linspace(0, 2 * np.pi, 60, endpoint=False)
        lasso = np.column_stack([np.cos(corners), np.sin(corners)]) * 4 + np.cos(angle + turn)
        start = time.perf_counter()
        plot.brushed.emit(lasso, "replace")
        count = large.state.selection.count
        while any(panel.state is None or _seen(panel.state) != count for panel in panels):
            QApplication.processEvents()
        QApplication.processEvents()  # the repaints that the states asked for
        taken.append(time.perf_counter() - start)
        assert 0 < count < SAMPLES
    median = float(np.median(taken[2:]))
    assert median < 0.05, (
        f"from the brush in the embedding to the repaint of {len(panels)} views of {SAMPLES:,} samples: "
        f"median {1000 * median:.0f} ms, {1000 * min(taken[2:]):.0f} to {1000 * max(taken[2:]):.0f}"
    )


def _seen(state: Any) -> int:
    """Return how many samples a view's state has selected."""
    if hasattr(state, "count"):
        return int(state.count)
    return int(state.total) if hasattr(state, "total") else int(state.selected.sum())
