"""How sure a search's answer is: what its intervals say of the bounds, and where the bound is not monotone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.columns import put_column
from graftwork.analysis.recipe import Span
from graftwork.analysis.search.bisection import bracket_of
from graftwork.analysis.search.certainty import Difference, Recorded, independent_difference
from graftwork.analysis.search.space import Number
from graftwork.analysis.trials import (
    Answer,
    DataSpec,
    MeasureSpec,
    Plan,
    Proposal,
    Proposed,
    SearchSpec,
    SourceModel,
    Trial,
    TrialResult,
    Value,
)
from graftwork.analysis.workspace import Workspace
from graftwork.kernels.intervals import Interval
from graftwork.kernels.intervals.paired import paired_interval

from .digits import AMOUNT, SMALLEST, Toy, formula

AMOUNTS = Number("cut", "amount", Span(low=0, high=1), whole=False)


def test_a_point_further_out_that_holds_contradicts_one_nearer_that_does_not() -> None:
    rising = bracket_of(AMOUNTS, {0.0: True, 0.25: False, 0.5: False, 0.75: True, 1.0: False})
    assert (rising.inside, rising.outside, rising.contradiction) == (0.0, 0.25, (0.25, 0.75))
    falling = bracket_of(AMOUNTS, {0.0: False, 0.25: True, 0.5: False, 1.0: True})
    assert (falling.inside, falling.outside, falling.contradiction) == (1.0, 0.5, (0.5, 0.25))


@pytest.mark.parametrize("middle", [True, None])
def test_what_holds_throughout_or_failed_contradicts_nothing(middle: bool | None) -> None:
    tests = {0.0: True, 0.25: middle, 0.5: True, 1.0: False}
    assert bracket_of(AMOUNTS, tests).contradiction is None


def test_a_bound_that_is_not_monotone_is_said_and_the_best_of_what_was_tried_is_the_answer() -> None:
    def wavy(parameters: Mapping[str, Any]) -> dict[str, float]:
        amount = parameters.get("amount", 0.0)
        return formula(parameters) | {"accuracy": 0.5 if 0.25 < amount < 0.4 or amount > 0.6 else 0.95}

    answer = Toy(SMALLEST + AMOUNT, wavy).run(slots=3)
    assert answer.best
    assert answer.best.point["cut.amount"] == 0.5
    assert answer.remarks == (
        "cut.amount is not monotone: the bound does not hold at 0.2531 and holds further out, at 0.5; only the first"
        ' bracket was narrowed, so search on with sampler = "tpe".',
    )
    assert Toy(SMALLEST + AMOUNT).run(slots=3).remarks == ()


class Told:
    """Says the same of every trial."""

    def __init__(self, own: Interval | None, difference: Difference | None) -> None:
        self.own, self.lost = own, difference

    def interval(self, trials: Sequence[str], measure: str) -> Interval | None:
        return self.own if measure == "accuracy" else None

    def difference(self, reference: Sequence[str], trials: Sequence[str], measure: str) -> Difference | None:
        assert set(reference).isdisjoint(trials)
        return self.lost


def judged(text: str, told: Told) -> Answer:
    toy = Toy(text)
    toy.run()
    return toy.searching.propose(toy.tried, toy.results, 1, told).answer


def test_the_answer_states_the_interval_beside_the_value_and_whether_the_bound_holds_at_its_end() -> None:
    own = Interval(0.91, 0.9, 0.92)
    held = judged(SMALLEST + AMOUNT, Told(own, Difference(Interval(-0.03, -0.04, -0.02), paired=True)))
    assert "accuracy 90.17 [90, 92] %" in held.sentence
    assert held.best
    assert held.best.intervals == {"accuracy": (0.9, 0.92)}
    assert held.remarks[0] == (
        "accuracy is 3 [2, 4] points worse than net: paired by sample, the bound of 5 points holds at the"
        " interval's end too."
    )
    straddling = judged(SMALLEST + AMOUNT, Told(own, Difference(Interval(-0.03, -0.06, -0.02), paired=False)))
    assert straddling.remarks[0] == (
        "accuracy is 3 [2, 6] points worse than net: not paired, the interval straddles the bound of 5 points."
    )


def test_an_interval_that_ends_beyond_an_absolute_bound_is_said() -> None:
    text = '[search]\ngoal = "best"\nobjectives = ["cost.nominal.nonzeros"]\nunder = {accuracy = 0.94}\n' + AMOUNT
    (said,) = judged(text, Told(Interval(0.93, 0.91, 0.95), None)).remarks
    assert said == "accuracy is 93 [91, 95] %: the interval straddles the bound of 94 %."


def test_without_an_interval_nothing_is_said() -> None:
    answer = judged(SMALLEST + AMOUNT, Told(None, None))
    assert answer.remarks == ()
    assert "[" not in answer.sentence


SOURCES = tuple(SourceModel(name=name, path=name, content=name) for name in ("net", "one", "two"))
DATA = DataSpec(name="test", path="digits", content="digits")
TRIALS = tuple(Trial(model=m, data=DATA, measures=(MeasureSpec(measure="accuracy", version=1),)) for m in SOURCES)
NET, ONE, TWO = (trial.identity for trial in TRIALS)
RIGHT = np.random.default_rng(0).random((3, 400)) < np.array([[0.9], [0.85], [0.8]])


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """Return what a workspace tells of three models: their accuracy with correctness by sample, and two figures."""
    import h5py

    with Workspace.create(tmp_path / "w.graft") as space:
        space.add_plan(Plan(title="s", trials=TRIALS, search=SPEC), "title = 's'", tmp_path)
        points = (Proposed(point={}, trials=(ONE,)), Proposed(point={}, trials=(TWO,)))
        space.add_proposal("s", Proposal(answer=Answer(sentence="So far."), points=points))
        for number, trial in enumerate(TRIALS):
            with h5py.File(space.arrays / f"{number}.h5", "w") as file:
                put_column(file, "correct", RIGHT[number])
            values = (
                Value(measure="accuracy", value=float(RIGHT[number].mean()), low=0.5, high=0.9),
                Value(measure="latency", value=2.0 + number, low=1.5 + number, high=2.25 + number),
                Value(measure="bare", value=1.0),
            )
            space.finish(
                TrialResult(
                    trial=trial.identity,
                    values=values,
                    columns={"correct": f"{number}.h5"},
                    checkpoint=None,
                    facts={},
                    seconds=1.0,
                )
            )
        return Recorded(space, "s")


SPEC = SearchSpec(identity="s", measures=("accuracy", "latency", "bare"), trials=3)


def test_what_was_right_of_every_sample_gives_the_paired_difference(recorded: Recorded) -> None:
    found = recorded.difference([NET], [ONE], "accuracy")
    assert found
    assert found.paired
    assert found.interval == paired_interval(RIGHT[1].astype(int) - RIGHT[0])


def test_weighted_samples_give_the_weighted_difference(tmp_path: Path, recorded: Recorded) -> None:
    import h5py

    weights = np.random.default_rng(1).integers(0, 4, 400)
    with h5py.File(tmp_path / "w.graft" / "arrays" / "data.h5", "w") as file:
        file["weight"] = weights
    for model in SOURCES:
        recorded._files[model.identity, DATA.identity, "weight"] = tmp_path / "w.graft" / "arrays" / "data.h5"
    found = recorded.difference([NET], [ONE], "accuracy")
    assert found
    assert found.paired
    apart = RIGHT[1].astype(int) - RIGHT[0]
    assert found.interval == pytest.approx(paired_interval(apart[weights > 0], weights[weights > 0] / 3))
    assert found.interval.mean == pytest.approx(np.average(apart, weights=weights))


def test_several_seeds_are_paired_by_their_mean_over_each_sample(recorded: Recorded) -> None:
    found = recorded.difference([NET], [ONE, TWO], "accuracy")
    assert found
    assert found.interval == paired_interval(RIGHT[1:].mean(axis=0) - RIGHT[0])


def test_other_measures_are_taken_as_independent(recorded: Recorded) -> None:
    found = recorded.difference([NET], [TWO], "latency")
    assert found == Difference(independent_difference(Interval(4, 3.5, 4.25), Interval(2, 1.5, 2.25)), paired=False)


def test_an_interval_over_seeds_is_as_wide_as_theirs(recorded: Recorded) -> None:
    assert recorded.interval([NET, TWO], "latency") == Interval(3.0, 2.5, 3.25)
    assert recorded.interval([NET], "bare") is None
    assert recorded.difference([NET], [ONE], "bare") is None


def test_independent_intervals_add_in_quadrature() -> None:
    found = independent_difference(Interval(5, 2, 9), Interval(3, -1, 6))
    assert found == pytest.approx((2, 2 - np.hypot(3, 3), 2 + np.hypot(4, 4)))
