"""Optuna's samplers: the next points to try, from those that were tried.

A study is built anew each time, in memory, so that a search is a function of what is recorded.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..identity import digest
from .space import Dimension, Number, Point

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

_POPULATION = 10  # of a generation: searches of neural networks are short


@dataclass(frozen=True)
class Sample:
    """A point that was tried.

    Attributes
    ----------
    point : mapping
        What was tried.
    costs : tuple of float or None
        Its objectives, less being better; None where it failed.
    excesses : tuple of float
        By how much it exceeds each bound.
    """

    point: Point
    costs: tuple[float, ...] | None
    excesses: tuple[float, ...] = ()


def sample(
    sampler: str, space: Sequence[Dimension], tried: Sequence[Sample], objectives: int, seed: int, count: int = 1
) -> list[dict[str, Any]]:
    """Return the next points to try.

    Equal arguments give equal points.

    Parameters
    ----------
    sampler : str
        ``tpe``, ``nsga2`` or ``random``.
    space : sequence of Dimension
        What is searched.
    tried : sequence of Sample
        What was tried, the first first.
    objectives : int
        How many costs there are.
    seed : int
        Seeds the draws, together with the number of points tried.
    count : int
        How many points to give.

    Raises
    ------
    UserError
        If Optuna is not installed.

    Source: Akiba et al. 2019, Optuna; Bergstra et al. 2011 and Ozaki et al. 2022 (TPE), Deb et al. 2002 (NSGA-II).
    """
    require_optuna()
    import optuna

    with _quiet():
        drawn = int(digest([seed, len(tried)])[:8], 16)
        study = optuna.create_study(directions=["minimize"] * objectives, sampler=_sampler(sampler, drawn))
        distributions = {dimension.key: _distribution(dimension) for dimension in space}
        _replay(study, distributions, space, tried)
        asked = [study.ask(distributions).params for _ in range(count)]
    return [{d.key: _outer(d, params[d.key]) for d in space} for params in asked]


def require_optuna() -> None:
    """Demand that Optuna is there.

    Raises
    ------
    UserError
        If it is not.
    """
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"Searching by samplers needs the package '{error.name}'.",
            "Install it with: pip install 'graftwork[search]', or search one number by bisection.",
        ) from error


def _replay(
    study: "Study", distributions: dict[str, "BaseDistribution"], space: Sequence[Dimension], tried: Iterable[Sample]
) -> None:
    """Tell a study what was tried, as if it had asked for it."""
    from optuna.samplers import BaseGASampler
    from optuna.trial import TrialState

    for past in tried:
        study.enqueue_trial({d.key: _inner(d, past.point[d.key]) for d in space})
        trial = study.ask(distributions)
        if isinstance(study.sampler, BaseGASampler):  # which counts generations when it samples, and here nothing is
            study.sampler.get_trial_generation(study, study.get_trials(deepcopy=False)[-1])
        for place, excess in enumerate(past.excesses):
            trial.set_constraint(str(place), excess)
        if past.costs is None:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, past.costs)


def _sampler(name: str, seed: int) -> "BaseSampler":
    from optuna import samplers

    if name == "nsga2":
        return samplers.NSGAIISampler(population_size=_POPULATION, seed=seed)
    if name == "random":
        return samplers.RandomSampler(seed=seed)
    return samplers.TPESampler(seed=seed, constant_liar=True)


def _distribution(dimension: Dimension) -> "BaseDistribution":
    from optuna import distributions

    if not isinstance(dimension, Number):
        # Of any kind, so by their places: Optuna's own choices are numbers and texts.
        return distributions.CategoricalDistribution(range(len(dimension.corners)))
    span = dimension.span
    if dimension.whole:
        return distributions.IntDistribution(int(span.low), int(span.high), log=span.log, step=int(span.step or 1))
    return distributions.FloatDistribution(span.low, span.high, log=span.log, step=span.step)


def _inner(dimension: Dimension, value: Any) -> Any:
    return value if isinstance(dimension, Number) else dimension.corners.index(value)


def _outer(dimension: Dimension, value: Any) -> Any:
    return dimension.at(dimension.share(value)) if isinstance(dimension, Number) else dimension.corners[value]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's log of every study to warnings."""
    from optuna import logging as theirs

    before = theirs.get_verbosity()
    theirs.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        theirs.set_verbosity(before)
