"""What a plan's files must fulfil before anything runs."""

from collections.abc import Iterator

from ..data import open_data
from ..errors import UserError
from ..methods import METHODS
from ..trials import DataSpec, DerivedModel, ModelSpec, Plan, Trial
from .outlook import Outlook


def check_inputs(plan: Plan) -> None:
    """Check that every operation's parents suit it, and that every network has an output for each class of its data.

    Files are opened, not read. What only shows when a model is made is checked then.

    Raises
    ------
    UserError
        Naming the first that does not fit.
    """
    outlook = Outlook(plan.trials)
    for model, trial in _operations(plan):
        _check_parents(model, trial, outlook)
    for trial in plan.trials:
        _check_classes(trial, outlook)


def require_classes(model: ModelSpec, outputs: int, spec: DataSpec, classes: int) -> None:
    """Demand an output for every class.

    Raises
    ------
    UserError
        If there are fewer outputs than classes.
    """
    if outputs < classes:
        raise UserError(
            f"{model.name} tells {outputs} classes apart, and {spec.name} has {classes}.",
            "Choose the data set that it was trained for.",
        )


def _operations(plan: Plan) -> Iterator[tuple[DerivedModel, Trial]]:
    return ((trial.model, trial) for trial in plan.trials if isinstance(trial.model, DerivedModel))


def _check_parents(model: DerivedModel, trial: Trial, outlook: Outlook) -> None:
    fits = METHODS.get(model.method).fits
    prospects = [outlook.prospect(parent) for parent in model.parents]
    known = [prospect.specs for prospect in prospects if prospect]
    if fits and len(known) == len(prospects):
        fits([(trial.inputs[parent].name, specs) for parent, specs in zip(model.parents, known, strict=True)])


def _check_classes(trial: Trial, outlook: Outlook) -> None:
    prospect = outlook.prospect(trial.model.identity)
    if trial.data and trial.measures and prospect and prospect.architecture:
        classes = len(open_data(trial.data).classes)
        require_classes(trial.model, prospect.architecture.classes, trial.data, classes)
