"""How few corruptions rank these models as all of them do."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ...kernels.intervals import LEVEL, deviate
from ...kernels.intervals.shares import share_interval
from ...kernels.subsets import Noise, Pairs, noise_of, ranked_by_noise, smallest_ranking_subset, told_apart
from ..catalogue import Quantity
from ..correctness import SIGNIFICANT
from ..errors import UserError
from ..naming import parse_name, plain_name
from ..registry import parameter
from . import FITS, Member, Parameters, Remark, Table, Value
from .table import Floats
from .wording import interval_value

_ID = "robustness.subset"
_FEWEST = 3  # models: two are ranked alike by one corruption or another in any case
_MOST = 20  # tests, of whose subsets all are tried


class SubsetParameters(Parameters):
    """Parameters of the smallest subset."""

    prefix: str = parameter(
        "robustness.corruptions.accuracy", "The accuracies PREFIX.NAME are the tests that the subset is of."
    )
    draws: int = parameter(200, "How often noise is drawn, to tell what ranks by chance.", ge=20, le=10_000)
    seed: int = parameter(0, "Seeds the draws.", ge=0)


@FITS.register(
    _ID,
    title="Smallest ranking subset of corruptions",
    citation="Xia et al. 2023, Understanding Robustness Lottery, arXiv:2206.07918",
    quantities=(
        Quantity(name=f"{_ID}.size", title="Corruptions that rank as all do", better="lower"),
        Quantity(name=f"{_ID}.chance", title="How often noise ranks equal models with as few", unit="fraction"),
    ),
    version=2,
)
def robustness_subset(table: Table, parameters: SubsetParameters) -> Iterator[Value | Remark]:
    """Find the fewest tests whose mean accuracy ranks the models as the mean over all tests does.

    Models that all tests together do not tell apart, by the intervals of their accuracies, may come in any order; where
    that is so of all of them, no subset is given. Beside it stands how often as few tests would rank as many pairs of
    models that differ by noise alone: with many subsets to choose from, one or another often does.

    Raises
    ------
    UserError
        If fewer than three models were measured on the same tests, or there are more tests than can be tried.
    """
    members = tuple(m for m in table.members if _tests(table, m, parameters.prefix))
    if len(members) < _FEWEST:
        raise UserError(
            f"A subset needs {_FEWEST} models with {parameters.prefix}, and there are {len(members)}.",
            'Measure "robustness.corruptions" of more models.',
        )
    found = [_tests(table, member, parameters.prefix) for member in members]
    tests = _common(found, parameters.prefix)
    names = [found[0][test] for test in tests]
    accuracy = np.array([[m.number(name) for name in names] for m in members])
    noise = _noise(members, table.named(parameters.prefix), names)
    if noise is None:
        yield Remark("No subset is told: without intervals of all accuracies, its ranking may be chance.")
        return
    pairs = told_apart(accuracy, noise)
    if pairs.any():
        yield from _of_pairs(tests, accuracy, noise, pairs, parameters)
    else:
        yield Remark(f"All {len(tests)} tests do not distinguish the {len(members)} models, and no subset ranks them.")


def _of_pairs(
    tests: Sequence[str], accuracy: Floats, noise: Noise, pairs: Pairs, parameters: SubsetParameters
) -> Iterator[Value | Remark]:
    chosen = smallest_ranking_subset(accuracy, pairs)
    yield Value(measure=f"{_ID}.size", value=len(chosen))
    ranked = (
        f"{', '.join(tests[place] for place in chosen)} of {len(tests)} tests rank {_ranked(pairs)} as all tests do"
    )
    if len(chosen) == len(tests):
        yield Remark(f"{ranked}: no fewer do.")
        return
    hits = ranked_by_noise(noise, accuracy, pairs, len(chosen), parameters.draws, parameters.seed)
    chance = share_interval(hits, parameters.draws)
    yield interval_value(f"{_ID}.chance", chance, "fraction")
    verdict = ", so that it may be chance" if chance.high > SIGNIFICANT else ""
    yield Remark(f"{ranked}; as few do so in {hits} of {parameters.draws} draws of noise alone{verdict}.")


def _ranked(pairs: Pairs) -> str:
    apart, all_ = int(pairs.sum()), len(pairs) * (len(pairs) - 1) // 2
    return f"{len(pairs)} models" if apart == all_ else f"the {apart} of {all_} pairs of models that are told apart"


def _noise(members: Sequence[Member], mean: str, names: Sequence[str]) -> Noise | None:
    """Return the noise of the tests, correlated as the interval of the mean over them says; None without intervals."""
    errors = np.array([[_error(m, name) for name in names] for m in members])
    if np.isnan(errors).any():
        return None
    of_means = np.array([_error(m, mean) for m in members])
    return Noise(errors, 0.0) if np.isnan(of_means).any() else noise_of(errors, of_means)


def _error(member: Member, name: str) -> float:
    """Return the standard error that a value's interval tells; nan where it has none."""
    value = member.values.get(name)
    if value is None or value.low is None or value.high is None:
        return float("nan")
    return (value.high - value.low) / (2 * deviate(LEVEL))


def _tests(table: Table, member: Member, prefix: str) -> dict[str, str]:
    """Return the names of a model's values by test: those meant by PREFIX.NAME, without the severities below it."""
    wanted = parse_name(prefix)
    plain = [plain_name(name) for name in member.values]
    below = {name.removeprefix(f"{wanted.plain}.") for name in plain if name.startswith(f"{wanted.plain}.")}
    meant = {test: table.named(f"{wanted.plain}.{test}{wanted.suffix}") for test in below if "." not in test}
    return {test: name for test, name in meant.items() if name in member.values}


def _common(found: Sequence[Mapping[str, str]], prefix: str) -> list[str]:
    common = set.intersection(*map(set, found))
    if not 1 <= len(common) <= _MOST:
        raise UserError(
            f"The models have {len(common)} tests {prefix} in common, and 1 to {_MOST} can be tried.",
            "Measure all of them under the same corruptions.",
        )
    return sorted(common)
