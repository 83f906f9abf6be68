"""Plans in, records out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import MeasureSpec, Plan, TrialResult, Value
from graftwork.analysis.workspace import Parent, Workspace
from graftwork.analysis.workspace.plans import unique_name

from .conftest import DATA, MERGED, PLAN, PRUNED, A, B, derived, run, source, trial


def test_a_plan_is_pending_with_its_specs_as_they_were(workspace: Workspace) -> None:
    number = workspace.add_plan(PLAN, "title = 'tiny'")
    trials = workspace.trials("pending")
    assert tuple(t.spec for t in trials) == PLAN.trials
    assert {t.run for t in trials} == {number}
    assert [t.model for t in trials] == ["a", "b", "a pruned", "merged"]
    assert [(r.title, r.recipe) for r in workspace.runs()] == [("tiny", "title = 'tiny'")]
    assert [d.spec for d in workspace.datasets()] == [DATA]


def test_lineage_keeps_parents_in_order(finished: Workspace) -> None:
    by_name = {model.name: model for model in finished.models()}
    assert list(by_name) == ["a", "b", "a pruned", "merged"]
    merged = by_name["merged"]
    assert merged.parents == (
        Parent(name="a pruned", identity=PRUNED.identity),
        Parent(name="b", identity=B.identity),
    )
    assert (merged.method, merged.parameters, merged.seed) == ("prune.magnitude", {"amount": 0.5}, None)
    assert by_name["a"].path is not None
    assert by_name["a"].path.as_posix().endswith("/models/a.th")
    assert by_name["a"].facts == {"family": "resnet"}
    assert merged.path is not None
    assert merged.path.is_file()
    assert merged.path.is_absolute()


def test_a_derived_model_has_no_path_before_it_is_made(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    assert [m.path is None for m in workspace.models()] == [False, False, True, True]


def test_values_have_the_fields_of_measures_json(finished: Workspace) -> None:
    value = finished.values()[4]
    assert value.model_dump() == {
        "model": "a pruned",
        "parents": ("a",),
        "operation": "prune.magnitude",
        "params": {"amount": 0.5},
        "seed": 3,
        "data": "test",
        "measure": "accuracy",
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "unit": "fraction",
        "name": "accuracy",
        "settings": {"draws": 100},
    }
    assert finished.values() == finished.values()
    assert len(finished.values()) == 8


def test_columns_say_where_they_lie(finished: Workspace) -> None:
    columns = finished.columns()
    assert [(c.model, c.data, c.name) for c in columns] == [
        (m.identity, DATA.identity, "logits") for m in (A, B, PRUNED, MERGED)
    ]
    assert all(c.path.is_file() and c.path.is_absolute() for c in columns)


def test_what_is_done_stays_done_and_what_failed_is_tried_again(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    first, second, third, fourth = (t.identity for t in PLAN.trials)
    run(workspace, PLAN.trials[0])
    workspace.fail(second, "No memory.", "Take less.")
    workspace.cancel(third)
    again = workspace.add_plan(PLAN, "")
    assert {t.identity: t.state for t in workspace.trials()} == {
        first: "done",
        second: "pending",
        third: "pending",
        fourth: "pending",
    }
    assert len(workspace.trials(run=again)) == len(workspace.trials(run=1)) == 4
    assert len(workspace.models()) == 4


def test_a_measure_taken_twice_counts_once_and_the_later_stands(workspace: Workspace) -> None:
    first = trial(A)
    second = first.replaced(measures=(*first.measures, MeasureSpec(measure="loss", version=1)))
    workspace.add_plan(Plan(title="", trials=(first, second)), "")
    assert first.identity != second.identity
    run(workspace, second, 0.25)
    run(workspace, first, 0.75)
    assert [v.value for v in workspace.values() if v.measure == "accuracy"] == [0.75]


def test_two_seeds_are_two_values(workspace: Workspace) -> None:
    trials = (trial(A, seed=0), trial(A, seed=1))
    workspace.add_plan(Plan(title="", trials=trials), "")
    for one in trials:
        run(workspace, one, 0.5 + one.seed / 10)
    assert [(v.seed, v.value) for v in workspace.values() if v.measure == "accuracy"] == [(0, 0.5), (1, 0.6)]


def test_numbers_that_are_none_survive(workspace: Workspace) -> None:
    one = trial(A)
    workspace.add_plan(Plan(title="", trials=(one,)), "")
    values = (Value(measure="loss", value=math.nan), Value(measure="ratio", value=math.inf))
    workspace.finish(TrialResult(trial=one.identity, values=values, columns={}, checkpoint=None, facts={}, seconds=1))
    nan, inf = (v.value for v in workspace.values())
    assert math.isnan(nan)
    assert inf == math.inf


def test_a_plan_without_its_parents_is_refused_whole(workspace: Workspace) -> None:
    lost = Plan(title="", trials=(trial(A), trial(derived("child", "nobody"))))
    with pytest.raises(ValueError, match="does not hold: nobody"):
        workspace.add_plan(lost, "")
    assert workspace.models() == []
    assert workspace.runs() == []


def test_planning_again_keeps_what_was_made(finished: Workspace) -> None:
    before = finished.models()
    finished.add_plan(PLAN, "")
    assert finished.models() == before


def test_a_moved_source_is_found_at_its_new_place(workspace: Workspace) -> None:
    workspace.add_plan(Plan(title="", trials=(trial(A),)), "")
    workspace.add_plan(Plan(title="", trials=(trial(A.replaced(path="/new/a.th")),)), "")
    (model,) = workspace.models()
    assert model.path is not None
    assert model.path.as_posix().endswith("/new/a.th")


def test_a_name_stays_with_its_model(workspace: Workspace) -> None:
    other = source("a", "another content")
    for model in (A, other, A, other, source("a", "a third")):
        workspace.add_plan(Plan(title="", trials=(trial(model),)), "")
    assert [m.name for m in workspace.models()] == ["a", "a #2", "a #3"]
    assert [m.identity for m in workspace.models()][:2] == [A.identity, other.identity]


@given(st.lists(st.sampled_from(["a", "a #2", "a #2 #2", "b"]), max_size=12))
def test_unique_names_are_unique_and_begin_with_what_was_asked(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        found = unique_name(name, taken.__contains__)
        assert found.startswith(name)
        assert found == name or name in taken
        taken.append(found)
    assert len(set(taken)) == len(taken)


def test_states_follow_the_work(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    one = PLAN.trials[0].identity
    workspace.begin(one)
    with pytest.raises(UserError, match="it is running"):
        workspace.begin(one)
    workspace.fail(one, "No memory.", "Take less.")
    (failed,) = workspace.trials("failed")
    assert (failed.problem, failed.next_step, failed.attempts) == ("No memory.", "Take less.", 1)
    workspace.retry(one)
    run(workspace, PLAN.trials[0])
    workspace.fail(one, "late", "late")
    workspace.cancel(one)
    workspace.retry(one)
    (done,) = workspace.trials("done")
    assert (done.seconds, done.problem, done.attempts) == (1.5, "", 2)


def test_an_unknown_trial_is_named(workspace: Workspace) -> None:
    for act in (workspace.begin, workspace.cancel, workspace.retry):
        with pytest.raises(UserError, match="no trial xyz"):
            act("xyz")


def test_a_result_without_its_files_is_refused_whole(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    one = PLAN.trials[0].identity
    empty = TrialResult(trial=one, values=(), columns={"x": "none.h5"}, checkpoint=None, facts={}, seconds=0)
    with pytest.raises(UserError, match=r"left no file .*none\.h5"):
        workspace.finish(empty)
    with pytest.raises(ValueError, match="bare"):
        workspace.finish(empty.replaced(columns={"x": "../workspace.db"}))
    assert not workspace.trials("done")


def test_a_result_that_comes_twice_counts_once(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    workspace.finish(run(workspace, PLAN.trials[0]))
    assert len(workspace.values()) == 2
