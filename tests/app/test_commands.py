import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.app.commands import Command, Commands
from graftwork.app.palette import Choice, command_palette, go_to, key_list, ranked, score


class Window(QMainWindow):
    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.writable = True
        self.commands = Commands(self)
        self.commands.add(
            self.command("file.open", "Open checkpoint…", keys="Ctrl+O", icon="open", menu=("File",)),
            self.command("edit.undo", "Undo", keys="Ctrl+Z", icon="undo", menu=("Edit",)),
            self.command("view.dark", "Dark", menu=("View", "Theme"), checked=lambda: True),
            self.command("run", "Run experiment…", menu=("Experiment",), enabled=lambda: self.writable),
            self.command("tool.lasso", "Lasso", keys="L", menu=("Select",), by_focus=True),
        )
        self.commands.fill(self.menuBar())

    def command(self, name: str, title: str, **more: object) -> Command:
        return Command(name, title, lambda: self.done.append(name), **more)  # type: ignore[arg-type]


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    made = Window()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_menus_stand_in_their_order(window: Window) -> None:
    assert [action.text() for action in window.menuBar().actions()] == ["File", "Edit", "Select", "Experiment", "View"]


def test_a_shortcut_runs_its_command(window: Window, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    assert window.done == ["file.open"]


def test_what_cannot_be_done_is_not(window: Window) -> None:
    window.writable = False
    window.commands.settle()
    assert not window.commands.action("run").isEnabled()
    assert not window.commands.run("run")
    assert window.done == []


def test_checked_commands(window: Window) -> None:
    window.commands.settle()
    assert window.commands.action("view.dark").isChecked()


def test_tooltips_tell_the_keys(window: Window) -> None:
    assert window.commands.action("file.open").toolTip() == "Open checkpoint (Ctrl+O)"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (Command("run", "Again", print), "called 'run'"),
        (Command("x", "X", print, keys="Ctrl+O"), "same keys"),
        (Command("x", "X", print, keys="Hyper+Banana"), "no key sequence"),
    ],
)
def test_clashes_are_refused(window: Window, command: Command, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        window.commands.add(command)


def test_an_unknown_command_names_the_nearest(window: Window) -> None:
    with pytest.raises(UserError, match=r"Did you mean 'file\.open'"):
        window.commands.run("file.opne")


def test_the_palette_runs_what_was_meant(window: Window, qtbot: QtBot) -> None:
    palette = command_palette(window.commands, window)
    qtbot.keyClicks(palette.field, "opch")
    assert palette.texts == ["File › Open checkpoint"]
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.done == ["file.open"]


def test_arrows_move_and_wrap(window: Window, qtbot: QtBot) -> None:
    palette = command_palette(window.commands, window)
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.done == ["tool.lasso"]


def test_the_key_list_shows_only_keys(window: Window, qtbot: QtBot) -> None:
    palette = key_list(window.commands, window)
    assert palette.texts == ["Open checkpoint", "Undo", "Lasso"]
    palette.reject()


def test_go_to_asks_a_function(window: Window, qtbot: QtBot) -> None:
    gone: list[str] = []

    def find(query: str) -> list[Choice]:
        return [Choice(f"sample {query}", lambda: gone.append(query))]

    palette = go_to(find, window)
    qtbot.keyClicks(palette.field, "17")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert gone == ["17"]


def test_scores() -> None:
    assert score("xyz", "Open") is None
    begins, within = score("op", "Open"), score("op", "Drop")
    assert begins is not None
    assert within is not None
    assert begins > within
    names = ["resnet56 prune 0.5", "resnet56", "merge"]
    assert [c.text for c in ranked("res56", [Choice(name, print) for name in names])] == [
        "resnet56",
        "resnet56 prune 0.5",
    ]
