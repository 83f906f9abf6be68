"""Searches over a network of handwritten digits, whose trials are answered by a formula."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graftwork.analysis.recipe import Recipe, anchored, parse_recipe
from graftwork.analysis.search.proposing import Searching
from graftwork.analysis.trials import Answer, DerivedModel, Plan, Proposed, Trial

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
HEAD = """
title = "Smallest"
[[model]]
name = "net"
path = "digits-resnet8.safetensors"
[[data]]
name = "test"
path = "digits"
split = "test"
normalise = "digits"
limit = 60
[measure]
data = "test"
what = ["accuracy", "cost.nominal"]
[[step]]
name = "cut"
method = "prune.magnitude"
of = ["net"]
"""
SMALLEST = '[search]\ngoal = "smallest"\nkeep = {accuracy = 0.05}\n'
AMOUNT = "[search.over.cut]\namount = {low = 0.1, high = 0.9}\n"
SCOPED = AMOUNT + 'scope = ["global", "layer"]\n'

Results = dict[str, dict[str, float | None]]
Values = Callable[[Mapping[str, Any]], dict[str, float] | None]


def recipe(text: str, head: str = HEAD) -> Recipe:
    """Return a recipe over the demo's files."""
    return anchored(parse_recipe(head + text), DEMO)


def formula(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return what a cut of some amount does: the accuracy falls ever faster."""
    amount = parameters.get("amount", 0.0)
    hurt = 1.5 if parameters.get("scope") == "layer" else 1.0
    return {"accuracy": 0.95 - hurt * amount**4, "cost.nominal.nonzeros": 1000.0 * (1 - amount)}


class Toy:
    """A search whose trials are answered at once, as a workspace would record them."""

    def __init__(self, text: str, values: Values = formula, head: str = HEAD) -> None:
        self.searching = Searching(recipe(text, head))
        self.values = values
        self.tried: list[Proposed] = []
        self.results: Results = {}
        self._answer(self.searching.begin())

    def step(self, slots: int = 1) -> Answer:
        """Let it propose once."""
        proposal = self.searching.propose(self.tried, self.results, slots)
        names = {trial.identity: trial.model.name for trial in proposal.plan.trials} if proposal.plan else {}
        self.tried += [p.replaced(models=tuple(names[t] for t in p.trials)) for p in proposal.points]
        self._answer(proposal.plan)
        self.finished = proposal.finished
        return proposal.answer

    def run(self, slots: int = 1) -> Answer:
        """Let it go on to its end."""
        while True:
            answer = self.step(slots)
            if self.finished:
                return answer

    @property
    def points(self) -> list[dict[str, Any]]:
        """What it tried."""
        return [entry.point for entry in self.tried]

    def _answer(self, plan: Plan | None) -> None:
        for trial in plan.trials if plan else ():
            values = self.values(_parameters(trial))
            if values is not None:
                self.results[trial.identity] = dict(values)


def _parameters(trial: Trial) -> dict[str, Any]:
    return trial.model.parameters if isinstance(trial.model, DerivedModel) else {}
