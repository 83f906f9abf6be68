from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.session import Session
from graftwork.analysis.trials import Answer
from graftwork.analysis.workspace import SearchRecord
from graftwork.views.jobs import JobsPanel, JobsState, TrialRow, headline, tallied, time_left

from .showing import rest, show

IDLE = JobsState(
    "", "", None, None, 0, (), running=False, waiting=0, problem="", read_only=False, devices="CPU, 2 threads"
)
DONE = TrialRow("a", "resnet8", "done", 1.0, "")
FAILED = TrialRow("b", "low", "failed", None, "It broke.")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Nothing has been run yet"),
        ({"rows": (DONE,)}, "1 of 1 trial done"),
        ({"rows": (DONE, FAILED)}, "1 of 2 trials done, 1 failed"),
        ({"running": True}, "Starting the worker …"),
        ({"running": True, "title": "low"}, "low"),
        ({"running": True, "title": "low", "note": "Loss", "rows": (DONE, FAILED)}, "low – Loss   1 of 2"),
        ({"running": True, "title": "low", "others": 2}, "low and 2 more"),
        ({"problem": "There is no model 'x'.", "title": "low"}, "There is no model 'x'."),
    ],
)
def test_headlines(changes: dict[str, Any], text: str) -> None:
    assert headline(replace(IDLE, **changes)) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (0.4, "0:00 left"), (59.9, "0:59 left"), (61, "1:01 left")])
def test_time_left(seconds: float | None, text: str) -> None:
    assert time_left(seconds) == text


def test_what_runs_comes_first(session: Session, qtbot: QtBot) -> None:
    trials = list(session.snapshot.trials)
    trials[3] = trials[3].replaced(state="failed", problem="It broke.", next_step="Mend it.")
    trials[5] = trials[5].replaced(state="running")
    session.snapshot = replace(session.snapshot, trials=tuple(trials))
    panel = show(qtbot, JobsPanel, session)
    assert panel.state is not None
    assert [row.state for row in panel.state.rows] == ["running", "failed", *["done"] * 5]
    assert panel.state.rows[1].problem == "It broke. Mend it."


def test_a_running_job_has_a_bar_and_is_stopped(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, JobsPanel, session)
    assert not panel._bar.isVisible()
    assert not panel._stop.isVisible()
    engine: Any = session.engine
    engine.running = True
    job = SimpleNamespace(title="low", progress=SimpleNamespace(note="Loss", done=1.0, total=4.0), seconds_left=75.0)
    engine.jobs = (job,)
    engine.changed.emit()
    rest(qtbot, session)
    assert panel._bar.isVisible()
    assert panel._bar.value() == 250
    assert panel._left.text() == "1:15 left"
    assert panel._title.text() == "low – Loss   7 of 7"
    with qtbot.waitSignal(panel.command_wanted) as wanted:
        panel._stop.click()
    assert wanted.args == ["run.stop"]
    assert panel._stop.text() == "Stop"


def test_a_refusal_is_told(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, JobsPanel, session)
    engine: Any = session.engine
    engine.refused.emit(UserError("There is no model 'x'.", "Mend its name."))
    rest(qtbot, session)
    assert panel._title.text().startswith("There is no model 'x'.")


def test_what_waits_can_be_resumed(session: Session, qtbot: QtBot) -> None:
    trials = tuple(t.replaced(state="pending") for t in session.snapshot.trials)
    session.snapshot = replace(session.snapshot, trials=trials)
    panel = show(qtbot, JobsPanel, session)
    with qtbot.waitSignal(panel.command_wanted) as wanted:
        panel._stop.click()
    assert wanted.args == ["run.resume"]


def test_what_the_latest_search_found_stands_below_the_bar_with_its_doubts(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, JobsPanel, session)
    assert not panel._answer.isVisible()
    answer = Answer(sentence="net/cut is the smallest.", remarks=("The interval straddles the bound.",))
    found = [
        SearchRecord(search=name, run=run, title="", recipe="", folder=Path(), trials=3, answer=said, finished=True)
        for run, (name, said) in enumerate({"old": Answer(sentence="Nothing."), "new": answer}.items())
    ]
    session.snapshot = replace(session.snapshot, searches=tuple(found))
    session.changed.emit("records")
    rest(qtbot, session)
    assert panel._answer.isVisible()
    assert panel._answer.text() == "net/cut is the smallest. The interval straddles the bound."


def test_devices_are_told_once_with_how_many_there_are() -> None:
    assert tallied(["CPU, 2 threads", "NVIDIA H100", "CPU, 2 threads"]) == "2 × CPU, 2 threads; NVIDIA H100"
    assert not tallied([])
