"""What a plan will take: time by what was run before, memory and disk by the shapes of its tensors."""

import statistics
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from functools import cache
from typing import TypeVar

import numpy as np
from torch import nn

from ..data import open_data
from ..measures import MEASURES
from ..methods import METHODS
from ..models import Architecture
from ..training import TrainingParameters
from ..trials import DataSpec, DerivedModel, Estimate, FeatureSpec, ModelSpec, Plan, Trial
from .outlook import Needs, Outlook, Prospect, kept_of, needs_of, training_memory

Counted = TypeVar("Counted")
_BATCH = 256  # samples of a forward pass, as `extract` takes them
_STATES = {"sgd": 1, "nesterov": 1, "adamw": 2}  # copies of the weights that an optimiser keeps
_REACH = 3.0
_MEASURED = 48  # bytes that measures keep of a sample beside the layers, about


def estimate(plan: Plan, past: Sequence[tuple[Trial, float]] = ()) -> tuple[Estimate, ...]:
    """Return what each trial will take.

    A trial takes as long as the median of those that did the same (method, measures, data) to models of that size.
    Where there is none, a line through all that was run gives its time from multiply-accumulates times samples, as far
    as three times the most that was run.

    Parameters
    ----------
    plan : Plan
        What is to be run.
    past : sequence of (Trial, float)
        What was run, with its seconds.
    """
    return _Estimator(plan, past).all()


def least_disk(plan: Plan, begun: Sequence[Trial] = ()) -> int:
    """Return the bytes that a plan leaves behind at least: a file once, and nothing for what nobody can say before.

    Parameters
    ----------
    plan : Plan
        What is to be run.
    begun : sequence of Trial
        What was run or begun: its files may be there.
    """
    return _Estimator(plan, ()).least_disk(begun)


