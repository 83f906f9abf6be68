"""What distillation carries over: of what only the teacher knew, and of what only the student knew before."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ...kernels.intervals import Interval
from ...kernels.paired import carried_over
from ..catalogue import Quantity
from ..correctness import Correctness
from ..errors import UserError
from . import FITS, Member, Parameters, Remark, Table, Value
from .wording import interval_value

_ID = "compare.carried_over"
_NEXT = "Name the distilled models, what they were before and their teachers, all with accuracy measured."


class CarriedOverParameters(Parameters):
    """What distillation carries over has no parameters."""

    retired = frozenset({"seed"})


class Lesson(NamedTuple):
    """A student after it learnt, what it was before, and its teacher."""

    after: Member
    before: Member
    teacher: Member


@FITS.register(
    _ID,
    title="What distillation carries over",
    citation="Roth et al. 2024, Fantastic Gains and Where to Find Them, arXiv:2310.17653",
    needs=("correct",),
    version=3,
    weighs=True,
    quantities=(
        Quantity(name=f"{_ID}.learnt", title="Learnt of what only the teacher knew", unit="fraction", better="higher"),
        Quantity(name=f"{_ID}.kept", title="Kept of what only the student knew", unit="fraction", better="higher"),
        Quantity(name=f"{_ID}.gain", title="Accuracy gained from the teacher", unit="fraction", better="higher"),
    ),
)
def carried(table: Table, parameters: CarriedOverParameters) -> Iterator[Value | Remark]:
    """Say of every model that learnt from a teacher how much of both models' complementary knowledge it has.

    The student before is the model's parent, the teacher that of its method's parameters. A sample is known that is
    classified correctly.

    Raises
    ------
    UserError
        If no model learnt from a teacher, or of none of those that did the parent and the teacher are in the set.
    """
    kept = table.correctness
    known = {m.identity: m for m in table.members if kept and m.identity in kept.models}
    students = [member for member in table.members if "teacher" in member.references]
    lessons = [lesson for student in students if (lesson := _lesson(student, known))]
    if kept is None or not lessons:
        raise UserError("None of these models learnt from a teacher that is among them.", _NEXT)
    for lesson in lessons:
        yield from _said(lesson, kept)
    taught = {lesson.after.identity for lesson in lessons}
    for student in (member for member in students if member.identity not in taught):
        yield Remark(f"{student.name} is left out: its parent or its teacher is not among the measured models.")


def _lesson(student: Member, known: Mapping[str, Member]) -> Lesson | None:
    before = [member for member in known.values() if (member.name,) == student.parents]
    teacher = known.get(student.references["teacher"])
    return Lesson(student, before[0], teacher) if before and teacher and student.identity in known else None


def _said(lesson: Lesson, kept: Correctness) -> Iterator[Value | Remark]:
    before, teacher, after = (kept.right(each.identity) for each in (lesson.before, lesson.teacher, lesson.after))
    found = carried_over(before, teacher, after, kept.weights)
    name = lesson.after.name
    for quantity, share in found._asdict().items():
        if share:
            yield interval_value(f"{_ID}.{quantity}.model.{name}", share, "fraction")
    difference = kept.difference(lesson.before.identity, lesson.after.identity)
    yield interval_value(f"{_ID}.gain.model.{name}", difference.gain, "fraction")
    learnt = _share("learnt", found.learnt, lesson.teacher.name)
    still = _share("kept", found.kept, lesson.before.name)
    yield Remark(f"{name} has {learnt} and {still}; beside {lesson.before.name} it is {difference.verdict}.")


def _share(verb: str, share: Interval | None, owner: str) -> str:
    if share is None:
        return f"{verb} nothing of {owner}, which knows nothing alone"
    return f"{verb} {share.mean:.0%} ({share.low:.0%} to {share.high:.0%}) of what only {owner} knew"
