"""Searches from the experiment dialog: what the page says, the recipe that comes of it, and its points."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.worker import Worker
from graftwork.analysis.recipe import EACH_GROUP, Recipe, Span, parse_recipe, write_recipe
from graftwork.analysis.session import Session
from graftwork.app.experiment import ExperimentDialog
from graftwork.app.search_choice import BoundRow, SearchChoice


@pytest.fixture
def dialog(session: Session, qtbot: QtBot) -> ExperimentDialog:
    """Return the dialog over one model and its data, with magnitude pruning chosen."""
    session.learn(session.desk.submit("catalogue").result())  # type: ignore[union-attr]
    session.select_models([session.snapshot.by_name["resnet8"].identity])
    made = ExperimentDialog(session)
    qtbot.addWidget(made)
    made._method.setCurrentIndex(made._method.findData("prune.magnitude"))
    made.data.names.setCurrentText("test")
    made.show()
    made.pages.setCurrentWidget(made.search)
    return made


def choose(row: BoundRow, measure: str, number: str) -> None:
    row.measure.setCurrentIndex(row.measure.findData(measure))
    row.line.setText(number)


def aim(page: SearchChoice, goal: str, **spans: tuple[str, str]) -> None:
    """Choose a goal, and the ends of parameters."""
    page.goal.setCurrentIndex(page.goal.findData(goal))
    for name, ends in spans.items():
        low, high, _ = page.form.spans[name]
        low.setText(ends[0])
        high.setText(ends[1])


def written(dialog: ExperimentDialog) -> Recipe:
    """Return the recipe as it is after it was written and read."""
    recipe = dialog.recipe()
    assert parse_recipe(write_recipe(recipe)) == recipe
    return recipe


def test_without_a_goal_there_is_no_search_and_nothing_to_fill_in(dialog: ExperimentDialog) -> None:
    assert written(dialog).search is None
    assert not dialog.search.keep.isVisible()
    assert not dialog.search.trials.isVisible()
    assert not dialog.search.problem.isVisible()


def test_the_smallest_within_so_many_points_is_the_recipes_search(dialog: ExperimentDialog) -> None:
    page = dialog.search
    aim(page, "smallest", amount=("0.1", "0.9"))
    choose(page.keep, "accuracy", "1.5")
    page.form.choices["scope"][0].setChecked(True)
    page.trials.setValue(12)
    page.sampler.setCurrentIndex(page.sampler.findData("tpe"))
    recipe = written(dialog)
    search = recipe.search
    assert search
    assert (search.goal, search.keep, search.under) == ("smallest", {"accuracy": 0.015}, {})
    assert (search.trials, search.sampler) == (12, "tpe")
    assert search.over == {"magnitude": {"amount": Span(low=0.1, high=0.9), "scope": ("global", "layer", "erk")}}
    assert not page.under.isVisible()


@pytest.mark.parametrize(
    ("measure", "number", "most"),
    [
        ("cost.nominal.macs", "1.25", 1.25e6),
        ("cost.measured.latency", "2", 2.0),
        ("cost.measured.memory", "3.5", 3.5e6),
    ],
)
def test_a_budget_is_said_in_its_usual_unit(dialog: ExperimentDialog, measure: str, number: str, most: float) -> None:
    aim(dialog.search, "best", amount=("0", "0.9"))
    choose(dialog.search.under, measure, number)
    recipe = written(dialog)
    assert recipe.search
    assert recipe.search.under == {measure: most}
    assert recipe.measure
    assert {"accuracy", measure.rsplit(".", 1)[0]} <= set(recipe.measure.what)
    assert recipe.measure.reference == "resnet8"


def test_the_amount_of_each_stage_is_searched_in_turn(dialog: ExperimentDialog) -> None:
    aim(dialog.search, "smallest", amount=("0", "1"))
    dialog.search.form.stages.setChecked(True)
    search = written(dialog).search
    assert search
    assert search.over["magnitude"] == {"amount": Span(low=0, high=1), "layers": EACH_GROUP}


def test_what_is_searched_is_not_set_as_well(dialog: ExperimentDialog) -> None:
    assert dialog._form
    dialog._form.set_values({"amount": 0.3, "scope": "layer"})
    aim(dialog.search, "smallest", amount=("0.1", "0.9"))
    (step,) = written(dialog).step
    assert step.parameters == {"scope": "layer"}


@pytest.mark.parametrize(
    ("ends", "bound", "problem"),
    [
        (("", ""), "1", "A search needs a parameter to go through"),
        (("0.1", ""), "1", "Amount: its high end is missing."),
        (("0.1", "much"), "1", "Amount: its high end is a number, not 'much'."),
        (("0.1", "0.9"), "little", "The bound of Accuracy is a number, not 'little'."),
    ],
)
def test_what_is_missing_is_said_at_once(
    dialog: ExperimentDialog, ends: tuple[str, str], bound: str, problem: str
) -> None:
    aim(dialog.search, "smallest", amount=ends)
    dialog.search.keep.line.setText(bound)
    assert problem in dialog.search.problem.text()
    with pytest.raises(ValueError, match=problem.split(":")[0]):
        dialog.recipe()


def test_ends_that_are_the_wrong_way_round_keep_the_dialog_open_with_the_reason(dialog: ExperimentDialog) -> None:
    aim(dialog.search, "smallest", amount=("0.9", "0.1"))
    with pytest.raises(UserError, match="low must be below high"):
        dialog.recipe()
    dialog.run.click()
    assert dialog.isVisible()
    assert "low must be below high" in dialog.problem.whole


def test_a_search_without_data_is_refused(dialog: ExperimentDialog) -> None:
    aim(dialog.search, "smallest", amount=("0.1", "0.9"))
    dialog.data.names.setCurrentText("none")
    with pytest.raises(ValueError, match="choose a data set"):
        dialog.recipe()


def test_another_method_has_other_parameters_to_search(dialog: ExperimentDialog) -> None:
    dialog._method.setCurrentIndex(dialog._method.findData("retrain.full"))
    assert "amount" not in dialog.search.form.spans
    assert dialog.search.form.spans
    assert not dialog.search.form.stages.isVisible()


def test_run_searches_and_its_points_arrive(
    dialog: ExperimentDialog, session: Session, qtbot: QtBot, worker: Worker
) -> None:
    aim(dialog.search, "smallest", amount=("0.1", "0.9"))
    choose(dialog.search.keep, "accuracy", "10")
    dialog.search.trials.setValue(4)
    with qtbot.waitSignal(dialog.accepted):
        dialog.run.click()
    engine = Engine(session.workspace, worker)
    refused: list[UserError] = []
    engine.refused.connect(refused.append)
    engine.submit(write_recipe(dialog.recipe()), Path.cwd(), "The experiment")
    assert engine.wait(100)
    engine.close()
    assert refused == []
    session.refresh()
    (search,) = session.snapshot.searches
    assert search.finished
    assert search.answer
    assert search.answer.tried == 4
    names = {model.name for model in session.snapshot.models}
    assert {"resnet8/magnitude-0.1", "resnet8/magnitude-0.9", "resnet8/magnitude-0.5"} <= names
    assert search.answer.remarks[-1].startswith("accuracy is ")
