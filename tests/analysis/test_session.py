"""The session outlives nothing that it was given, and asks for nothing once it is closed."""

import time
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.session import Session, records
from graftwork.analysis.workspace import Workspace


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
