"""The fits that runs asked for, as they stand."""

from ..trials import FitResult, FitSpec, Frozen
from ..workspace import FitRecord, Workspace
from .gathering import inputs_of, named_in


class KeptFit(Frozen):
    """A fit, and what came of it or why there is nothing: a sentence with its next step, empty otherwise.

    Of one that was computed, the axes have the names of the values that they mean.
    """

    spec: FitSpec
    problem: str = ""
    result: FitResult = FitResult()


def kept_fits(space: Workspace) -> tuple[KeptFit, ...]:
    """Return the fits that runs asked for; one whose inputs have changed since is not told."""
    return tuple(_kept(space, record) for record in space.fits())


def _kept(space: Workspace, record: FitRecord) -> KeptFit:
    if record.problem:
        return KeptFit(spec=record.spec, problem=f"{record.problem} {record.next_step}")
    if record.inputs is None:
        return KeptFit(spec=record.spec, problem="It was not computed yet. Run the recipe to its end.")
    if record.inputs != inputs_of(space, record.spec):
        return KeptFit(spec=record.spec, problem="What it is fitted to has changed. Run the recipe again.")
    named = named_in(space, record.spec)
    return KeptFit(spec=record.spec.replaced(x=named(record.spec.x), y=named(record.spec.y)), result=record.result)
