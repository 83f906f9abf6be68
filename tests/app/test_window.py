"""The window on a measured workspace, with an engine and workers that stand still."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QListWidget, QMenu, QWidget
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.recipe import KEPT, parse_recipe, write_recipe
from graftwork.analysis.session import Session
from graftwork.analysis.workspace import Workspace
from graftwork.app.experiment import ExperimentDialog
from graftwork.app.opening import opening
from graftwork.app.recipe_dialog import RecipeDialog
from graftwork.app.settings import Settings, load_settings, save_settings
from graftwork.app.window import Window
from graftwork.views.plot import Plot
from graftwork.views.theme import look

ROOT_NETS = Path(__file__).resolve().parents[2] / "assets" / "demo"
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def home(measured: Path, tmp_path: Path) -> Path:
    return shutil.copytree(measured, tmp_path / "small.graft")


def rest(qtbot: QtBot, session: Session) -> None:
    for _ in range(3):
        qtbot.wait(10)
        qtbot.waitUntil(session.idle)


@pytest.fixture
def opened(window: Window, home: Path, qtbot: QtBot) -> Window:
    window.open_workspace(home)
    qtbot.waitUntil(lambda: window.session is not None and bool(window.session.snapshot.models))
    qtbot.waitUntil(lambda: bool(window.session.catalogue.entries))
    rest(qtbot, window.session)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def test_every_view_shows_the_workspace(opened: Window, home: Path) -> None:
    assert opened.windowTitle() == "small.graft – Graftwork"
    assert set(opened.panels) == {
        "tradeoff",
        "lineage",
        "embedding",
        "geometry",
        "samples",
        "inspector",
        "selections",
        "jobs",
        "fits",
    }
    assert {panel.session for panel in opened.panels.values()} == {opened.session}
    shown = {name: panel.shows for name, panel in opened.panels.items()}
    assert {name for name, what in shown.items() if what != "content"} <= {"samples", "fits"}
    assert load_settings().recent == [str(home)]
    assert "7 models" in opened._state.text()


def actions_of(menu: QMenu) -> list[QAction]:
    found: list[QAction] = []
    for action in menu.actions():
        inner = action.menu()
        found += actions_of(inner) if isinstance(inner, QMenu) else [action]
    return found


def test_the_menus_have_every_command(window: Window) -> None:
    menus = [action.menu() for action in window.menuBar().actions()]
    found = {id(action) for menu in menus if isinstance(menu, QMenu) for action in actions_of(menu)}
    assert [action.text() for action in window.menuBar().actions()] == [
        "File",
        "Edit",
        "Select",
        "Model",
        "Experiment",
        "View",
        "Help",
    ]
    missing = [command.id for command in window.commands if id(window.commands.action(command.id)) not in found]
    assert missing == []


def test_without_a_workspace_nothing_can_be_run(window: Window) -> None:
    available = {command.id for command in window.commands.available()}
    assert not available & {"edit.undo", "select.all", "experiment.new", "run.resume", "view.next", "file.open"}
    assert "file.workspace" in available


def test_keys_select_and_undo(opened: Window, qtbot: QtBot) -> None:
    qtbot.keyClick(opened, Qt.Key.Key_A, CTRL)
    assert opened.session.state.selection.count == 100
    qtbot.wait(20)
    qtbot.keyClick(opened, Qt.Key.Key_I, CTRL)
    assert opened.session.state.selection.count == 0
    qtbot.wait(20)
    qtbot.keyClick(opened, Qt.Key.Key_Z, CTRL)
    assert opened.session.state.selection.count == 100
    qtbot.wait(20)
    assert "100 samples selected" in opened._state.text()
    qtbot.keyClick(opened, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert opened.session.state.selection.count == 0


def test_brackets_step_through_the_models(opened: Window, qtbot: QtBot) -> None:
    models = [model.identity for model in opened.session.snapshot.models]
    place = models.index(opened.session.state.primary)
    qtbot.keyClick(opened, Qt.Key.Key_BracketRight)
    assert opened.session.state.primary == models[(place + 1) % 7]
    qtbot.keyClick(opened, Qt.Key.Key_BracketLeft)
    qtbot.keyClick(opened, Qt.Key.Key_BracketLeft)
    assert opened.session.state.primary == models[place - 1]


def test_a_theme_is_taken_and_kept(opened: Window) -> None:
    try:
        light = look.theme
        opened.commands.run("view.theme.dark")
        assert look.theme is not light
        assert load_settings().theme == "dark"
        assert opened.commands.action("view.theme.dark").isChecked()
        assert not opened.commands.action("view.theme.light").isChecked()
    finally:
        look.apply("light")


def test_a_view_is_hidden_and_shown(opened: Window) -> None:
    assert opened.commands.action("view.lineage").isChecked()
    opened.commands.run("view.lineage")
    assert opened.panels["lineage"].isHidden()
    assert not opened.commands.action("view.lineage").isChecked()
    opened.commands.run("view.lineage")
    assert not opened.panels["lineage"].isHidden()


@pytest.mark.parametrize(
    ("left", "sentence"),
    [(1, "1 trial of an earlier run is not finished."), (2, "2 trials of an earlier run are not finished.")],
)
def test_an_earlier_run_can_be_resumed(window: Window, home: Path, qtbot: QtBot, left: int, sentence: str) -> None:
    with sqlite3.connect(home / "workspace.db") as db:
        db.execute(f"update trials set state = 'pending' where rowid in (select rowid from trials limit {left})")
    db.close()
    window.open_workspace(home)
    qtbot.waitUntil(window._banner.isVisible)
    assert window._banner.sentence.whole == sentence
    assert window.commands["run.resume"].enabled()
    assert window._banner.act.text() == "Resume"
    window._banner.act.click()
    assert window.session.engine.told == ["resume"]
    assert window._banner.isHidden()


def test_a_folder_that_is_no_workspace_is_refused(window: Window, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    window.open_workspace(tmp_path / "letters")
    qtbot.waitUntil(window._banner.isVisible)
    assert "letters" in window._banner.sentence.whole
    assert not window._banner.act.isVisible()
    assert window.session is None


def test_a_recipe_is_run_from_its_folder(opened: Window, tmp_path: Path, qtbot: QtBot) -> None:
    opened.run_recipe(tmp_path / "none.toml")
    qtbot.waitUntil(opened._banner.isVisible)
    assert "none.toml cannot be read" in opened._banner.sentence.whole
    (tmp_path / "a.toml").write_text("title = 'A'")
    opened.run_recipe(tmp_path / "a.toml")
    assert opened.session.engine.told == ["title = 'A'"]


def test_closing_lets_the_workspace_go(opened: Window, home: Path) -> None:
    with pytest.raises(UserError, match="being written"):
        Workspace.open(home)
    opened.close()
    assert opened.session is None
    Workspace.open(home).close()


def test_another_workspace_takes_its_place(opened: Window, home: Path, tmp_path: Path, qtbot: QtBot) -> None:
    other = tmp_path / "other.graft"
    opened.open_workspace(other)
    qtbot.waitUntil(lambda: opened.windowTitle().startswith("other.graft"))
    rest(qtbot, opened.session)
    assert {panel.session for panel in opened.panels.values()} == {opened.session}
    assert opened.panels["tradeoff"].shows == "empty"
    Workspace.open(home).close()


@pytest.fixture
def dialog(opened: Window, qtbot: QtBot) -> ExperimentDialog:
    made = ExperimentDialog(opened.session, opened)
    qtbot.addWidget(made)
    made.show()
    return made


def choose(dialog: ExperimentDialog, method: str, models: set[str]) -> None:
    dialog._method.setCurrentIndex(dialog._method.findData(method))
    tick(dialog._models, models)


def tick(checklist: QListWidget, names: set[str]) -> None:
    for row in range(checklist.count()):
        item = checklist.item(row)
        ticked = item.text() in names
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)


def test_choices_become_a_recipe(dialog: ExperimentDialog) -> None:
    choose(dialog, "merge.linear", {"low", "high"})
    recipe = parse_recipe(write_recipe(dialog.recipe()))
    assert recipe.step[0].method == "merge.linear"
    assert [tuple(group) for group in recipe.step[0].of] == [("low", "high")]
    assert [model.path for model in recipe.model] == [f"{KEPT}low", f"{KEPT}high"]
    assert recipe.data[0].path == "digits"
    assert recipe.data[0].limit == 100
    assert recipe.measure is not None
    assert "accuracy" in recipe.measure.what


def test_measures_that_compare_do_so_with_the_first_model(dialog: ExperimentDialog) -> None:
    choose(dialog, "merge.linear", {"low", "high"})
    tick(dialog._measures, {"accuracy", "cost.measured"})
    plain = dialog.recipe().measure
    assert plain is not None
    assert plain.reference is None
    tick(dialog._measures, {"accuracy", "compare.flips"})
    comparing = dialog.recipe().measure
    assert comparing is not None
    assert comparing.reference == dialog.recipe().model[0].name


def test_every_method_gives_a_recipe(dialog: ExperimentDialog) -> None:
    for row in range(dialog._method.count()):
        choose(dialog, dialog._method.itemData(row), {"low", "high"})
        recipe = parse_recipe(write_recipe(dialog.recipe()))
        assert recipe.step[0].method == dialog._method.itemData(row)


def run_button(dialog: ExperimentDialog) -> Any:
    buttons = dialog.findChildren(QDialogButtonBox)[0].buttons()
    return next(button for button in buttons if button.text() == "Run")


@pytest.mark.parametrize(
    ("models", "seeds", "sentence"),
    [
        (set(), "0", "Tick at least one model."),
        ({"low"}, "0", "combines models: tick at least two."),
        ({"low", "high"}, "one", "Seeds are whole numbers"),
    ],
)
def test_what_is_missing_is_said(dialog: ExperimentDialog, models: set[str], seeds: str, sentence: str) -> None:
    choose(dialog, "merge.linear", models)
    dialog._seeds.setText(seeds)
    run_button(dialog).click()
    assert sentence in dialog.problem.whole
    assert dialog.isVisible()


def test_the_dialog_runs_what_was_chosen(opened: Window, qtbot: QtBot) -> None:
    opened.commands.run("experiment.new")
    dialog = opened.findChildren(ExperimentDialog)[0]
    choose(dialog, "prune.magnitude", {"resnet8"})
    run_button(dialog).click()
    assert parse_recipe(opened.session.engine.told[0]).step[0].method == "prune.magnitude"
    qtbot.wait(10)


def test_a_question_opens_its_recipe_and_runs_it(opened: Window, qtbot: QtBot) -> None:
    assert {"preset.pruning", "preset.merging", "preset.depth"} <= {command.id for command in opened.commands}
    opened.commands.run("preset.depth")
    qtbot.waitUntil(lambda: bool(opened.findChildren(RecipeDialog)))
    (dialog,) = opened.findChildren(RecipeDialog)
    assert dialog.windowTitle() == "How far can I cut?"
    dialog.run.click()
    assert parse_recipe(opened.session.engine.told[0]).title == "How far can I cut?"
    qtbot.wait(10)


def test_a_recipe_file_opens_as_text(opened: Window, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "mine.toml").write_text("title = 'Mine'")
    opened.open_recipe(tmp_path / "mine.toml")
    (dialog,) = opened.findChildren(RecipeDialog)
    assert dialog.text == "title = 'Mine'"
    assert "lacks model" in dialog.problem.text()
    dialog.reject()
    qtbot.wait(10)


def test_the_arrangement_comes_back_with_the_workspace(opened: Window, home: Path, qtbot: QtBot) -> None:
    opened.resize(1600, 1000)
    opened._views.setSizes([500, 400])
    opened.panels["samples"].hide()
    sizes = opened._views.sizes()
    opened.close_workspace()
    opened._views.setSizes([800, 100])
    opened.panels["samples"].show()
    opened.open_workspace(home)
    qtbot.waitUntil(lambda: opened.panels["samples"].isHidden())
    assert opened._views.sizes() == sizes
    rest(qtbot, opened.session)


def test_the_device_is_remembered_and_the_workspace_opened_anew(opened: Window, qtbot: QtBot) -> None:
    before = opened.session
    opened.commands.run("device.cpu")
    qtbot.waitUntil(lambda: opened.session is not None and opened.session is not before)
    assert load_settings().device == "cpu"
    assert opened.commands.action("device.cpu").isChecked()
    assert not opened.commands.action("device.automatic").isChecked()
    rest(qtbot, opened.session)


def test_nothing_is_offered_to_be_resumed_where_all_is_done(opened: Window) -> None:
    assert not opened.commands["run.resume"].enabled()
    assert opened._banner.isHidden()


def recent(window: Window) -> list[str]:
    actions = (window.commands.action(command.id) for command in window.commands if "Recent" in command.menu)
    return [action.text().partition(" – ")[0] for action in actions if action.isVisible()]


def test_recent_workspaces_are_there_the_newest_first(opened: Window, home: Path, tmp_path: Path, qtbot: QtBot) -> None:
    other = tmp_path / "an & other.graft"
    assert recent(opened) == ["small.graft"]
    opened.open_workspace(other)
    qtbot.waitUntil(lambda: opened.windowTitle().startswith("an & other"))
    rest(qtbot, opened.session)
    assert recent(opened) == ["an && other.graft", "small.graft"]
    shutil.rmtree(home)
    opened.commands.settle()
    assert recent(opened) == ["an && other.graft"]
    assert not opened.commands["file.recent.1"].enabled()
    save_settings(Settings(recent=[str(tmp_path / "elsewhere.graft")]))  # another window has opened it
    opened.open_workspace(other)
    qtbot.waitUntil(lambda: load_settings().recent[0] == str(other))
    assert load_settings().recent[1] == str(tmp_path / "elsewhere.graft")
    rest(qtbot, opened.session)


def test_a_refusal_keeps_the_dialog_with_its_choices(opened: Window, qtbot: QtBot) -> None:
    opened.commands.run("experiment.new")
    dialog = opened.findChildren(ExperimentDialog)[0]
    choose(dialog, "prune.magnitude", {"resnet8"})
    dialog._title.setText("Mine")
    opened.session.engine.refusal = UserError("There is no file 'a.csv'.", "Check the path.")
    run_button(dialog).click()
    qtbot.waitUntil(lambda: dialog.problem.whole == "There is no file 'a.csv'. Check the path.")
    assert dialog.isVisible()
    assert dialog.recipe().title == "Mine"
    assert opened._banner.isHidden()  # it is said once
    opened.session.engine.refusal = None
    dialog.run.click()
    qtbot.waitUntil(lambda: not opened.findChildren(ExperimentDialog))
    assert len(opened.session.engine.told) == 2


def test_a_refused_recipe_stays_in_its_editor(opened: Window, tmp_path: Path, qtbot: QtBot) -> None:
    text = "title = 'A'\n[[model]]\nname = 'a'\npath = 'a.pth'\n"
    (tmp_path / "a.toml").write_text(text)
    opened.open_recipe(tmp_path / "a.toml")
    dialog = opened.findChildren(RecipeDialog)[0]
    opened.session.engine.refusal = UserError("No.", "Try again.")
    dialog.run.click()
    qtbot.waitUntil(lambda: dialog.problem.whole == "No. Try again.")
    assert dialog.isVisible()
    assert dialog.text == text
    assert dialog.run.isEnabled()
    dialog.reject()


def test_a_banner_goes_when_what_it_is_of_is_over(opened: Window, tmp_path: Path, qtbot: QtBot) -> None:
    opened.run_recipe(tmp_path / "a.toml")
    qtbot.waitUntil(opened._banner.isVisible)
    assert "a.toml cannot be read" in opened._banner.sentence.whole
    (tmp_path / "a.toml").write_text("title = 'A'")
    opened.run_recipe(tmp_path / "a.toml")
    assert opened._banner.isHidden()


def drop(widget: QWidget, *paths: Path) -> bool:
    """Drop files on a widget, as the system does; return whether they were taken."""
    content = QMimeData()
    content.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, copy = widget.rect().center(), Qt.DropAction.CopyAction
    left = Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(place, copy, content, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(
            widget.window(), QDropEvent(place.toPointF(), copy, content, left, Qt.KeyboardModifier.NoModifier)
        )
    return enter.isAccepted()


def test_what_is_dropped_on_any_view_is_opened(opened: Window, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "net.pth").touch()
    (tmp_path / "cut.toml").write_text("title = 'Cut'")
    (tmp_path / "rows.csv").write_text("a,label\n1,0\n")
    plot = opened.panels["tradeoff"].findChildren(Plot)[0]
    assert drop(plot.viewport(), tmp_path / "net.pth", ROOT_NETS / "digits-resnet8.safetensors")
    qtbot.waitUntil(lambda: len(opened.session.engine.told) == 1)
    assert [model.name for model in parse_recipe(opened.session.engine.told[0]).model] == ["net", "digits-resnet8"]
    assert drop(opened.panels["jobs"], tmp_path / "cut.toml")
    qtbot.waitUntil(lambda: bool(opened.findChildren(RecipeDialog)))
    opened.findChildren(RecipeDialog)[0].reject()
    assert drop(opened.panels["embedding"], tmp_path / "rows.csv")
    qtbot.waitUntil(lambda: bool(opened.findChildren(ExperimentDialog)))
    dialog = opened.findChildren(ExperimentDialog)[0]
    assert (dialog.data.name, dialog.pages.currentWidget()) == ("rows", dialog.data)
    dialog.reject()
    assert drop(opened, tmp_path / "letter.odt")
    qtbot.waitUntil(lambda: "letter.odt" in opened._banner.sentence.whole)


def test_a_checkpoint_opens_in_a_workspace_of_its_name(
    window: Window, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets").mkdir()
    shutil.copy(ROOT_NETS / "digits-resnet8.safetensors", tmp_path / "nets")
    window.open(opening([Path("nets")]))
    qtbot.waitUntil(lambda: window.session is not None and bool(window.session.engine.told))
    assert window.windowTitle() == "nets.graft – Graftwork"
    recipe = parse_recipe(window.session.engine.told[0])
    assert recipe.model[0].path == str(tmp_path / "nets" / "digits-resnet8.safetensors")
    rest(qtbot, window.session)


def test_a_file_that_is_missing_is_missed_until_it_is_there(opened: Window, tmp_path: Path, qtbot: QtBot) -> None:
    session, panel = opened.session, opened.panels["inspector"]
    record = session.model(session.state.primary)
    file = tmp_path / "net.safetensors"

    def content() -> str:
        rest(qtbot, session)
        return dict(panel.state.facts).get("Content", "") if panel.state else ""

    moved = tuple(m.replaced(path=file) if m is record else m for m in session.snapshot.models)
    session.snapshot = replace(session.snapshot, models=moved)
    answers = [UserError(f"There is no file '{file}'.", "Check the path."), {"format": "safetensors"}]
    session.desk._card = lambda _: _raised(answers.pop(0))
    session.changed.emit("records")
    assert "There is no file" in content()
    opened._look_at_files()
    assert "There is no file" in content()
    file.write_bytes(b"there")
    opened._look_at_files()
    assert "There is no file" not in content()
    assert not answers


def _raised(answer: Any) -> Any:
    if isinstance(answer, UserError):
        raise answer
    return answer
