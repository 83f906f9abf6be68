"""Two planes that show one frame."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.session import Session
from graftwork.views.embedding import EmbeddingPanel, remark
from graftwork.views.plot import Plot, roomy

from .showing import rest, show


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> EmbeddingPanel:
    return show(qtbot, EmbeddingPanel, session)


def plots(panel: EmbeddingPanel) -> tuple[Plot, Plot]:
    first, second = (plane.plot for plane in panel.planes)
    return first, second


def check_one_frame(panel: EmbeddingPanel) -> None:
    first, second = plots(panel)
    assert first.size() == second.size()
    assert first.box.size() == second.box.size()
    assert first.seen == second.seen
    assert first.box.viewPixelSize() == pytest.approx(second.box.viewPixelSize())


def zoom(plot: Plot, turns: int = 3) -> None:
    place = QPointF(plot.viewport().rect().center())
    for _ in range(turns):
        wheel = QWheelEvent(
            place,
            QPointF(plot.viewport().mapToGlobal(place.toPoint())),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(plot.viewport(), wheel)


@pytest.mark.parametrize("size", [(640, 480), (641, 480), (333, 700), (1201, 222)])
def test_the_planes_have_one_frame_around_all_points(
    panel: EmbeddingPanel, qtbot: QtBot, size: tuple[int, int]
) -> None:
    panel.resize(*size)
    qtbot.wait(20)
    check_one_frame(panel)
    bounds = panel.bounds()
    assert bounds is not None
    for plot in plots(panel):
        assert plot.seen.contains(bounds)
        assert abs(plot.seen.center().x() - bounds.center().x()) < 1e-6
        full = plot.seen.width() / roomy(bounds).width(), plot.seen.height() / roomy(bounds).height()
        assert min(full) == pytest.approx(1, rel=1e-3)  # as large as it fits


def test_a_zoom_is_kept_when_the_size_changes_and_given_up_by_a_fit(panel: EmbeddingPanel, qtbot: QtBot) -> None:
    for number in (1, 0):
        zoom(plots(panel)[number])
        check_one_frame(panel)
        seen = plots(panel)[0].seen
        panel.resize(panel.width() + 57, panel.height() - 31)
        qtbot.wait(20)
        check_one_frame(panel)
        assert plots(panel)[0].seen.contains(seen)
        assert abs(plots(panel)[1].seen.center().x() - seen.center().x()) < 1e-3 * seen.width()
        plots(panel)[1 - number].fit()
        qtbot.wait(5)
        assert not any(plot.zoomed for plot in plots(panel))
        check_one_frame(panel)
        bounds = panel.bounds()
        assert bounds is not None
        assert plots(panel)[0].seen.contains(bounds)


def test_a_long_name_does_not_widen_its_plane(session: Session, qtbot: QtBot) -> None:
    space = session.workspace
    panel = show(qtbot, EmbeddingPanel, session)
    width = panel.width()
    panel.planes[0]._name.setText("n" * 500)
    qtbot.wait(10)
    assert panel.width() == width
    assert panel.minimumSizeHint().width() < 400
    assert panel.planes[0]._name.toolTip() == "n" * 500
    check_one_frame(panel)
    assert space is session.workspace


def test_models_with_one_layout_look_identical(panel: EmbeddingPanel, session: Session, qtbot: QtBot) -> None:
    for key in list(session.loading.held):
        if isinstance(key, tuple) and key[0] == "layout" and key[2] == 1:
            session.loading.held[key] = session.loading.held[(*key[:2], 0)].copy()
    session.changed.emit("arrays")
    rest(qtbot, session)
    panel.resize(701, 431)
    qtbot.wait(20)
    first, second = (plot.grab().toImage() for plot in plots(panel))
    assert first == second


def test_a_click_on_a_class_selects_its_samples(panel: EmbeddingPanel, session: Session, qtbot: QtBot) -> None:
    assert panel.state is not None
    panel._legend.linkActivated.emit("3")
    np.testing.assert_array_equal(session.selected_mask(100), panel.state.labels == 3)
    rest(qtbot, session)
    assert panel.state.coloured == (3,)
    assert "10 classes" in panel._legend.text()


def test_another_layout_than_the_wanted_one_is_said(session: Session, qtbot: QtBot) -> None:
    def fail(payload: dict[str, str]) -> None:
        if payload["method"] == "umap":
            raise UserError("UMAP is away.", "Wait.")
        project(payload)

    project = session.desk._project  # type: ignore[union-attr]
    session.desk._project = fail  # type: ignore[union-attr]
    panel = show(qtbot, EmbeddingPanel, session)
    assert panel.state is not None
    assert panel.state.method == "pca"
    assert remark(panel.state) == "Principal components: UMAP is away. Wait."
