"""How a search goes on: from its recipe and what it has tried, to the next trials and the answer so far.

Nothing is kept between two proposals, so a search that was stopped or killed goes on with what is recorded.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ..errors import UserError
from ..experiments.planning import Fingerprint, fits_over, layers_of, plan, plan_steps
from ..identity import digest, fingerprint
from ..recipe import Recipe, Search, write_recipe
from ..trials import Answer, FitSpec, ModelSpec, Plan, Proposal, Proposed, SearchSpec
from .answers import remarks, sentence
from .bisection import Step, bisect
from .certainty import UNKNOWN, Certainty
from .goals import Bound, Goal, Tried, Values, goal_of, holds, mean_values
from .judging import SPEEDUP, Judge
from .sampling import Sample, require_optuna, sample
from .space import Dimension, Number, corners, default_sampler, dimensions, settle

Results = Mapping[str, Mapping[str, float | None]]
"""Values of finished trials, by trial and measure."""


class Searching:
    """A recipe's search.

    Parameters
    ----------
    recipe : Recipe
        With a search, and absolute paths.
    content_of, kept
        As of `graftwork.analysis.experiments.planning.plan`.

    Raises
    ------
    UserError
        From any method: if a name, parameter or file is wrong.
    """

    def __init__(
        self,
        recipe: Recipe,
        content_of: Fingerprint = fingerprint,
        kept: Mapping[str, ModelSpec] | None = None,
    ) -> None:
        assert recipe.search
        self.recipe = recipe
        self.search: Search = recipe.search
        self._files = content_of, kept

    def begin(self) -> Plan:
        """Return the trials of the inputs, once every extreme of what is searched has been checked."""
        self._check_sampler()
        measures = (*self.goal.measures, SPEEDUP)
        for point in corners(self.space):
            plan(settle(self.recipe, self.space, point), *self._files)
        fits = tuple(fitting.name or fitting.what for fitting in self.recipe.fit)
        spec = SearchSpec(identity=self._identity(), measures=measures, trials=self.search.trials, fits=fits)
        return self._base.replaced(search=spec)

    def propose(
        self, proposed: Sequence[Proposed], results: Results, slots: int = 1, certainty: Certainty = UNKNOWN
    ) -> Proposal:
        """Return the next trials, and the answer so far.

        Parameters
        ----------
        proposed : sequence of Proposed
            What was proposed before, all of it finished or failed.
        results : mapping
            The values of those trials that are done, and of the inputs'.
        slots : int
            How many points may be tried at once.
        certainty : Certainty
            Tells how sure the values are.
        """
        tried = [self._tried(entry, results) for entry in proposed]
        reference = self._reference_values(results)
        step = self._next(tried, reference, max(0, min(slots, self.search.trials - len(tried))))
        answer = self._answer(tried, self.goal.bounds(reference), step, certainty)
        if not step.points:
            return Proposal(answer=answer, plan=Plan(title=self.recipe.title, trials=(), fits=self._fits(proposed)))
        plans = [self._plan(point) for point in step.points]
        trials = {trial.identity: trial for found, _ in plans for trial in found.trials}
        together = Plan(title=self.recipe.title, trials=tuple(trials.values()))
        return Proposal(answer=answer, points=tuple(point for _, point in plans), plan=together)

    # What is searched, and for what

    @cached_property
    def goal(self) -> Goal:
        """What the search is for."""
        return goal_of(self.search, self.recipe.measure)

    @cached_property
    def space(self) -> tuple[Dimension, ...]:
        """What it goes through."""
        unsearched = self.recipe.replaced(search=None)
        return dimensions(self.recipe, lambda model: layers_of(unsearched, model, *self._files))

    @property
    def _sampler(self) -> str:
        return default_sampler(self.search, self.space)

    @cached_property
    def _base(self) -> Plan:
        return self._plan_base()[0]

    def _plan_base(self) -> tuple[Plan, Mapping[str, tuple[ModelSpec, ...]]]:
        return plan_steps(self.recipe.replaced(step=(), search=None, fit=()), *self._files)

    def _identity(self) -> str:
        """Return what makes two searches the same: all but the title, the budget and what is fitted afterwards."""
        unfitted = self.recipe.replaced(fit=())
        told = unfitted.model_dump(mode="json", exclude={"title": True, "search": {"trials"}})
        return digest([told, [trial.identity for trial in self._base.trials]])

    def _check_sampler(self) -> None:
        if self._sampler != "bisection":
            require_optuna()
            return
        numbers = [d for d in self.space if isinstance(d, Number)]
        grouped = all(number.layers for number in numbers)
        if len(numbers) < len(self.space) or (len(numbers) > 1 and not grouped):
            raise UserError(
                f"Bisection searches one number, and the recipe searches {', '.join(d.key for d in self.space)}.",
                'Leave one, or take another sampler: sampler = "tpe".',
            )
        if len(numbers) > 1 and (self.search.goal != "smallest" or self.search.under):
            raise UserError(
                "Bisection of each group goes towards the smallest network that keeps something.",
                'Write goal = "smallest" with keep alone, or take another sampler: sampler = "tpe".',
            )

    # What was tried

    def _tried(self, entry: Proposed, results: Results) -> Tried:
        values = mean_values([results.get(trial) for trial in entry.trials], self.goal.measures)
        return Tried(entry.point, entry.models, values, entry.trials)

    @property
    def _reference_name(self) -> str:
        return (self.recipe.measure and self.recipe.measure.reference) or self.recipe.model[0].name

    def _reference_trials(self) -> tuple[str, ...]:
        plan, models = self._plan_base()
        found = models.get(self._reference_name, ())
        return tuple(trial.identity for trial in plan.trials if trial.model in found)

    def _reference_values(self, results: Results) -> Values:
        values = mean_values([results.get(trial) for trial in self._reference_trials()], self.goal.keep)
        if values is None:
            missing = " or ".join(self.goal.keep)
            raise UserError(
                f"The search cannot go on: its reference {self._reference_name} has no {missing}.",
                "See in the jobs why its trial failed, and run the recipe again.",
            )
        return values

    # What comes next

    def _next(self, tried: Sequence[Tried], reference: Values, count: int) -> Step:
        if self._sampler == "bisection":
            numbers = [d for d in self.space if isinstance(d, Number)]
            return bisect(
                numbers,
                tried,
                lambda values, share: holds(self._edge(reference, share), values),
                self.search.tolerance,
                count,
            )
        if count == 0:
            return Step((), {})
        samples = [self._sample(one, self.goal.bounds(reference)) for one in tried]
        points = sample(self._sampler, self.space, samples, len(self.goal.objectives), self.search.seed, count)
        return Step(tuple(points), {})

    def _edge(self, reference: Values, share: float) -> tuple[Bound, ...]:
        """Return the bounds at whose edge the best lies: the smallest keeps just enough, the best uses all it may.

        Where the recipe has the other kind too, those decide at the end alone: both ends may break one or the other.
        """
        near = self.goal.keep if self.search.goal == "smallest" else self.goal.under
        bounds = self.goal.bounds(reference, share)
        return tuple(bound for bound in bounds if bound.measure in near) or bounds

    def _sample(self, tried: Tried, bounds: Sequence[Bound]) -> Sample:
        if tried.values is None:
            return Sample(tried.point, None)
        excesses = tuple(bound.excess(tried.values) for bound in bounds)
        return Sample(tried.point, self.goal.costs(tried.values), excesses)

    def _fits(self, proposed: Sequence[Proposed]) -> tuple[FitSpec, ...]:
        """Return the recipe's fits over the models of every point."""
        if not self.recipe.fit:
            return ()
        found: dict[str, dict[str, ModelSpec]] = {step.label: {} for step in self.recipe.step}
        for models in (self._plan_base()[1], *(self._plan_at(entry.point)[1] for entry in proposed)):
            for name, made in models.items():
                found.setdefault(name, {}).update({model.identity: model for model in made})
        return fits_over(self.recipe, {name: tuple(made.values()) for name, made in found.items()}, *self._files)

    def _plan_at(self, point: Mapping[str, Any]) -> tuple[Plan, Mapping[str, tuple[ModelSpec, ...]]]:
        settled = settle(self.recipe, self.space, point, named=True)
        return plan_steps(settled.replaced(fit=()), *self._files)

    def _plan(self, point: Mapping[str, Any]) -> tuple[Plan, Proposed]:
        planned, models = self._plan_at(point)
        judged = {model.identity for model in models[self.recipe.step[-1].label]}
        trials = tuple(trial.identity for trial in planned.trials if trial.model.identity in judged)
        return planned, Proposed(point=dict(point), trials=trials)

    def _answer(self, tried: Sequence[Tried], bounds: Sequence[Bound], step: Step, certainty: Certainty) -> Answer:
        judge = Judge(self.goal, certainty, self._reference_name, self._reference_trials())
        best = self.goal.best(tried, bounds)
        found = judge.found(best) if best else None
        return Answer(
            sentence=sentence(self.search, self.goal, found, len(tried), step),
            best=found,
            front=judge.front(tried),
            tried=len(tried),
            recipe=write_recipe(settle(self.recipe, self.space, found.point)) if found else "",
            remarks=remarks(judge.doubts(best, tried, bounds, step)),
        )
