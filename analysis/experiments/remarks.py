"""What a person may want to know of numbers: how data were read and prepared, and what was found out or assumed."""

from collections.abc import Callable

from ..data import Prepared
from ..models import Checkpoint
from ..trials import DataSpec, Plan
from .class_order import lined_up
from .normalising import remarks_on_inputs
from .outlook import Outlook


def remarks_on(model: str, checkpoint: Checkpoint, spec: DataSpec, data: Prepared) -> tuple[str, ...]:
    """Return what a person may want to know of a network on data, one sentence each.

    Parameters
    ----------
    model : str
        What to call the network.
    checkpoint : Checkpoint
        Where it comes from.
    spec, data : DataSpec, Prepared
        What it is measured on.

    Raises
    ------
    UserError
        As `lined_up`, or if a picture cannot be read.
    """
    found = (f"Nothing tells all settings of {model}; the weights show {what}." for what in checkpoint.found)
    assumed = (f"Nothing tells all settings of {model}; {what}." for what in checkpoint.assumed)
    inputs = remarks_on_inputs(checkpoint, spec, data)
    return (*data.remarks, *found, *assumed, *inputs, *lined_up(model, checkpoint, spec, data))


def remarks_of(plan: Plan, outlook: Outlook, opened: Callable[[DataSpec], Prepared]) -> tuple[str, ...]:
    """Check every network of a plan that is measured, as far as it is known, by `remarks_on`; return all remarks.

    Raises
    ------
    UserError
        As `remarks_on`.
    """
    found: dict[str, None] = {}  # each once, in order
    for trial in plan.trials:
        origin = outlook.origin(trial.model.identity)
        if trial.data and trial.measures and origin:
            data = opened(trial.data)
            found |= dict.fromkeys(remarks_on(trial.model.name, origin, trial.data, data))
    return tuple(found)
