"""The session outlives nothing that it was given, and asks for nothing once it is closed."""

from typing import Any

import numpy as np


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
