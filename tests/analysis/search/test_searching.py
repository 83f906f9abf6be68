"""Searches from the recipe to the answer, over trials that a formula answers."""

from collections.abc import Mapping
from typing import Any

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.recipe import parse_recipe, write_recipe
from graftwork.analysis.search.proposing import Searching

from .digits import AMOUNT, HEAD, SCOPED, SMALLEST, Toy, formula, recipe


def test_bisection_finds_what_a_fine_grid_finds() -> None:
    answer = Toy(SMALLEST + AMOUNT).run()
    assert answer.best
    amount = answer.best.point["cut.amount"]
    grid = [0.1 + 0.8 * i / 10_000 for i in range(10_001)]
    largest = max(a for a in grid if formula({"amount": a})["accuracy"] >= 0.95 - 0.05)
    assert largest - 0.8 * 0.01 <= amount <= largest + 1e-4
    assert answer.tried == 9  # both ends, and seven halvings to less than a hundredth of the span
    assert "cut.amount no longer holds at 0.475" in answer.sentence


def test_several_points_at_once_divide_the_bracket_and_find_the_same_in_fewer_rounds() -> None:
    one, three = Toy(SMALLEST + AMOUNT), Toy(SMALLEST + AMOUNT)
    alone, together = one.run().best, three.run(slots=3).best
    assert alone
    assert together
    assert together.point["cut.amount"] == pytest.approx(alone.point["cut.amount"], abs=0.8 * 0.01)


def test_the_best_under_a_bound_may_lie_at_the_other_side() -> None:
    text = '[search]\ngoal = "best"\nunder = {"cost.nominal.nonzeros" = 400}\n' + AMOUNT
    best = Toy(text).run().best
    assert best
    assert best.point["cut.amount"] == pytest.approx(0.6, abs=0.8 * 0.01)
    assert best.values["cost.nominal.nonzeros"] <= 400


def test_where_all_holds_the_end_is_the_answer_and_where_nothing_does_there_is_none() -> None:
    easy = Toy(SMALLEST.replace("0.05", "1.0") + AMOUNT).run()
    assert easy.best
    assert easy.best.point == {"cut.amount": 0.9}
    hard = Toy(SMALLEST.replace("0.05", "0.0") + AMOUNT).run()
    assert hard.best is None
    assert hard.sentence == "Nothing keeps accuracy within 0 points, after 2 trials."
    assert hard.recipe == ""


@pytest.mark.parametrize(("goal", "amount"), [("smallest", 0.475), ("best", 0.4)])
def test_bounds_of_both_kinds_may_hold_between_ends_that_break_them(goal: str, amount: float) -> None:
    both = SMALLEST.replace("smallest", goal) + 'under = {"cost.nominal.nonzeros" = 600}\n' + AMOUNT
    best = Toy(both).run().best
    assert best
    assert best.point["cut.amount"] == pytest.approx(amount, abs=0.8 * 0.01)
    neither = Toy(both.replace("600", "400")).run()
    assert neither.best is None
    assert neither.sentence.startswith("Nothing keeps accuracy within")


def test_the_answer_is_a_recipe_that_can_be_run() -> None:
    answer = Toy(SMALLEST + AMOUNT).run()
    settled = parse_recipe(answer.recipe)
    assert settled.search is None
    assert answer.best
    assert settled.step[0].parameters["amount"] == answer.best.point["cut.amount"]


def test_a_step_and_whole_numbers_stay_on_their_grid() -> None:
    toy = Toy(SMALLEST + AMOUNT.replace("high = 0.9", "high = 0.9, step = 0.1"))
    best = toy.run().best
    assert best
    assert best.point == {"cut.amount": 0.4}
    assert all(round(point["cut.amount"] * 10, 9) % 1 == 0 for point in toy.points)


GROUPS = SMALLEST + '[search.over.cut]\nlayers = "each group"\namount = {low = 0.0, high = 1.0}\n'


