"""What distillation carries over, on sets of samples whose owners are known."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from graftwork.analysis.correctness import Correctness
from graftwork.analysis.errors import UserError
from graftwork.analysis.sets import FITS, Member, Remark, Table, Value
from graftwork.analysis.sets.gathering import members_of
from graftwork.analysis.trials import DerivedModel, FitEntry, FitSpec, ModelSpec, Plan, SourceModel, Trial
from graftwork.analysis.workspace import Workspace
from graftwork.kernels.packed import pack

ID = "compare.carried_over"
STUDENT_ONLY, TEACHER_ONLY, BOTH, NEITHER = 20, 40, 30, 10


def rights(learnt: int, kept: int) -> NDArray[np.bool_]:
    """Return what teacher, student before and student after have right, (3, 100)."""
    sizes = (STUDENT_ONLY, TEACHER_ONLY, BOTH, NEITHER)
    teacher = np.repeat([False, True, True, False], sizes)
    before = np.repeat([True, False, True, False], sizes)
    after = np.repeat([False, False, True, False], sizes)
    after[:kept] = True
    after[STUDENT_ONLY : STUDENT_ONLY + learnt] = True
    return np.stack([teacher, before, after])


def members(parent: str = "before", teacher: str = "id-teacher") -> tuple[Member, ...]:
    return (
        Member("id-teacher", "teacher"),
        Member("id-before", "before"),
        Member("id-after", "after", "distil.logits", (parent,), references={"teacher": teacher}),
    )


def said(of: tuple[Member, ...], rows: NDArray[np.bool_]) -> list[Value | Remark]:
    fit = FITS.get(ID)
    kept = Correctness(tuple(member.identity for member in of), pack(rows), rows.shape[1])
    found = fit.function(Table(of, correctness=kept), fit.check({}))
    return [item for item in found if isinstance(item, Value | Remark)]


@pytest.mark.parametrize(("learnt", "kept"), [(0, 20), (10, 15), (40, 0)])
def test_shares_are_those_of_what_each_knew_alone(learnt: int, kept: int) -> None:
    found = said(members(), rights(learnt, kept))
    values = {item.measure.removeprefix(f"{ID}."): item for item in found if isinstance(item, Value)}
    assert {name: value.value for name, value in values.items()} == {
        "learnt.model.after": learnt / TEACHER_ONLY,
        "kept.model.after": kept / STUDENT_ONLY,
        "gain.model.after": pytest.approx((learnt + kept - STUDENT_ONLY) / 100),
    }
    for value in values.values():
        assert value.low is not None
        assert value.high is not None
        assert value.low <= value.value <= value.high


def test_weighted_samples_carry_over_what_they_weigh() -> None:
    rows, fit = rights(10, 15), FITS.get(ID)
    weights = np.random.default_rng(0).random((rows.shape[1],))
    kept = Correctness(tuple(member.identity for member in members()), pack(rows), rows.shape[1], weights)
    found = {
        v.measure: v.value
        for v in fit.function(Table(members(), correctness=kept), fit.check({}))
        if isinstance(v, Value)
    }
    teacher, before, after = rows
    for name, known in (("learnt", teacher & ~before), ("kept", before & ~teacher)):
        expected = np.average(after[known], weights=weights[known])
        assert found[f"{ID}.{name}.model.after"] == pytest.approx(expected)


def test_what_was_carried_over_is_told_in_words() -> None:
    (remark,) = [item.text for item in said(members(), rights(10, 15)) if isinstance(item, Remark)]
    assert remark.startswith("after has learnt 25% (")
    assert ") of what only teacher knew and kept 75% (" in remark
    assert remark.endswith(
        "of what only before knew; beside before it is not distinguishable (McNemar's exact p = 0.302)."
    )


def test_a_student_that_knew_all_that_its_teacher_knows_has_nothing_to_learn() -> None:
    rows = rights(0, 20)
    rows[0] &= rows[1]
    found = said(members(), rows)
    assert not [item for item in found if isinstance(item, Value) and ".learnt." in item.measure]
    (remark,) = [item.text for item in found if isinstance(item, Remark)]
    assert "learnt nothing of teacher, which knows nothing alone" in remark


def test_a_student_without_its_teacher_is_left_out_by_name() -> None:
    other = Member("id-other", "other", "distil.logits", ("before",), references={"teacher": "elsewhere"})
    rows = rights(10, 15)
    found = said((*members(), other), np.concatenate([rows, rows[:1]]))
    assert found[-1] == Remark("other is left out: its parent or its teacher is not among the measured models.")


@pytest.mark.parametrize("of", [members(parent="elsewhere"), members(teacher="elsewhere"), members()[:2]])
def test_without_a_whole_lesson_the_next_step_is_told(of: tuple[Member, ...]) -> None:
    with pytest.raises(UserError, match="learnt from a teacher that is among them"):
        said(of, rights(1, 1)[: len(of)])


def test_the_lineage_of_a_workspace_names_the_teacher(tmp_path: Path) -> None:
    sources = [SourceModel(name=name, path="nowhere", content=name) for name in ("teacher", "before")]
    teacher, before = (source.identity for source in sources)
    made = DerivedModel(
        name="after",
        method="distil.logits",
        version=1,
        parameters={"teacher": "another name"},
        parents=(before,),
        references={"teacher": teacher},
    )
    inputs: dict[str, ModelSpec] = {source.identity: source for source in sources}
    trials = (*(Trial(model=source) for source in sources), Trial(model=made, inputs=inputs))
    entry = FitEntry(name="all", models=(teacher, before, made.identity))
    with Workspace.create(tmp_path / "w.graft") as space:
        space.add_plan(Plan(title="Lesson", trials=trials), "")
        found = members_of(space, FitSpec(name="lesson", fit=ID, version=1, of=(entry,)))
    assert [dict(member.references) for member in found] == [{}, {}, {"teacher": teacher}]
    assert [member.parents for member in found] == [(), (), ("before",)]
