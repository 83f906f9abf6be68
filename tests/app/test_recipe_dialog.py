"""Recipes as text, and the questions that write them."""

import errno
import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.recipe import KEPT, DataInput, parse_recipe
from graftwork.analysis.session import Session
from graftwork.app.asking import question_in
from graftwork.app.recipe_dialog import RecipeDialog

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
PRUNE = """
[[model]]
name = "net"
path = "digits-resnet8.safetensors"
[[step]]
method = "prune.magnitude"
of = ["net"]
amount = [0.1, 0.2]
"""
FITTED = f"""{PRUNE}
[[data]]
name = "test"
path = "digits"
[measure]
data = "test"
what = ["loss", "cost.nominal"]
[[fit]]
name = "the law"
what = "fit.power_law"
x = "cost.nominal.nonzeros"
y = "loss"
by = "method"
"""
SEARCH = """
[search]
goal = "smallest"
keep = {loss = 0.1}
trials = 7
over = {cut = {amount = {low = 0.1, high = 0.9}}}
"""


@pytest.fixture
def dialog(session: Session, qtbot: QtBot) -> RecipeDialog:
    made = RecipeDialog(session, PRUNE, "prune.toml", DEMO)
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_mistake_is_said_while_it_stands(dialog: RecipeDialog) -> None:
    assert dialog.problem.text() == ""
    dialog.editor.setPlainText(f"{PRUNE}\nlayers = [")
    assert dialog.problem.text().startswith("The recipe is not valid TOML: ")
    assert not dialog.run.isEnabled()
    assert not dialog.check.isEnabled()
    dialog.editor.setPlainText(PRUNE)
    assert dialog.problem.text() == ""
    assert dialog.run.isEnabled()


def test_a_check_says_what_it_will_take(dialog: RecipeDialog, qtbot: QtBot) -> None:
    dialog.check.click()
    qtbot.waitUntil(lambda: "trials to run" in dialog.outlook.text())
    assert dialog.outlook.text().startswith("3 of 3 trials to run: ")
    assert "of disk" in dialog.outlook.text()
    dialog.editor.appendPlainText("# changed")
    assert dialog.outlook.text() == ""


def test_a_check_says_what_is_fitted_and_searched_afterwards(dialog: RecipeDialog, qtbot: QtBot) -> None:
    dialog.editor.setPlainText(FITTED)
    dialog.check.click()
    qtbot.waitUntil(lambda: "trials to run" in dialog.outlook.text())
    said = "Then the law is fitted: fit.power_law of loss over cost.nominal.nonzeros over 3 models by method."
    assert said in dialog.outlook.text()
    dialog.editor.setPlainText(FITTED.replace("amount = [0.1, 0.2]\n", 'name = "cut"\n') + SEARCH)
    dialog.check.click()
    qtbot.waitUntil(lambda: "A search" in dialog.outlook.text())
    assert dialog.outlook.text().endswith("up to 7 points. Once it has ended, what it tried is fitted: the law.")


def test_a_check_says_why_it_cannot_run(dialog: RecipeDialog, qtbot: QtBot) -> None:
    dialog.editor.setPlainText(PRUNE.replace("magnitude", "magnitud"))
    dialog.check.click()
    qtbot.waitUntil(lambda: "Did you mean 'prune.magnitude'" in dialog.problem.text())
    assert dialog.check.isEnabled()


def test_a_saved_recipe_starts_at_its_new_folder(dialog: RecipeDialog, tmp_path: Path) -> None:
    dialog.save_as(tmp_path / "mine.toml")
    assert (tmp_path / "mine.toml").read_text() == PRUNE
    assert dialog.folder == tmp_path
    assert "relative paths start there now" in dialog.outlook.text()
    dialog.save_as(tmp_path / "again.toml")
    assert "relative" not in dialog.outlook.text()
    dialog.save_as(tmp_path / "no" / "folder.toml")
    assert "cannot be written" in dialog.problem.text()


def test_a_recipe_that_cannot_be_written_whole_leaves_the_old_one(
    dialog: RecipeDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    mine = tmp_path / "mine.toml"
    mine.write_text("# mine")
    monkeypatch.setattr(os, "fsync", full)
    dialog.save_as(mine)
    assert mine.read_text() == "# mine"
    assert list(tmp_path.glob("mine*")) == [mine]
    assert "cannot be written: No space left on device. Choose another place." in dialog.problem.text()


def test_a_question_is_about_what_is_selected_or_looked_at(session: Session) -> None:
    about = question_in(session)
    looked = session.model(session.state.primary)
    assert looked is not None
    assert [(m.name, m.path) for m in about["models"]] == [(looked.name, f"{KEPT}{looked.name}")]
    assert (about["data"].name, about["data"].limit) == ("test", 100)
    expected = DataInput(name="train", path="digits", normalise="digits", split="train")
    assert about["train"] == expected
    by_name = session.snapshot.by_name
    session.select_models([by_name["low"].identity, by_name["high"].identity])
    assert [m.name for m in question_in(session)["models"]] == ["low", "high"]


def test_without_models_there_is_nothing_to_ask_about(empty_session: Session) -> None:
    with pytest.raises(UserError, match="no measured model"):
        question_in(empty_session)


def test_what_a_question_writes_can_be_checked_in_the_workspace(session: Session, qtbot: QtBot) -> None:
    assert session.desk is not None
    session.select_models([session.snapshot.by_name[name].identity for name in ("low", "middle", "high")])
    payload = {"preset": "merging", "parameters": {"random": 2}, **question_in(session)}
    text = session.desk.submit("ask", payload).result()
    assert parse_recipe(text).model[0].path.startswith(KEPT)
    dialog = RecipeDialog(session, text, "Which merge of these?", Path.cwd())
    qtbot.addWidget(dialog)
    dialog.check.click()
    qtbot.waitUntil(lambda: bool(dialog.outlook.text()) and dialog.outlook.text() != "Checking…")
    assert "trials to run" in dialog.outlook.text()
