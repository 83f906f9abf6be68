"""Which pruning method is best, at which ratio."""

from ..recipe import Recipe
from ..registry import parameter
from . import PRESETS, Inputs
from .baselines import Budget, random_masks, recipe, recovered, step

_SCOPES = {
    "global": "Magnitude, all layers compared with each other.",
    "layer": "Magnitude, the same share of every layer.",
    "erk": "Magnitude, more of large layers (ERK).",
}


class PruningParameters(Budget):
    """Parameters of the question which pruning method is best."""

    amounts: tuple[float, ...] = parameter((0.5, 0.8, 0.9, 0.95), "Shares of the weights removed.", unit="fraction")


@PRESETS.register(
    "pruning",
    title="Which pruning method, at which ratio?",
    citation="Blalock et al. 2020, What is the State of Neural Network Pruning?, arXiv:2003.03033",
)
def pruning(inputs: Inputs, parameters: PruningParameters) -> Recipe:
    """Set magnitude pruning in three scopes beside random masks and, with training data, beside what trains anew."""
    models, amounts = [model.name for model in inputs.models], list(parameters.amounts)
    method = "prune.magnitude"
    cuts = [step(method, models, note, scope, scope=scope, amount=amounts) for scope, note in _SCOPES.items()]
    return recipe(
        "Which pruning method, at which ratio?",
        "Choose the method whose points lie furthest above the bands of random masks at the same ratio; after "
        "training, only what also beats fresh weights and the dense network of equal size is worth its pruning.",
        inputs,
        [
            *cuts,
            random_masks(models, amounts, parameters),
            *recovered([*_SCOPES, "random"], "global", inputs.train, parameters),
        ],
    )
