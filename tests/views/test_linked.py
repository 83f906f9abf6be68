"""Linked brushing: a gesture in one view is seen in all others."""

import numpy as np
import pytest
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.views.embedding import EmbeddingPanel
from graftwork.views.geometry import GeometryPanel
from graftwork.views.samples import SamplesPanel
from graftwork.views.selections import SelectionsPanel

from .showing import around, mask_of, rest, show


def worst(session: Session) -> str:
    """Return the model with the most mistakes."""
    table = {name: rows[0].values for name, rows in session.shown.by_model.items()}
    return min(session.snapshot.models, key=lambda m: table[m.name]["accuracy"].value).identity


@pytest.fixture
def mistaken(session: Session) -> Session:
    """Look at a model that gets some samples wrong."""
    session.look("look", primary=worst(session))
    return session


def test_one_model_has_one_plane(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, EmbeddingPanel, session)
    session.look("pin", pinned=session.state.primary)
    rest(qtbot, session)
    assert [plane.isVisible() for plane in panel.planes] == [True, False]


def test_the_layout_is_chosen_and_undone(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, EmbeddingPanel, session)
    assert panel.state is not None
    assert (panel.state.method, panel.state.pending) == ("umap", False)
    umap = panel.state.layouts[0]
    panel._method.textActivated.emit("pca")
    rest(qtbot, session)
    assert panel.state.method == "pca"
    np.testing.assert_array_equal(panel.state.layouts[0], -umap)  # the still worker's two layouts
    session.undo()
    rest(qtbot, session)
    assert panel.state.method == panel._method.currentText() == "umap"


def test_a_layout_of_a_part_says_so(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, EmbeddingPanel, session)
    assert panel._pending.text() == ""
    for key, layout in list(session.loading.held.items()):
        if isinstance(key, tuple) and key[0] == "layout":
            session.loading.held[key] = np.where(np.arange(100)[:, None] < 30, layout, np.nan).astype(np.float32)
    session.changed.emit("arrays")
    rest(qtbot, session)
    assert panel._pending.text() == "30 of 100 samples, drawn at random"
    plane = panel.planes[0]
    assert plane.cloud.bounds() is not None
    everything = np.array([[-1e9, -1e9], [1e9, -1e9], [1e9, 1e9], [-1e9, 1e9]])
    assert plane.cloud.within(everything).sum() == 30


def test_a_brush_in_the_embedding_reaches_all(session: Session, qtbot: QtBot) -> None:
    embedding = show(qtbot, EmbeddingPanel, session)
    geometry, samples = show(qtbot, GeometryPanel, session), show(qtbot, SamplesPanel, session)
    selections = show(qtbot, SelectionsPanel, session)
    assert embedding.state is not None
    layout = embedding.state.layouts[1]
    middle = np.median(layout, axis=0)
    half = layout[(layout < middle).all(axis=1)]
    embedding.planes[1].plot.brushed.emit(around(half), "replace")
    chosen = session.selected_mask(100)
    assert chosen[(layout < middle).all(axis=1)].all()
    assert 0 < chosen.sum() < 100
    rest(qtbot, session)
    assert geometry.state is not None
    assert samples.state is not None
    assert selections.state is not None
    np.testing.assert_array_equal(embedding.state.selected, chosen)
    np.testing.assert_array_equal(geometry.state.selected, chosen)
    assert set(samples.state.samples) == set(np.flatnonzero(chosen))
    assert selections.state.count == chosen.sum()
    assert f"{chosen.sum()} of 100 samples" in selections._current.text()
    for plane in embedding.planes:
        np.testing.assert_array_equal(plane.cloud._mask, chosen)


def test_shift_adds_and_escape_clears(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, EmbeddingPanel, session)
    session.select_samples(mask_of(10))
    panel.brush(np.arange(100) >= 90, "add")
    assert session.state.selection.count == 20
    panel.planes[0].plot.cancel()
    assert session.state.selection.count == 0
    session.undo()
    assert session.state.selection.count == 20


def test_below_zero_are_exactly_the_mistakes(mistaken: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, GeometryPanel, mistaken)
    assert panel.state is not None
    prediction, labels = mistaken.column(mistaken.state.primary, "prediction"), mistaken.labels()
    rest(qtbot, mistaken)
    prediction = mistaken.column(mistaken.state.primary, "prediction")
    assert prediction is not None
    wrong = prediction != labels
    assert 0 < wrong.sum() < 100
    low = float(panel.state.margin.min()) - 1
    brush = np.array([(low, 0.0), (-1e-9, 0.0), (-1e-9, 9.0), (low, 9.0)])
    panel.margin_plot.brushed.emit(brush, "replace")
    np.testing.assert_array_equal(mistaken.selected_mask(100), wrong)


def test_the_histogram_counts_every_sample(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, GeometryPanel, session)
    assert panel.state is not None
    session.select_samples(mask_of(40))
    rest(qtbot, session)
    assert panel._all.opts["height"].sum() == 100
    assert panel._chosen.opts["height"].sum() == 40
    assert panel._reference.isVisible()
    assert panel.state.reference_name == "resnet8"


def test_the_cloud_of_the_geometry_brushes(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, GeometryPanel, session)
    assert panel.state is not None
    places = np.column_stack([panel.state.angle, panel.state.norm])
    panel.cloud_plot.brushed.emit(around(places[:1]), "replace")
    assert session.selected_mask(100)[0]
    panel.margin_plot.cleared.emit()
    assert session.state.selection.count == 0


