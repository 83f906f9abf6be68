import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.analysis.trials import (
    Answer,
    DerivedModel,
    Plan,
    Proposal,
    Proposed,
    SearchSpec,
    TrialResult,
    Value,
)
from graftwork.kernels.frontier import pareto_front_reference
from graftwork.views.points import SELECTED, Point, preferred
from graftwork.views.tradeoff import TradeoffPanel

from .showing import around, rest, show

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> TradeoffPanel:
    return show(qtbot, TradeoffPanel, session)


def points(panel: TradeoffPanel) -> tuple[Point, ...]:
    assert panel.state is not None
    return panel.state.points


def click(qtbot: QtBot, panel: TradeoffPanel, point: Point, modifiers: Qt.KeyboardModifier = NONE) -> None:
    plot = panel.plot
    place: QPoint = plot.mapFromScene(plot.box.mapViewToScene(QPointF(point.x, point.y)))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, modifiers, place)
    qtbot.wait(20)


def alone(panel: TradeoffPanel, operation: str) -> Point:
    """Return a point of that operation that no other covers."""
    places = [(p.x, p.y) for p in points(panel)]
    return next(p for p in points(panel) if p.operation == operation and places.count((p.x, p.y)) == 1)


def test_every_measured_model_is_a_point(panel: TradeoffPanel, session: Session) -> None:
    assert {p.name for p in points(panel)} == {m.name for m in session.snapshot.models}
    assert len(points(panel)) == 7
    for point in points(panel):
        assert point.y_low <= point.y <= point.y_high


def test_the_front_is_what_nothing_beats(panel: TradeoffPanel) -> None:
    assert panel.state is not None
    values = np.array([(p.x, p.y) for p in points(panel)])
    expected = np.flatnonzero(pareto_front_reference(values, ("lower", "higher")))
    assert sorted(panel.state.front) == expected.tolist()
    x, y = panel._front.getData()
    drawn = sorted(zip(x.tolist(), y.tolist(), strict=True))
    assert drawn == sorted(map(tuple, values[expected].tolist()))


def test_a_click_looks_at_a_model(panel: TradeoffPanel, session: Session, qtbot: QtBot) -> None:
    point = alone(panel, "merge.linear")
    click(qtbot, panel, point)
    assert session.state.primary == point.identity
    assert session.state.selection.models == frozenset()


def test_a_click_with_shift_adds_to_the_selection(panel: TradeoffPanel, session: Session, qtbot: QtBot) -> None:
    looked = session.state.primary
    first = session.snapshot.models[-1].identity
    session.select_models([first])
    rest(qtbot, session)
    point = next(p for p in points(panel) if p.operation == "prune.magnitude" and p.identity != first)
    click(qtbot, panel, point, SHIFT)
    assert session.state.selection.models == {first, point.identity}
    assert session.state.primary == looked


def test_a_brush_moves_the_points_to_the_accuracy_of_what_it_selects(
    panel: TradeoffPanel, session: Session, qtbot: QtBot
) -> None:
    before = {p.name: (p.y, p.y_low, p.y_high) for p in points(panel)}
    session.set_option("tradeoff.y", SELECTED)
    rest(qtbot, session)
    assert {p.name: (p.y, p.y_low, p.y_high) for p in points(panel)} == before
    labels = session.labels()
    assert labels is not None
    session.select_samples(labels == 3)
    rest(qtbot, session)
    table = {name: rows[0].values for name, rows in session.shown.by_model.items()}
    for point in points(panel):
        assert point.y == pytest.approx(table[point.name]["accuracy.class.3"].value)
    assert panel.state is not None
    assert panel.state.y.label == "Accuracy on the selected samples of test (fraction)"


def test_an_axis_is_changed_and_changed_back(panel: TradeoffPanel, session: Session, qtbot: QtBot) -> None:
    assert panel.state is not None
    box = panel.findChildren(QComboBox)[0]
    assert box.currentText() == panel.state.y.name == "accuracy"
    box.setCurrentText("loss")
    box.textActivated.emit("loss")
    rest(qtbot, session)
    assert panel.state.y.name == "loss"
    assert "oss" in panel.plot.getAxis("left").labelText
    session.undo()
    rest(qtbot, session)
    assert panel.state.y.name == box.currentText() == "accuracy"


def test_the_front_follows_what_is_good(panel: TradeoffPanel, session: Session, qtbot: QtBot) -> None:
    session.catalogue = session.desk.submit("catalogue").result()  # type: ignore[union-attr]
    session.set_option("tradeoff.y", "loss")
    rest(qtbot, session)
    assert panel.state is not None
    assert panel.state.y.better == "lower"
    values = np.array([(p.x, p.y) for p in points(panel)])
    expected = np.flatnonzero(pareto_front_reference(values, ("lower", "lower")))
    assert sorted(panel.state.front) == expected.tolist()


def test_a_brush_selects_models(panel: TradeoffPanel, session: Session, qtbot: QtBot) -> None:
    point = points(panel)[0]
    panel.plot.brushed.emit(around(np.array([(point.x, point.y)])), "replace")
    expected = {p.identity for p in points(panel) if abs(p.x - point.x) < 1e-3 and abs(p.y - point.y) < 1e-3}
    assert session.state.selection.models == expected
    everything = around(np.array([(p.x, p.y) for p in points(panel)]))
    panel.plot.brushed.emit(everything, "remove")
    assert session.state.selection.models == frozenset()
    panel.plot.brushed.emit(everything, "add")
    assert len(session.state.selection.models) == 7
    panel.plot.cancel()
    assert not session.state.selection.models


def test_the_front_grows_while_a_search_runs(panel: TradeoffPanel, session: Session, qtbot: QtBot) -> None:
    space = session.workspace
    base = next(record.spec for record in space.trials() if record.model == "resnet8")
    parameters = {"amount": 0.99, "scope": "global", "granularity": "element", "norm": "l1"}
    model = DerivedModel(
        name="searched", method="prune.magnitude", version=1, parameters=parameters, parents=(base.model.identity,)
    )
    trial = base.replaced(model=model, inputs={base.model.identity: base.model})
    spec = SearchSpec(identity="s", measures=("accuracy",), trials=1)
    space.add_plan(Plan(title="Searching", trials=(base,), search=spec), "title = 'Searching'")
    proposed = (Proposed(point={"cut.amount": 0.99}, trials=(trial.identity,)),)
    plan = Plan(title="Searching", trials=(trial,))
    space.add_proposal("s", Proposal(answer=Answer(sentence="Nothing yet."), points=proposed, plan=plan))
    values = (Value(measure="accuracy", value=0.999), Value(measure="cost.nominal.nonzeros", value=10.0))
    space.finish(TrialResult(trial=trial.identity, values=values, columns={}, checkpoint=None, facts={}, seconds=1))
    qtbot.waitUntil(lambda: "searched" in {point.name for point in points(panel)})
    assert panel.state is not None
    assert [points(panel)[place].name for place in panel.state.front] == ["searched"]


def test_an_axis_is_not_the_other_one_while_there_is_a_choice() -> None:
    macs = "cost.nominal.macs"
    assert preferred(("accuracy", "loss"), (macs,), beside="accuracy") == "loss"
    assert preferred(("accuracy",), (macs,), beside="accuracy") == "accuracy"
    assert preferred(("loss", macs), (macs,), beside="loss") == macs
    assert preferred((), (), beside="loss") is None
