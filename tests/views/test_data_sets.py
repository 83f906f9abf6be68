"""Two data sets of different sizes and classes in one workspace: each view shows one of them, and all the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.session import Session
from graftwork.analysis.trials import Plan, TrialResult, Value
from graftwork.analysis.workspace import Workspace
from graftwork.views.geometry import GeometryPanel
from graftwork.views.inspector import InspectorPanel
from graftwork.views.lineage import LineagePanel
from graftwork.views.panel import Panel
from graftwork.views.points import SELECTED
from graftwork.views.samples import SamplesPanel
from graftwork.views.selections import SelectionsPanel
from graftwork.views.tradeoff import TradeoffPanel
from graftwork.views.tradeoff_figure import nothing

from .showing import VIEWS, keep_fit, mask_of, rest, show

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
WAITING = ("tradeoff", "embedding", "geometry", "samples")
RECIPE = """
[[model]]
name = "resnet8"
path = "digits-resnet8.safetensors"
[[model]]
name = "high"
path = "digits-resnet14-high.safetensors"
[[data]]
name = "test"
path = "digits"
split = "test"
normalise = "digits"
limit = 100
[measure]
data = "test"
what = ["accuracy", "cost.nominal", "geometry.margins"]
"""


@pytest.fixture(name="session")
def _session(two_session: Session) -> Session:
    return two_session


def identity(session: Session, name: str) -> str:
    return next(data.identity for data in session.snapshot.datasets if data.name == name)


def accuracies(session: Session, data: str) -> dict[str, float]:
    return {v.model: v.value for v in session.snapshot.values if v.measure == "accuracy" and v.data == data}


def drawn(panel: TradeoffPanel) -> dict[str, float]:
    assert panel.state is not None
    return {point.name: point.y for point in panel.state.points}


def switch(session: Session, name: str, qtbot: QtBot) -> None:
    session.show_data(identity(session, name))
    rest(qtbot, session)


def test_points_are_of_one_data_set(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, TradeoffPanel, session)
    assert drawn(panel) == accuracies(session, "test")
    assert len(drawn(panel)) == 7
    switch(session, "animals", qtbot)
    assert drawn(panel) == accuracies(session, "animals")
    assert set(drawn(panel)) == {"resnet8", "high"}
    assert panel.state is not None
    assert panel.state.y.label == "accuracy on animals (fraction)"
    assert panel.state.x.label == "cost.nominal.nonzeros"  # no data went into it
    session.undo()
    rest(qtbot, session)
    assert drawn(panel) == accuracies(session, "test")


def test_what_no_data_went_into_is_beside_every_data_set(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, TradeoffPanel, session)
    switch(session, "animals", qtbot)
    session.set_option("tradeoff.y", "cost.nominal.bytes")
    rest(qtbot, session)
    assert len(drawn(panel)) == 7
    assert {value.data for value in session.snapshot.values if value.measure == "cost.nominal.bytes"} == {None}


def test_an_axis_that_was_not_measured_here_says_so_until_one_comes_back(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, TradeoffPanel, session)
    session.set_option("tradeoff.y", "accuracy.class.3")
    switch(session, "animals", qtbot)
    assert panel.state is not None
    assert not panel.state.points
    assert nothing(panel.state) == "No model has both cost.nominal.nonzeros and accuracy.class.3 on animals."
    switch(session, "test", qtbot)
    assert panel.state.points
    assert panel.state.y.title == "accuracy.class.3 on test"


def test_fits_of_other_data_are_not_drawn(session: Session, qtbot: QtBot) -> None:
    keep_fit(session, data=identity(session, "test"))
    panel = show(qtbot, TradeoffPanel, session)
    assert panel.state is not None
    assert [curve.title for curve in panel.state.curves] == ["law: prune.magnitude"]
    switch(session, "animals", qtbot)
    assert not panel.state.curves


def test_the_inspector_and_the_lineage_follow(session: Session, qtbot: QtBot) -> None:
    inspector, lineage = show(qtbot, InspectorPanel, session), show(qtbot, LineagePanel, session)
    session.look("look", primary=session.snapshot.by_name["high"].identity)
    for name in ("test", "animals"):
        switch(session, name, qtbot)
        assert inspector.state is not None
        assert lineage.state is not None
        measured = {m.name: (m.value, m.reference) for m in inspector.state.measures}
        found = accuracies(session, name)
        assert measured["accuracy"] == (found["high"], found["resnet8"])
        assert "cost.nominal.nonzeros" in measured
        assert f"high   {100 * found['high']:.1f} %" in {node.text for node in lineage.state.nodes}
        assert lineage.state.data == name


def test_a_selection_stays_with_its_data_set(session: Session, qtbot: QtBot) -> None:
    shown = [show(qtbot, kind, session) for kind in (SelectionsPanel, GeometryPanel, SamplesPanel)]
    kept, geometry = (cast("Any", panel) for panel in shown[:2])  # whose states are never None here
    session.select_models([session.snapshot.models[0].identity])
    session.select_samples(mask_of(9))
    session.keep_selection("nine")
    switch(session, "animals", qtbot)
    assert session.state.selection.count == 0
    assert len(session.state.selection.models) == 1
    assert len(geometry.state.labels) == 24
    assert kept.state.kept == ()
    session.select_samples(mask_of(4, 24))
    session.keep_selection("nine")
    rest(qtbot, session)
    assert geometry.state.selected.sum() == 4
    assert set(geometry.state.classes) == {"cat", "dog", "owl"}
    session.forget_selection("nine")
    session.undo()
    session.undo()
    rest(qtbot, session)
    assert session.state.selection.count == 9
    assert len(geometry.state.labels) == 100
    assert kept.state.kept == (("nine", 9),)
    assert geometry.state.classes == tuple("0123456789")


def test_samples_of_another_data_set_are_not_selected(session: Session) -> None:
    session.select_samples(mask_of(3), data=identity(session, "animals"))
    assert session.state.selection.count == 0


def test_the_accuracy_of_the_selected_is_of_the_shown_data(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, TradeoffPanel, session)
    session.set_option("tradeoff.y", SELECTED)
    switch(session, "animals", qtbot)
    assert drawn(panel) == pytest.approx(accuracies(session, "animals"))


@pytest.mark.parametrize("info", VIEWS, ids=lambda info: info.id)
def test_a_view_names_its_data_set(info: Any, session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, info.panel, session)
    switch(session, "animals", qtbot)
    named = [label.text() for label in panel.findChildren(QLabel) if label.text() == "on animals"]
    assert bool(named) == info.of_data == (info.id not in ("jobs", "fits", "tradeoff"))


@pytest.mark.parametrize("view", ["tradeoff", "lineage", "embedding", "geometry"])
def test_a_figure_names_its_data_set(view: str, session: Session, qtbot: QtBot, tmp_path: Path) -> None:
    info = next(info for info in VIEWS if info.id == view)
    panel = show(qtbot, info.panel, session)
    switch(session, "animals", qtbot)
    assert "on animals" in info.save_figure(panel.state, tmp_path / "a.svg").read_text()
    assert f"data={identity(session, 'animals')!r}" in panel.as_python()


def test_seeds_of_the_measures_stay_apart(session: Session, qtbot: QtBot) -> None:
    record = next(
        t for t in session.snapshot.trials if t.model == "high" and t.spec.data and t.spec.data.name == "test"
    )
    before = accuracies(session, "test")["high"]
    again = record.spec.replaced(seed=7)
    space = session.workspace
    space.add_plan(Plan(title="Another seed", trials=(again,)), "")
    value = Value(measure="accuracy", value=0.125, low=0.1, high=0.2, unit="fraction")
    space.finish(TrialResult(trial=again.identity, values=(value,), columns={}, checkpoint=None, facts={}, seconds=1))
    session.refresh()
    panel = show(qtbot, TradeoffPanel, session)
    assert panel.state is not None
    (both,) = [point for point in panel.state.points if point.name == "high, 2 seeds"]
    assert (both.y_low, both.y_high) == (0.125, before)
    session.set_option("tradeoff.seeds", "apart")
    session.look("look", primary=session.snapshot.by_name["high"].identity)
    rest(qtbot, session)
    assert drawn(panel)["high, measured with seed 7"] == 0.125
    assert drawn(panel)["high, measured with seed 0"] == before
    inspector = show(qtbot, InspectorPanel, session)
    assert inspector.state is not None
    measured = {m.name: m.value for m in inspector.state.measures}
    assert (measured["accuracy, seed 0"], measured["accuracy, seed 7"]) == (before, 0.125)


@pytest.fixture
def running(tmp_path: Path, attach: Callable[[Any], Any]) -> Iterator[tuple[Session, Callable[[], None]]]:
    """Return a session whose first trial is running, and what ends that trial."""
    made = plan(anchored(parse_recipe(RECIPE), DEMO))
    with Workspace.create(tmp_path / "new.graft") as space:
        space.add_plan(made, "")
        session = attach(space)
        session.engine.running = True
        session.refresh()
        first = made.trials[0]
        space.begin(first.identity)
        yield session, lambda: space.finish(Runner(space.path, torch.device("cpu")).run(first, Quiet()))
        session.close()


def test_a_click_before_the_first_trial_ends_blinds_no_view(
    running: tuple[Session, Callable[[], None]], qtbot: QtBot
) -> None:
    session, end = running
    kinds: list[type[Panel[Any]]] = [info.panel for info in VIEWS if info.id in WAITING]
    panels = [show(qtbot, kind, session) for kind in kinds]
    assert [panel.shows for panel in panels] == ["busy"] * len(panels)
    lineage = show(qtbot, LineagePanel, session)
    lineage.graph.picked.emit(session.snapshot.models[0].identity, "replace")
    rest(qtbot, session)
    assert [panel.shows for panel in panels] == ["busy"] * len(panels)
    end()
    qtbot.waitUntil(lambda: session.state.data is not None)
    session.select_samples(np.arange(100) < 5)
    rest(qtbot, session)
    assert [panel.shows for panel in panels] == ["content"] * len(panels)
    assert session.history.undoes == "select samples"


def test_what_was_stopped_is_not_waited_for(running: tuple[Session, Callable[[], None]], qtbot: QtBot) -> None:
    session, _ = running
    session.look("look", primary=session.snapshot.models[0].identity)
    panel = show(qtbot, GeometryPanel, session)
    assert panel.shows == "busy"
    session.engine.running = False  # type: ignore[union-attr, misc]
    session.changed.emit("jobs")
    rest(qtbot, session)
    assert panel.shows == "empty"