def by_group(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return what cuts by group do: every group hurts by its own weight."""
    own = parameters.get("amounts", {})
    hurt = sum((place + 1) * own.get(f"{name}.*", 0.0) ** 2 for place, name in enumerate(NAMES))
    return {"accuracy": 0.95 - 0.01 * hurt, "cost.nominal.nonzeros": 1000.0 - 100 * sum(own.values())}


NAMES = ("conv1", "layer1", "layer2", "layer3", "linear")


def test_each_group_is_bisected_in_turn_with_an_equal_part_of_what_may_be_lost() -> None:
    toy = Toy(GROUPS, by_group)
    best = toy.run().best
    assert best
    assert list(best.point) == [f"cut.{name}.*" for name in NAMES]
    # Each group may take 0.01 of accuracy, and what those before it left of theirs: weight · amount² ≤ 1.
    left = 0.0
    for place, amount in enumerate(best.point.values()):
        left += 1
        ideal = min(1.0, (left / (place + 1)) ** 0.5)
        assert ideal - 0.011 <= amount <= ideal
        left -= (place + 1) * amount**2
    assert best.values["accuracy"] >= 0.9


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
def test_a_search_gives_the_same_points_again_and_others_by_another_seed(sampler: str) -> None:
    text = SMALLEST + f'sampler = "{sampler}"\ntrials = 14\n'
    first, again, other = (Toy(text + seed + SCOPED) for seed in ("", "", "seed = 1\n"))
    for toy in (first, again, other):
        toy.run()
    assert first.points == again.points
    assert first.points != other.points
    assert len({str(point) for point in first.points}) > 7
    assert {point["cut.scope"] for point in first.points} == {"global", "layer"}


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been() -> None:
    text = SMALLEST + "trials = 12\n" + SCOPED
    whole, stopped = Toy(text), Toy(text)
    whole.run()
    for _ in range(5):
        stopped.step()
    later = Toy(text)
    later.tried, later.results = stopped.tried, stopped.results
    later.run()
    assert later.points == whole.points


def test_a_larger_budget_goes_on_from_the_smaller_one() -> None:
    small, large = Toy(SMALLEST + "trials = 4\n" + SCOPED), Toy(SMALLEST + "trials = 7\n" + SCOPED)
    assert small.run().tried == 4
    assert small.searching.begin().search != large.searching.begin().search
    assert identity(small) == identity(large)
    assert identity(Toy(SMALLEST + "trials = 4\nseed = 1\n" + SCOPED)) != identity(small)
    large.tried, large.results = list(small.tried), small.results
    assert large.run().tried == 7
    assert large.points[:4] == small.points


def identity(toy: Toy) -> str:
    spec = toy.searching.begin().search
    assert spec
    return spec.identity


@pytest.mark.parametrize("sampler", ["bisection", "tpe", "nsga2"])
def test_what_fails_is_counted_and_the_search_goes_on(sampler: str) -> None:
    def breaking(parameters: Mapping[str, Any]) -> dict[str, float] | None:
        return None if parameters.get("amount", 0) > 0.6 else formula(parameters)

    toy = Toy(SMALLEST + f'sampler = "{sampler}"\ntrials = 14\n' + AMOUNT, breaking)
    answer = toy.run()
    assert any(point["cut.amount"] > 0.6 for point in toy.points)
    assert answer.tried == len(toy.points)
    assert answer.best
    assert answer.best.values["accuracy"] >= 0.9


def test_values_are_means_over_seeds() -> None:
    head = HEAD.replace('title = "Smallest"', "seeds = [0, 1]").replace("prune.magnitude", "prune.random")
    toy = Toy(SMALLEST + AMOUNT, head=head)
    toy.step()
    assert [len(entry.trials) for entry in toy.tried] == [2]
    first, second = toy.tried[0].trials
    toy.results[first]["accuracy"], toy.results[second]["accuracy"] = 0.5, 0.7
    assert toy.step().front[0].values["accuracy"] == pytest.approx(0.6)


def test_what_follows_a_searched_step_is_what_counts() -> None:
    further = '[[step]]\nname = "noise"\nmethod = "prune.random"\nof = ["cut"]\namount = 0.1\n'
    toy = Toy(further + SMALLEST + AMOUNT)
    toy.step()
    proposal = toy.searching.propose(toy.tried, toy.results)
    assert proposal.plan
    names = {trial.identity: trial.model.name for trial in proposal.plan.trials}
    assert [names[trial] for trial in proposal.points[0].trials] == ["net/cut-0.9/noise"]


def test_the_front_holds_what_nothing_beats() -> None:
    answer = Toy(SMALLEST + 'sampler = "random"\ntrials = 10\n' + AMOUNT).run()
    sizes = [found.values["cost.nominal.nonzeros"] for found in answer.front]
    assert len(sizes) == 10  # of amounts alone, none beats another
    assert len(Toy(SMALLEST + 'sampler = "random"\ntrials = 10\n' + SCOPED).run().front) < 10


def test_a_search_is_written_as_it_is_read() -> None:
    read = recipe(SMALLEST + SCOPED)
    assert parse_recipe(write_recipe(read)) == read


def test_a_reference_that_was_not_measured_ends_the_search() -> None:
    toy = Toy(SMALLEST + AMOUNT, lambda _: None)
    with pytest.raises(UserError, match=r"its reference net has no accuracy. See in the jobs"):
        toy.step()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SMALLEST + AMOUNT.replace("cut", "cat"), "no step to search called 'cat'. Did you mean 'cut'"),
        (SMALLEST + AMOUNT.replace("amount", "amont"), "no parameter of prune.magnitude called 'amont'"),
        (SMALLEST + AMOUNT.replace("high = 0.9", "high = 1.5"), "amount = 1.5 does not fit: input should be less"),
        (SMALLEST + AMOUNT.replace("low = 0.1", "low = -1"), "amount = -1.0 does not fit"),
        (SMALLEST + AMOUNT.replace("high = 0.9", "high = 0.1"), "low must be below high"),
        (SMALLEST + AMOUNT.replace("low = 0.1", "log = true, low = 0"), "a span by logarithm begins above 0"),
        (SMALLEST + SCOPED.replace('"layer"', '"lair"'), "scope = 'lair' does not fit"),
        (SMALLEST + "[search.over.cut]\nscope = {low = 0, high = 1}", "scope is no number"),
        (SMALLEST + '[search.over.cut]\nscope = "each group"', "only layers come in groups, not scope"),
        (SMALLEST + '[search.over.cut]\nlayers = "each group"', "no amount to search in each group"),
        ("amount = 0.5\n" + SMALLEST + AMOUNT, "amount is both set and searched"),
        (SMALLEST.replace("accuracy", "acuracy") + AMOUNT, "that gives 'acuracy'. Did you mean 'accuracy'"),
        (SMALLEST.replace("accuracy", "loss") + AMOUNT, "among what the recipe measures, that gives 'loss'"),
        ('[search]\ngoal = "smallest"\n' + AMOUNT, "the smallest needs what it must keep"),
        ('[search]\ngoal = "best"\n' + AMOUNT, "the best needs a bound"),
        (
            SMALLEST + 'sampler = "bisection"\n' + SCOPED,
            "Bisection searches one number, and the recipe searches",
        ),
        (GROUPS.replace("keep", 'under = {accuracy = 1}\nsampler = "bisection"\nkeep'), "goes towards the smallest"),
        ('[[step]]\nname = "cut"\nmethod = "prune.random"\nof = ["net"]\n' + SMALLEST + AMOUNT, "Two steps are called"),
        (SMALLEST + "trials = 0\n" + AMOUNT, "search.trials does not fit"),
        (SMALLEST, "lacks search.over"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(text: str, problem: str) -> None:
    with pytest.raises(UserError) as refused:
        Searching(recipe(text)).begin()
    assert problem in str(refused.value)


def test_a_reference_that_a_step_makes_is_refused() -> None:
    head = HEAD.replace('data = "test"\n', 'data = "test"\nreference = "cut"\n')
    with pytest.raises(UserError, match=r"reference 'cut'|model or earlier step 'cut'"):
        Searching(recipe(SMALLEST + AMOUNT, head)).begin()
