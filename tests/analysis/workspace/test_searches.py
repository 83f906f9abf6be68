"""Searches in the tables: what belongs to them, when they wait, and how they go on."""

from pathlib import Path

import pytest

from graftwork.analysis.trials import Answer, Finding, Plan, Proposal, Proposed, SearchSpec, Trial
from graftwork.analysis.workspace import SearchRecord, Workspace

from .conftest import A, derived, run, trial

SPEC = SearchSpec(identity="s", measures=("accuracy",), trials=3)
BASE = Plan(title="Searching", trials=(trial(A),), search=SPEC)
FIRST = trial(derived("cut", A.identity, amount=0.1), A)
SECOND = trial(derived("cut", A.identity, amount=0.2), A)
SO_FAR = Answer(sentence="So far.")


def proposal(*trials: Trial, answer: Answer = SO_FAR) -> Proposal:
    """Return a proposal of trials, a point each, that brings what it begins with along."""
    points = tuple(Proposed(point={"cut.amount": place / 10}, trials=(t.identity,)) for place, t in enumerate(trials))
    return Proposal(answer=answer, points=points, plan=Plan(title="", trials=(*BASE.trials, *trials)))


@pytest.fixture
def searching(workspace: Workspace) -> Workspace:
    """Return a workspace with a search whose input is measured."""
    workspace.add_plan(BASE, "title = 's'", Path("/recipes"))
    workspace.finish(run(workspace, trial(A), 0.9))
    return workspace


def only(workspace: Workspace) -> SearchRecord:
    (found,) = workspace.searches()
    return found


def test_a_search_waits_once_nothing_of_its_run_is_left(workspace: Workspace) -> None:
    workspace.add_plan(BASE, "title = 's'", Path("/recipes"))
    assert workspace.searches(idle=True) == []
    workspace.begin(trial(A).identity)
    assert workspace.searches(idle=True) == []
    workspace.fail(trial(A).identity, "It broke.", "Mend it.")
    (idle,) = workspace.searches(idle=True)
    assert (idle.search, idle.recipe, idle.folder) == ("s", "title = 's'", Path("/recipes"))
    assert not idle.finished


def test_a_proposal_adds_its_trials_to_the_run_once_and_keeps_the_answer(searching: Workspace) -> None:
    searching.add_proposal("s", proposal(FIRST))
    searching.add_proposal("s", proposal(SECOND))
    assert [t.identity for t in searching.trials(run=1)] == [t.identity for t in (trial(A), FIRST, SECOND)]
    assert [t.model for t in searching.trials("pending")] == ["cut", "cut #2"]
    assert only(searching).answer == SO_FAR


def test_the_history_has_points_with_names_and_values_of_what_is_done(searching: Workspace) -> None:
    searching.add_proposal("s", proposal(FIRST, SECOND))
    searching.finish(run(searching, SECOND, 0.25))
    searching.begin(FIRST.identity)
    searching.fail(FIRST.identity, "It broke.", "Mend it.")
    tried, results = searching.search_history("s")
    assert [(entry.point, entry.models) for entry in tried] == [
        ({"cut.amount": 0.0}, ("cut",)),
        ({"cut.amount": 0.1}, ("cut #2",)),
    ]
    assert results == {trial(A).identity: {"accuracy": 0.9}, SECOND.identity: {"accuracy": 0.25}}


def test_a_search_without_points_to_try_is_finished(searching: Workspace) -> None:
    best = Finding(point={"cut.amount": 0.1}, models=("cut",), values={"accuracy": 0.5})
    answer = Answer(sentence="Found.", best=best, front=(best,), tried=1, recipe="title = 'x'")
    searching.add_proposal("s", Proposal(answer=answer))
    assert only(searching).finished
    assert only(searching).answer == answer
    assert searching.searches(idle=True) == []


def test_a_search_that_is_run_again_goes_on_in_the_new_run_and_retries_what_failed(searching: Workspace) -> None:
    searching.add_proposal("s", proposal(FIRST, SECOND))
    searching.finish(run(searching, SECOND))
    searching.begin(FIRST.identity)
    searching.fail(FIRST.identity, "It broke.", "Mend it.")
    searching.add_proposal("s", Proposal(answer=SO_FAR))
    larger = BASE.replaced(search=SPEC.replaced(trials=9))
    again = searching.add_plan(larger, "trials = 9", Path("/recipes"))
    assert (only(searching).run, only(searching).trials, only(searching).finished) == (again, 9, False)
    assert [t.identity for t in searching.trials(run=again)] == [t.identity for t in (trial(A), FIRST, SECOND)]
    assert [t.identity for t in searching.trials("pending")] == [FIRST.identity]
    tried, results = searching.search_history("s")
    assert len(tried) == 2
    assert SECOND.identity in results


def test_a_plan_without_a_search_opens_none(workspace: Workspace) -> None:
    workspace.add_plan(Plan(title="", trials=(trial(A),)), "")
    assert workspace.searches() == []
