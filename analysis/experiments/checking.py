"""What a plan's files must fulfil before anything runs."""

from collections.abc import Iterator, Sequence
from functools import cache

from ..data import open_data
from ..errors import UserError
from ..features import choose_taps
from ..methods import METHODS
from ..models import Checkpoint
from ..models.layer_names import fitting
from ..models.weight import names_of
from ..trials import DerivedModel, ModelSpec, Plan, SourceModel, Trial
from .fitting_data import DataCheck
from .outlook import Outlook
from .remarks import remarks_of
from .weighing import weighing_remarks


def check_inputs(plan: Plan) -> tuple[str, ...]:
    """Check what shows in the files' headers, and return what a person may want to know of them.

    Every operation's parents suit it, every pattern of layers fits one of its model's, and every network takes the data
    that it is run over.

    Files are opened; read are tokens where some may be unknown, and what a person's own code builds. What only shows
    when a model is made is checked then.

    Raises
    ------
    UserError
        Naming the first that does not fit.
    """
    outlook = Outlook(plan.trials)
    remarks = *remarks_of(plan, outlook, cache(open_data)), *weighing_remarks(plan)
    data = DataCheck(outlook)
    for model, trial in _operations(plan):
        _check_parents(model, trial, outlook)
        _check_patterns(model, outlook)
    for trial in plan.trials:
        _check_features(trial, outlook)
        data.check(trial)
    return remarks


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
            fitting(names_of(owner.weights()), patterns)
        elif owner and owner.architecture:
            choose_taps(owner.skeleton(), owner.architecture, patterns)
    except UserError as error:
        raise UserError(f"{model.name}: {error.problem}", error.next_step) from error
