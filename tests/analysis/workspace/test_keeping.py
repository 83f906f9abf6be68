"""What a person keeps comes back as it was."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graftwork.analysis.errors import UserError
from graftwork.analysis.selection import Selection
from graftwork.analysis.workspace import SelectionRecord, Workspace

from .conftest import DATA, A

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)


@SHARED
@given(mask=st.lists(st.booleans(), max_size=40), names=st.frozensets(st.text(st.characters(codec="utf-8"))))
def test_selections_round_trip(finished: Workspace, mask: list[bool], names: frozenset[str]) -> None:
    selection = Selection.of(np.array(mask, dtype=bool)).marking(classes=names, layers=names, models=["m"])
    finished.save_selection("mine", DATA.identity, selection)
    assert finished.load_selection("mine", DATA.identity) == selection
    assert finished.selections() == [SelectionRecord(name="mine", data=DATA.identity, count=sum(mask), size=len(mask))]


def test_selections_are_renamed_and_deleted(finished: Workspace) -> None:
    one, two = Selection.at(9, [1]), Selection.at(9, [2, 3])
    finished.save_selection("one", DATA.identity, one)
    finished.save_selection("two", DATA.identity, two)
    with pytest.raises(UserError, match="'two' already"):
        finished.rename_selection("one", "two", DATA.identity)
    with pytest.raises(UserError, match="blank"):
        finished.rename_selection("one", " ", DATA.identity)
    with pytest.raises(UserError, match="no selection 'three'"):
        finished.rename_selection("three", "four", DATA.identity)
    finished.rename_selection("one", "uno", DATA.identity)
    assert finished.load_selection("uno", DATA.identity) == one
    with pytest.raises(UserError, match="no selection 'one'"):
        finished.load_selection("one", DATA.identity)
    finished.delete_selection("uno", DATA.identity)
    assert [s.name for s in finished.selections()] == ["two"]


def test_selections_need_a_known_data_set(finished: Workspace) -> None:
    with pytest.raises(UserError, match="no data set 'xyz'"):
        finished.save_selection("one", "xyz", Selection.none(3))


@SHARED
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers() | st.lists(st.booleans()) | st.none()))
def test_layouts_round_trip(workspace: Workspace, layout: dict[str, object]) -> None:
    workspace.save_layout("Compress", layout)
    assert workspace.load_layout("Compress") == layout
    assert workspace.layouts() == ["Compress"]
    with pytest.raises(UserError, match="no layout 'Merge'"):
        workspace.load_layout("Merge")


def test_notes_come_and_go(finished: Workspace) -> None:
    assert finished.note(A.identity) == ""
    finished.set_note(A.identity, "forgets cats\nand dogs")
    assert finished.note(A.identity) == "forgets cats\nand dogs"
    finished.set_note(A.identity, "")
    assert finished.note(A.identity) == ""
    with pytest.raises(UserError, match="no model 'xyz'"):
        finished.set_note("xyz", "text")
