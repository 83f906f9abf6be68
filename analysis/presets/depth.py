"""How far a network can be cut."""

from typing import Literal

from ..recipe import Recipe
from ..registry import parameter
from . import PRESETS, Inputs
from .baselines import Budget, random_masks, recipe, recovered, step


class DepthParameters(Budget):
    """Parameters of the question how far a network can be cut."""

    most: float = parameter(0.98, "The largest share of the weights removed.", unit="fraction", gt=0, lt=1)
    points: int = parameter(10, "How many ratios up to there; what is kept falls by equal factors.", ge=1, le=100)
    scope: Literal["global", "layer", "erk"] = parameter("global", "Where the smallest weights are looked for.")

    @property
    def amounts(self) -> list[float]:
        """Shares of the weights removed, by rising order, rounded to a thousandth."""
        kept = 1 - self.most
        return list(dict.fromkeys(round(1 - kept ** (i / self.points), 3) for i in range(1, self.points + 1)))


@PRESETS.register(
    "depth",
    title="How far can I cut?",
    citation="Rosenfeld et al. 2021, On the Predictability of Pruning Across Scales, arXiv:2006.10621 (the fine sweep)",
)
def depth(inputs: Inputs, parameters: DepthParameters) -> Recipe:
    """Sweep the ratio finely, recover where training data are given, and hold every point against its baselines."""
    models = [model.name for model in inputs.models]
    note = "The cut: the smallest weights, further and further."
    values = {"scope": parameters.scope, "amount": parameters.amounts}
    return recipe(
        "How far can I cut?",
        "Read off the ratio where accuracy leaves what you can accept, and the one where the curve meets its "
        "baselines: beyond that, a smaller network or fresh weights do as well.",
        inputs,
        [
            step("prune.magnitude", models, note, "cut", **values),
            random_masks(models, parameters.amounts, parameters),
            *recovered(["cut", "random"], "cut", inputs.train, parameters),
        ],
    )
