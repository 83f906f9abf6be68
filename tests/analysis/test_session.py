"""The session outlives nothing that it was given, and asks for nothing once it is closed."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.session import Session, Snapshot, records
from graftwork.analysis.workspace import SearchRecord, TrialRecord, Workspace


def test_a_closed_session_asks_for_nothing(session: Any) -> None:
    identity = session.state.primary
    session.close()
    assert session.column(identity, "logits") is None
    assert session.labels() is None
    session.recall_selection("none")
    assert session.idle()


def test_selecting_is_undone_and_redone(session: Any) -> None:
    mask = np.zeros(100, bool)
    mask[:7] = True
    session.select_samples(mask)
    session.select_samples(~mask, "add")
    assert session.state.selection.count == 100
    session.undo()
    assert session.state.selection.count == 7
    session.redo()
    assert session.state.selection.count == 100


def test_a_read_only_session_follows_the_writer(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "FOLLOW_S", 0.02)
    identity = session.state.primary
    mask = np.ones(100, bool)
    with Workspace.open(session.workspace.path, read_only=True) as space:
        watching = Session(space)
        watching.refresh()
        assert watching.model(identity) is not None
        assert not watching.snapshot.selections
        session.select_samples(mask)
        session.keep_selection("all of them")
        end = time.monotonic() + 20
        while not watching.snapshot.selections and time.monotonic() < end:
            time.sleep(0.01)
        assert [record.name for record in watching.snapshot.selections] == ["all of them"]
        watching.close()


def test_views_hear_of_titles_that_come_late(session: Any) -> None:
    heard: list[str] = []
    session.changed.connect(heard.append)
    found = session.desk.submit("catalogue").result()
    session.learn(found)
    session.learn(found)
    assert heard == ["records"]
    assert session.catalogue.quantity("accuracy").title == "Accuracy"


@pytest.mark.parametrize(
    ("pending", "searches", "left"),
    [(0, [], 0), (3, [], 3), (0, [True, True], 0), (0, [True, False], 1), (2, [False], 2)],
)
def test_what_is_unfinished_can_be_gone_on_with(pending: int, searches: list[bool], left: int) -> None:
    trials = [TrialRecord.model_construct(state=state) for state in ("done", "failed", *["pending"] * pending)]
    records = [SearchRecord.model_construct(finished=finished) for finished in searches]
    assert Snapshot(trials=tuple(trials), searches=tuple(records)).unfinished == left


def test_an_answer_holds_as_long_as_the_file_is_the_same(session: Any) -> None:
    asked: list[object] = []
    session.desk._inspect = asked.append
    for since in (None, (1, 2), (1, 2), (3, 2)):
        session.answer("inspect", {"path": "a"}, "A look", since=since)
        while not session.idle():
            pass
    assert len(asked) == 3


def test_a_files_stamp_tells_when_it_comes_changes_and_goes(session: Any, tmp_path: Path) -> None:
    file, model = tmp_path / "net.pt", session.snapshot.models[0]
    models = (model.replaced(path=file), *session.snapshot.models[1:])
    session.snapshot = replace(session.snapshot, models=models)
    stamps = [session.stamp(model.identity)]
    for content in (b"a", b"longer"):
        file.write_bytes(content)
        stamps.append(session.stamp(model.identity))
    assert len(set(stamps)) == 3
    file.unlink()
    assert session.stamp(model.identity) is stamps[0] is session.stamp("nobody") is None
