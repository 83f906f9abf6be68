"""The window's choice of the data set that all views show."""

import shutil
from pathlib import Path

from pytestqt.qtbot import QtBot

from graftwork.app.window import Window


def opened(window: Window, home: Path, qtbot: QtBot) -> Window:
    window.open_workspace(home)
    qtbot.waitUntil(lambda: window.session is not None and bool(window.session.snapshot.models))
    rest(window, qtbot)
    return window


def rest(window: Window, qtbot: QtBot) -> None:
    for _ in range(3):
        qtbot.wait(10)
        qtbot.waitUntil(window.session.idle)


def choose(window: Window, name: str, qtbot: QtBot) -> None:
    box = window.data_bar.names
    box.setCurrentText(name)
    box.activated.emit(box.currentIndex())
    rest(window, qtbot)


def shown(window: Window) -> set[str]:
    """Return which data sets the views say they show."""
    states = (window.panels[name].state for name in ("lineage", "embedding", "geometry"))
    return {state.data for state in states if state is not None}


def test_one_choice_for_all_views_is_undone_and_kept(
    window: Window, two_sets: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    home = shutil.copytree(two_sets, tmp_path / "two.graft")
    opened(window, home, qtbot)
    box = window.data_bar.names
    assert not window.data_bar.isHidden()
    assert [box.itemText(place) for place in range(box.count())] == ["test", "animals"]
    assert shown(window) == {"test"}
    choose(window, "animals", qtbot)
    assert shown(window) == {"animals"}
    window.commands.run("edit.undo")
    rest(window, qtbot)
    assert shown(window) == {"test"}
    assert box.currentText() == "test"
    choose(window, "animals", qtbot)
    window.close_workspace()
    opened(window, home, qtbot)
    qtbot.waitUntil(lambda: box.currentText() == "animals")
    assert shown(window) == {"animals"}
    assert window.session.history.undoes is None


def test_where_there_is_no_choice_there_is_no_box(window: Window, measured: Path, tmp_path: Path, qtbot: QtBot) -> None:
    opened(window, shutil.copytree(measured, tmp_path / "one.graft"), qtbot)
    assert window.data_bar.isHidden()
