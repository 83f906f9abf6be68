"""Doing one fit over a workspace."""

from collections.abc import Mapping
from pathlib import Path

from ...kernels.frontier import Direction
from ..trials import FitResult, FitSpec
from ..workspace import Workspace
from . import FITS, FittedCurve, Remark, Table, Value
from .gathering import cautions_of, correctness_of, members_of, named_in
from .weighing import remarks_on_fit


def answer(root: Path, spec: FitSpec, better: Mapping[str, Direction]) -> FitResult:
    """Gather what a fit needs from a workspace, and do it.

    Parameters
    ----------
    root : Path
        The workspace's folder.
    spec : FitSpec
        What is asked.
    better : mapping of str to str
        Which direction of a quantity is good, where one is.

    Raises
    ------
    UserError
        If the workspace cannot be read, or what was measured does not suffice.
    """
    fit = FITS.get(spec.fit)
    with Workspace.open(root, read_only=True) as space:
        named = named_in(space, spec)
        table = Table(
            members_of(space, spec),
            named(spec.x),
            named(spec.y),
            spec.by,
            better,
            correctness_of(space, spec) if "correct" in fit.needs else None,
            named,
        )
        weighted = next((d.name for d in space.datasets() if d.identity == spec.data and d.spec.weight), None)
        cautions = *cautions_of(space, spec), *remarks_on_fit(spec, weighted)
    found = list(fit.function(table, fit.check(spec.parameters)))
    return FitResult(
        values=tuple(item for item in found if isinstance(item, Value)),
        remarks=(*(item.text for item in found if isinstance(item, Remark)), *cautions),
        curves=tuple(item for item in found if isinstance(item, FittedCurve)),
    )
