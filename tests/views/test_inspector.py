from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.session import Session
from graftwork.views.inspector import InspectorPanel, InspectorState, resolve, table
from graftwork.views.notice import Notice
from graftwork.views.tradeoff import resolve as tradeoff
from graftwork.views.tradeoff import table as tradeoff_table

from .showing import rest, show


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> InspectorPanel:
    return show(qtbot, InspectorPanel, session)


def look_at(session: Session, part: str, qtbot: QtBot) -> str:
    model = next(m for m in session.snapshot.models if part in m.name)
    session.look("look", primary=model.identity)
    rest(qtbot, session)
    return model.identity


def test_facts_say_how_it_was_made(panel: InspectorPanel, session: Session, qtbot: QtBot) -> None:
    look_at(session, "merged", qtbot)
    assert panel.state is not None
    facts = panel.state.facts
    assert ("Operation", "merge.linear") in facts
    assert [text for name, text in facts if name == "Parent"] == ["low", "middle", "high"]
    shown = {label.text() for label in panel.findChildren(QLabel)}
    assert {"Operation", "merge.linear", "middle"} <= shown


def test_measures_stand_beside_the_references(panel: InspectorPanel, session: Session) -> None:
    assert panel.state is not None
    table = {name: rows[0].values for name, rows in session.shown.by_model.items()}
    accuracy = next(m for m in panel.state.measures if m.name == "accuracy")
    assert accuracy.value == table[panel.state.name]["accuracy"].value
    assert accuracy.reference == table["resnet8"]["accuracy"].value
    assert panel.state.pinned == "resnet8"
    assert panel._measures.model().rowCount() == sum(".class." not in m.name for m in panel.state.measures)


def test_a_note_is_saved_and_stays_with_its_model(panel: InspectorPanel, session: Session, qtbot: QtBot) -> None:
    first = look_at(session, "low", qtbot)
    panel._notes.setPlainText("cut this one")
    second = look_at(session, "high", qtbot)  # at once, before the note has settled
    assert session.note(first) == "cut this one"
    assert session.note(second) == panel._notes.toPlainText() == ""
    look_at(session, "low", qtbot)
    assert panel._notes.toPlainText() == "cut this one"


def test_a_note_is_saved_after_a_pause(panel: InspectorPanel, session: Session, qtbot: QtBot) -> None:
    first = look_at(session, "low", qtbot)
    panel._settled.setInterval(10)
    panel._notes.setPlainText("later")
    qtbot.waitUntil(lambda: session.note(first) == "later")


def test_a_failure_is_told(panel: InspectorPanel, session: Session, qtbot: QtBot) -> None:
    snapshot = session.snapshot
    trial = next(t for t in snapshot.trials if t.spec.model.identity == session.state.primary)
    failed = trial.replaced(state="failed", problem="It broke.", next_step="Mend it.")
    session.snapshot = replace(snapshot, trials=(failed,))
    session.changed.emit("records")
    rest(qtbot, session)
    assert panel._problem.isVisible()
    assert panel._problem.text() == "It broke. Mend it."


def test_what_is_remarked_stands_in_the_table(panel: InspectorPanel, session: Session, qtbot: QtBot) -> None:
    snapshot = session.snapshot
    values = tuple(value.replaced(remarks=("Nobody looked.",)) if value.data else value for value in snapshot.values)
    session.snapshot = replace(snapshot, values=values)
    session.changed.emit("records")
    rest(qtbot, session)
    assert panel.state is not None
    assert {row[-1] for row in table(panel.state).rows} == {"Nobody looked."}
    assert not panel._problem.isVisible()
    trade = tradeoff(session)
    assert not isinstance(trade, Notice)
    assert {row[-1] for row in tradeoff_table(trade).rows} == {"Nobody looked."}


def test_a_long_path_is_shortened_and_its_tooltip_is_whole(
    panel: InspectorPanel, session: Session, qtbot: QtBot
) -> None:
    identity = look_at(session, "merged", qtbot)
    labels = panel.findChildren(QLabel)
    (shown,) = (label for label in labels if label.toolTip().endswith(f"{identity}.safetensors"))
    assert len(shown.text()) < 33
    assert shown.text().startswith(identity[:8])


def test_the_file_is_told_once_the_worker_has_read_it(panel: InspectorPanel, session: Session, qtbot: QtBot) -> None:
    look_at(session, "0.7", qtbot)
    assert panel.state is not None
    facts = dict(panel.state.facts)
    assert facts["Zeros"].startswith("70")
    assert facts["Numbers"].endswith("int64") or "float32" in facts["Numbers"]
    assert facts["Weights"].startswith("norm ")
    assert len(facts["Content"]) == 32


def test_waiting_for_the_file_and_its_trouble_are_said(
    panel: InspectorPanel, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[object] = [None, UserError("It is gone.", "Put it back.")]
    monkeypatch.setattr(session, "about", lambda *_: answers.pop(0))
    for said in ("reading the file …", "It is gone. Put it back."):
        found = resolve(session)
        assert isinstance(found, InspectorState)
        assert ("Content", said) in found.facts


def test_a_claim_that_disagrees_is_marked_in_words(
    panel: InspectorPanel, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = {"license": "mit", "claims": [{"dataset": "digits", "metric": "acc", "value": 12.5}]}
    monkeypatch.setattr(session, "about", lambda *_: {"card": card, "metadata": {}})
    look_at(session, "low", qtbot)
    texts = {label.text(): label.objectName() for label in panel.findChildren(QLabel)}
    (said,) = (text for text in texts if text.startswith("acc on digits 12.5 %; measured on test"))
    assert "disagrees: measured" in said
    assert texts[said] == "notice-error"
    assert "mit" in texts