def test_samples_tell_what_was_predicted(mistaken: Session, qtbot: QtBot) -> None:
    mistaken.select_samples(mask_of(100))
    panel = show(qtbot, SamplesPanel, mistaken)
    state = panel.state
    assert state is not None
    model = panel.findChildren(QListView)[0].model()
    wrong = np.flatnonzero(state.predictions != state.labels)
    assert wrong.size
    row = int(wrong[0])
    assert f"\n→ {state.classes[state.predictions[row]]}" in model.index(row, 0).data()
    right = np.flatnonzero((state.predictions == state.labels) & (state.reference == state.labels))
    assert model.index(int(right[0]), 0).data() == state.classes[state.labels[right[0]]]
    assert model.rowCount() == len(state.samples) == 100


@pytest.mark.parametrize("width", [200, 376, 700])
def test_columns_of_samples_fill_the_width_and_hold_the_longest_name(
    mistaken: Session, qtbot: QtBot, width: int
) -> None:
    mistaken.select_samples(mask_of(100))
    panel = show(qtbot, SamplesPanel, mistaken)
    panel.resize(width, 300)
    (gallery,) = panel.findChildren(QListView)
    gallery.doItemsLayout()
    assert panel.state is not None
    cell, room = gallery.gridSize().width(), gallery.viewport().width()
    widest = max(gallery.fontMetrics().horizontalAdvance(f"→ {name}") for name in panel.state.classes)
    shown = [gallery.visualRect(gallery.model().index(row, 0)) for row in range(100)]
    columns = len({rect.center().x() for rect in shown})
    assert columns == room // cell > 1
    assert min(rect.width() for rect in shown) >= widest
    assert room - columns * cell < columns + 2


def test_the_worst_margin_comes_first(mistaken: Session, qtbot: QtBot) -> None:
    mistaken.select_samples(mask_of(50))
    panel = show(qtbot, SamplesPanel, mistaken)
    rest(qtbot, mistaken)
    mistaken.changed.emit("arrays")
    rest(qtbot, mistaken)
    margin = mistaken.column(mistaken.state.primary, "geometry.margins.margin")
    assert panel.state is not None
    assert margin is not None
    assert (np.diff(margin[panel.state.samples]) >= 0).all()


def test_without_a_selection_the_disagreements_are_shown(mistaken: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, SamplesPanel, mistaken)
    assert panel.state is not None
    assert not panel.state.selection
    assert (panel.state.predictions != panel.state.reference).all()
    assert "where the models disagree" in panel._count.text()


def test_nothing_selected_and_nothing_disputed(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, SamplesPanel, session)
    session.look("pin", pinned=session.state.primary)
    rest(qtbot, session)
    assert panel.shows == "empty"
    assert panel._notice.notice.sentence == "No sample is selected."
    assert panel._count.text() == ""


@pytest.fixture
def kept(session: Session, qtbot: QtBot) -> SelectionsPanel:
    """Keep the first thirty samples; select those from 20 on to 50."""
    panel = show(qtbot, SelectionsPanel, session)
    session.select_samples(mask_of(30))
    rest(qtbot, session)
    panel._name.setText(" first thirty ")
    panel._keep.click()
    rest(qtbot, session)
    session.select_samples(mask_of(50) & ~mask_of(20))
    rest(qtbot, session)
    return panel


def test_a_selection_is_kept(kept: SelectionsPanel, session: Session) -> None:
    assert kept.state is not None
    assert kept.state.kept == (("first thirty", 30),)
    assert kept._list.item(0).text() == "first thirty   30"
    assert kept._name.text() == ""
    assert [record.name for record in session.workspace.selections()] == ["first thirty"]


@pytest.mark.parametrize(("number", "low", "high"), [(0, 0, 50), (1, 20, 30), (2, 30, 50)])
def test_set_algebra(kept: SelectionsPanel, session: Session, qtbot: QtBot, number: int, low: int, high: int) -> None:
    kept._buttons[number].click()
    qtbot.waitUntil(lambda: session.state.selection.count == high - low)
    assert np.flatnonzero(session.selected_mask(100)).tolist() == list(range(low, high))
    session.undo()
    assert session.state.selection.count == 30
    assert session.selected_mask(100)[20:50].all()


def test_a_kept_selection_is_recalled(kept: SelectionsPanel, session: Session, qtbot: QtBot) -> None:
    kept._list.itemActivated.emit(kept._list.item(0))
    qtbot.waitUntil(lambda: bool(session.selected_mask(100)[:30].all()))
    assert session.state.selection.count == 30


def test_nothing_is_kept_without_a_name_or_a_selection(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, SelectionsPanel, session)
    assert not panel._keep.isEnabled()
    session.select_samples(mask_of(2))
    rest(qtbot, session)
    assert panel._keep.isEnabled()
    panel._keep.click()
    rest(qtbot, session)
    assert session.workspace.selections() == []


def test_a_selection_is_renamed_and_deleted(kept: SelectionsPanel, session: Session, qtbot: QtBot) -> None:
    def names() -> list[str]:
        return [record.name for record in session.workspace.selections()]

    dialog = kept.rename()
    assert dialog is not None
    assert dialog.textValue() == "first thirty"
    dialog.setTextValue("the first ones")
    dialog.accept()
    qtbot.waitUntil(lambda: names() == ["the first ones"])
    qtbot.waitUntil(lambda: kept._marked() == "the first ones")
    kept._changes[1].trigger()
    qtbot.waitUntil(lambda: names() == [])


def test_a_refused_change_is_said(session: Session, qtbot: QtBot) -> None:
    session.rename_selection("none such", "another")
    qtbot.waitUntil(lambda: session.message is not None)
    assert "none such" in str(session.message)
