"""How few corruptions rank these models as all of them do."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ...kernels.redundancy import smallest_ranking_subset
from ..catalogue import Quantity
from ..errors import UserError
from ..naming import parse_name, plain_name
from ..registry import parameter
from . import FITS, Member, Parameters, Remark, Table, Value

_ID = "robustness.subset"
_FEWEST = 3  # models: two are ranked alike by one corruption or another in any case
_MOST = 20  # tests, of whose subsets all are tried


class SubsetParameters(Parameters):
    """Parameters of the smallest subset."""

    prefix: str = parameter(
        "robustness.corruptions.accuracy", "The accuracies PREFIX.NAME are the tests that the subset is of."
    )


@FITS.register(
    _ID,
    title="Smallest ranking subset of corruptions",
    citation="Xia et al. 2023, Understanding Robustness Lottery, arXiv:2206.07918",
    quantities=(Quantity(name=f"{_ID}.size", title="Corruptions that rank as all do", better="lower"),),
)
def robustness_subset(table: Table, parameters: SubsetParameters) -> Iterator[Value | Remark]:
    """Find the fewest tests whose mean accuracy ranks the models as the mean over all tests does.

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
    accuracy = np.array([[m.number(own[test]) for test in tests] for m, own in zip(members, found, strict=True)])
    chosen = [tests[place] for place in smallest_ranking_subset(accuracy)]
    yield Value(measure=f"{_ID}.size", value=len(chosen))
    told = parse_name(found[0][tests[0]]).suffix
    yield Remark(f"{', '.join(chosen)} of {len(tests)} tests{told} rank {len(members)} models as all tests do.")


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
