"""Which data a plan runs which networks over, and that they fit."""

from collections.abc import Callable, Iterator
from functools import cache

from ..data import Prepared, open_data
from ..measures import MEASURES
from ..methods import METHODS
from ..models import Architecture, Checkpoint
from ..models.intake import Samples, require_fit
from ..training import TrainingParameters
from ..trials import DataSpec, DerivedModel, Trial
from .outlook import Outlook
from .trying import require_runs

Classes = Callable[[Prepared], int]
"""How many outputs the labels of a data set ask for."""


def require_measurable(trial: Trial, checkpoint: Checkpoint, data: Prepared) -> None:
    """Demand that a trial's model, once it is made, takes the data that it is measured on.

    Raises
    ------
    UserError
        As `DataCheck.check`.
    """
    if trial.data and checkpoint.architecture and _looks_at_data(trial):
        samples = _samples(trial.data.name, data, checkpoint.architecture, _measured(trial))
        require_fit(trial.model.name, checkpoint.architecture, samples)


class DataCheck:
    """Asks each model and data set of a plan once.

    Parameters
    ----------
    outlook : Outlook
        The plan's models.
    """

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook
        self._open = cache(open_data)
        self._check = cache(self._checked)

    def check(self, trial: Trial) -> None:
        """Demand that every network that a trial runs takes the data that it runs over.

        Raises
        ------
        UserError
            Naming the model, the data set and what mends it.
        """
        for identity, data, classes in _runs(trial):
            self._check(self._outlook.root(identity), data, classes)

    def _checked(self, root: str, spec: DataSpec, classes: Classes) -> None:
        origin, name = self._outlook.origin(root), self._outlook.name(root)
        if origin and (architecture := origin.architecture or origin.likely):
            samples = _samples(spec.name, self._open(spec), architecture, classes)
            require_fit(name, architecture, samples)
            require_runs(name, origin, samples)


def _runs(trial: Trial) -> Iterator[tuple[str, DataSpec, Classes]]:
    """Yield each model that a trial runs, by identity, with the data, and the classes that are asked for."""
    if trial.data and _looks_at_data(trial):
        models = {trial.model.identity, *([trial.reference] if trial.reference else [])}
        yield from ((identity, trial.data, _measured(trial)) for identity in models)
    if isinstance(trial.model, DerivedModel):
        chosen = METHODS.get(trial.model.method).check(trial.model.parameters)
        classes = _used if isinstance(chosen, TrainingParameters) else _none
        ran = {*trial.model.parents, *(set(trial.model.references.values()) & trial.inputs.keys())}
        yield from ((identity, data, classes) for data in trial.operation_data.values() for identity in ran)


def _looks_at_data(trial: Trial) -> bool:
    return bool(trial.features) or not all(MEASURES.get(spec.measure).dataless for spec in trial.measures)


def _samples(name: str, data: Prepared, architecture: Architecture, classes: Classes) -> Samples:
    """Return what a data set states; its samples are read only where the network may not know one of their tokens."""
    tokens, bound = (0, 0), data.vocabulary
    if data.kind == "tokens":
        tokens = (0, bound - 1) if bound is not None and bound <= architecture.vocabulary else data.tokens
    return Samples(name, data.kind, data.shape, classes(data), tokens)


def _measured(trial: Trial) -> Classes:
    """Return what measures ask for: an output for every class of the data, whether a sample has it or not."""
    return _named if trial.measures else _none


def _named(data: Prepared) -> int:
    return len(data.classes)


def _used(data: Prepared) -> int:
    return int(data.labels.max()) + 1


def _none(_: Prepared) -> int:
    return 0
