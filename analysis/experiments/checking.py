"""What a plan's files must fulfil before anything runs."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from ..data import DataSet, open_data
from ..errors import UserError
from ..features import choose_taps
from ..methods import METHODS
from ..models import Checkpoint
from ..models.layer_names import fitting
from ..trials import DataSpec, DerivedModel, ModelSpec, Plan, SourceModel, Trial
from .class_order import remarks_of
from .outlook import Outlook


def check_inputs(plan: Plan) -> tuple[str, ...]:
    """Check what shows in the files' headers, and return what a person may want to know of them.

    Every operation's parents suit it, every pattern of layers fits one of its model's, and every network has an output
    for each class of its data.

    Files are opened, not read. What only shows when a model is made is checked then.

    Raises
    ------
    UserError
        Naming the first that does not fit.
    """
    outlook = Outlook(plan.trials)
    opened = cache(open_data)
    remarks = remarks_of(plan, outlook, opened)
    for model, trial in _operations(plan):
        _check_parents(model, trial, outlook)
        _check_patterns(model, outlook)
    for trial in plan.trials:
        _check_features(trial, outlook)
        _check_classes(trial, outlook, opened)
    return remarks


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


def _check_patterns(model: DerivedModel, outlook: Outlook) -> None:
    for field, schema in METHODS.get(model.method).entry.parameter_schema.get("properties", {}).items():
        if "patterns" in schema and (patterns := model.parameters.get(field)):
            owner = model.references.get(schema["within"]) if "within" in schema else model.parents[0]
            _require_fit(model, schema["patterns"], tuple(patterns), outlook.origin(owner) if owner else None)


def _check_features(trial: Trial, outlook: Outlook) -> None:
    if trial.features and isinstance(trial.model, SourceModel):  # what is made of it has its layers
        _require_fit(trial.model, "layers", trial.features.layers, outlook.origin(trial.model.identity))


def _require_fit(model: ModelSpec, kind: str, patterns: Sequence[str], owner: Checkpoint | None) -> None:
    """Demand that every pattern fits one of the owner's layers, as far as these are known."""
    try:
        if owner and kind == "weights":
            fitting(owner.weights(), patterns)
        elif owner and owner.architecture:
            choose_taps(owner.skeleton(), owner.architecture, patterns)
    except UserError as error:
        raise UserError(f"{model.name}: {error.problem}", error.next_step) from error


def _check_classes(trial: Trial, outlook: Outlook, opened: Callable[[DataSpec], DataSet]) -> None:
    prospect = outlook.prospect(trial.model.identity)
    if trial.data and trial.measures and prospect and prospect.architecture:
        require_classes(trial.model, prospect.architecture.classes, trial.data, len(opened(trial.data).classes))
