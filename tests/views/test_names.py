"""Values of other parameters or another reference are told apart wherever the window shows them."""

from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from graftwork.analysis.catalogue import Catalogue, Entry, Quantity
from graftwork.analysis.session import Session
from graftwork.analysis.trials import MeasureSpec, Plan, Trial, TrialResult, Value
from graftwork.views.inspector import InspectorPanel
from graftwork.views.parts import choice_box
from graftwork.views.tradeoff import TradeoffPanel, draw, table

from .showing import rest, show

TOPK, FLIPS = "accuracy.topk", "compare.flips.negative"
ENTRY = Entry(
    id=TOPK,
    title="Top-k",
    kind="measure",
    summary="",
    citation="",
    version=3,
    parameter_schema={},
    quantities=(Quantity(name=TOPK, title="Top-k accuracy", unit="fraction", better="higher"),),
)


def measure(session: Session, k: int, reference: str) -> None:
    """Measure two models with one k, and compare them with a reference."""
    space = session.workspace
    specs = {record.model: record.spec for record in space.trials()}
    other = specs[reference].model
    measures = (
        MeasureSpec(measure=TOPK, version=3, parameters={"k": k}),
        MeasureSpec(measure="compare.flips", version=4),
    )
    trials = []
    for name in ("resnet8", "high"):
        model, data = specs[name].model, specs[name].data
        inputs = {other.identity: other}
        trials.append(Trial(model=model, inputs=inputs, data=data, measures=measures, reference=other.identity))
    space.add_plan(Plan(title="more", trials=tuple(trials)), "")
    for trial in trials:
        values = (Value(measure=TOPK, value=k / 4, unit="fraction"), Value(measure=FLIPS, value=0.01 * k))
        plain: dict[str, Any] = {"columns": {}, "checkpoint": None, "facts": {}, "seconds": 1}
        space.finish(TrialResult(trial=trial.identity, values=values, compared=frozenset({FLIPS}), **plain))


@pytest.fixture(name="session")
def several_ways(session: Session) -> Session:
    for k, reference in ((2, "resnet8"), (3, "high")):
        measure(session, k, reference)
    session.learn(Catalogue(entries=(ENTRY,)))
    session.refresh()
    return session


def offered(panel: TradeoffPanel, axis: str) -> set[str]:
    box = panel._boxes[axis]
    return {box.itemText(place) for place in range(box.count())}


def test_axes_choosers_and_tables_tell_them_apart(session: Session, qtbot: QtBot) -> None:
    session.set_option("tradeoff.x", f"{TOPK} (k = 3)")
    session.set_option("tradeoff.y", f"{FLIPS} (against resnet8)")
    panel = show(qtbot, TradeoffPanel, session)
    assert panel.state is not None
    names = {f"{TOPK} (k = {k})" for k in (2, 3)} | {f"{FLIPS} (against {name})" for name in ("resnet8", "high")}
    assert names <= offered(panel, "x") & offered(panel, "y")
    assert {(point.x, point.y) for point in panel.state.points} == {(0.75, 0.02)}
    assert panel.state.x.label == "Top-k accuracy (k = 3) on test (fraction)"
    titles = table(panel.state).columns
    assert (titles[2], titles[5]) == ("Top-k accuracy (k = 3) on test", f"{FLIPS} (against resnet8) on test")
    assert f"{TOPK} (k = 3)" in panel._boxes["x"].toolTip()


def test_an_older_choice_means_the_only_way_and_where_there_are_several_it_names_them(
    session: Session, qtbot: QtBot
) -> None:
    session.set_option("tradeoff.y", FLIPS)
    panel = show(qtbot, TradeoffPanel, session)
    assert panel.state is not None
    assert not panel.state.points
    assert f"Choose one: {FLIPS} (against resnet8); {FLIPS} (against high)." in panel._legend.text()
    with pytest.raises(Exception, match="was measured in several ways"):
        draw(None, panel.state)  # type: ignore[arg-type]
    panel._boxes["y"].textActivated.emit(f"{FLIPS} (against high)")
    rest(qtbot, session)
    assert {point.y for point in panel.state.points} == {0.03}


def test_the_inspector_has_a_row_for_each(session: Session, qtbot: QtBot) -> None:
    session.look("look", primary=session.snapshot.by_name["high"].identity)
    panel = show(qtbot, InspectorPanel, session)
    shown = {panel._measures.model().index(row, 0).data() for row in range(panel._measures.model().rowCount())}
    assert {"topk (k = 2)", "topk (k = 3)", "negative (against resnet8)", "negative (against high)"} <= shown


def _drawn(box: QComboBox, name: str) -> object:
    box.setCurrentText(name)
    return box.grab().toImage()


def test_long_names_are_told_apart_in_a_box_and_never_widen_it(qtbot: QtBot) -> None:
    box = choice_box(None)  # type: ignore[arg-type]
    qtbot.addWidget(box)
    width = box.sizeHint().width()
    names = [f"robustness.corruptions.accuracy{'.fog' * 40} (severities = [{level}])" for level in (1, 2)]
    box.addItems(names)
    box.show()
    box.resize(width, box.height())
    assert box.sizeHint().width() == width
    assert _drawn(box, names[0]) != _drawn(box, names[1])
    box.showPopup()
    assert box.view().width() < 500
    box.hidePopup()