class _Estimator:
    def __init__(self, plan: Plan, past: Sequence[tuple[Trial, float]]) -> None:
        self._plan = plan
        self._outlook = Outlook((*plan.trials, *(trial for trial, _ in past)))
        self._size = cache(_size)
        self._needs_of = cache(lambda model, shape: self._count(model, lambda net, known: needs_of(net, known, shape)))
        self._kept_of = cache(lambda model, *what: self._count(model, lambda net, known: kept_of(net, known, *what)))
        self._step_of = cache(
            lambda model, *what: self._count(model, lambda net, known: training_memory(net, known, *what))
        )
        self._seconds: dict[Hashable, list[float]] = {}
        self._points: list[tuple[float, float]] = []
        for trial, seconds in past:
            self._learn(trial, seconds)

    def all(self) -> tuple[Estimate, ...]:
        return tuple(self._estimate(trial) for trial in self._plan.trials)

    def least_disk(self, begun: Sequence[Trial]) -> int:
        there = {file for trial in begun for file in _files(trial)}
        sizes: dict[Hashable, int] = {}
        for trial in self._plan.trials:
            made = self._outlook.prospect(trial.model.identity)
            own = [made.bytes if made and isinstance(trial.model, DerivedModel) else 0, self._kept(trial)]
            sizes |= {file: max(size, sizes.get(file, 0)) for file, size in zip(_files(trial), own, strict=True)}
        return sum(size for file, size in sizes.items() if file not in there)

    def _learn(self, trial: Trial, seconds: float) -> None:
        self._seconds.setdefault(self._kind(trial), []).append(seconds)
        self._points.append((self._work(trial), seconds))

    def _estimate(self, trial: Trial) -> Estimate:
        seconds, alike = self._time(trial)
        prospect = self._outlook.prospect(trial.model.identity)
        return Estimate(
            trial=trial.identity,
            seconds=seconds,
            alike=alike,
            memory=self._memory(trial, prospect) if prospect else None,
            disk=self._disk(trial, prospect) if prospect else None,
        )

    def _time(self, trial: Trial) -> tuple[float | None, int]:
        same = self._seconds.get(self._kind(trial), [])
        if same:
            return statistics.median(same), len(same)
        return line(self._points, self._work(trial)), 0

    def _kind(self, trial: Trial) -> Hashable:
        """Return what trials have in common that take as long."""
        method = trial.model.method if isinstance(trial.model, DerivedModel) else None
        prospect = self._outlook.prospect(trial.model.identity)
        size = prospect.bytes if prospect else None
        return method, size, trial.data and trial.data.identity, frozenset(m.measure for m in trial.measures)

    def _work(self, trial: Trial) -> float:
        needs = self._needs(trial)
        return float(needs.macs) * self._size(trial.data)[0] if needs and trial.data else 0.0

    def _count(self, model: str, count: Callable[[nn.Module, Architecture], Counted]) -> Counted | None:
        """Return what is counted on a model's skeleton; None where nobody can say."""
        origin = self._outlook.origin(model)
        if origin and origin.architecture:
            with suppress(Exception):  # whatever code that is not ours raises without values; its trial will say
                return count(origin.skeleton(), origin.architecture)
        return None

    def _needs(self, trial: Trial) -> Needs | None:
        shape = self._size(trial.data)[1:] if trial.data else None
        return self._needs_of(self._outlook.root(trial.model.identity), shape) if shape else None

    def _memory(self, trial: Trial, prospect: Prospect) -> int:
        making = max(prospect.largest * (2 + len(trial.inputs)), self._training(trial, prospect))
        needs = self._needs(trial)
        if needs is None or trial.data is None:
            return making
        batch = min(_BATCH, self._size(trial.data)[0])
        return max(making, prospect.bytes + batch * needs.activations)

    def _training(self, trial: Trial, prospect: Prospect) -> int:
        """Return the bytes that training the model takes; 0 where its method does not train, or nobody can say."""
        chosen = _trained_with(trial.model)
        data = trial.operation_data.get("data")
        if not (chosen and data):
            return 0
        samples, *shape = self._size(data)
        step = self._step_of(self._outlook.root(trial.model.identity), min(chosen.batch, samples), tuple(shape))
        return prospect.bytes * (1 + _STATES[chosen.optimiser]) + step if step else 0

    def _disk(self, trial: Trial, prospect: Prospect) -> int:
        measured = _MEASURED * self._size(trial.data)[0] if trial.data else 0
        return measured + self._kept(trial) + (prospect.bytes if isinstance(trial.model, DerivedModel) else 0)

    def _kept(self, trial: Trial) -> int:
        """Return the bytes that the model's pass over the data leaves."""
        if trial.data is None:
            return 0
        samples, *shape = self._size(trial.data)
        features = trial.features or FeatureSpec(layers=())
        needed = {need for spec in trial.measures for need in MEASURES.get(spec.measure).needs}
        layers = tuple(sorted(needed | set(features.layers)))
        return samples * (self._kept_of(self._outlook.root(trial.model.identity), layers, features, tuple(shape)) or 0)


def _size(spec: DataSpec) -> tuple[int, ...]:
    """Return samples, and the shape of one."""
    with open_data(spec) as data:
        return len(data), *data.shape


def _trained_with(model: ModelSpec) -> TrainingParameters | None:
    if not isinstance(model, DerivedModel):
        return None
    chosen = METHODS.get(model.method).check(model.parameters)
    return chosen if isinstance(chosen, TrainingParameters) else None


def _files(trial: Trial) -> tuple[Hashable, Hashable]:
    """Return what stands for the trial's checkpoint, and for its model's pass over the data."""
    return trial.model.identity, (trial.model.identity, trial.data and trial.data.identity)


def line(points: Sequence[tuple[float, float]], at: float) -> float | None:
    """Return the height at ``at`` of the line with no negative height or slope that fits (x, y) points best.

    None where the points do not tell: at less than two places, or all far below ``at``.
    """
    places = np.array([x for x, _ in points])
    if len(np.unique(places)) < 2 or at > _REACH * places.max():
        return None
    from scipy.optimize import nnls  # half a second that a worker need not wait for when it starts

    (height, slope), _ = nnls(np.stack([np.ones_like(places), places / places.max()], axis=1), [y for _, y in points])
    return float(height + slope * at / places.max())
