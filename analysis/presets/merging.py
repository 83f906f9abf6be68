"""Which merge of some models is best."""

from itertools import combinations

from ..catalogue import Entry
from ..errors import UserError
from ..recipe import Recipe, Step
from ..registry import Parameters, parameter
from . import PRESETS, Inputs
from .baselines import recipe, step

_PAIRED = 5  # so many parents are merged in pairs as well
_RANDOM = "merge.random"


class MergingParameters(Parameters):
    """Parameters of the question which merge is best."""

    random: int = parameter(10, "Random mixtures; the trade-off draws them as a band.", ge=1, le=100)
    seed: int = parameter(0, "The first of the seeds that their weights are drawn from.", ge=0)
    repair: bool = parameter(True, "Take batch norms' statistics anew on the training data; networks have some.")


@PRESETS.register(
    "merging",
    title="Which merge of these?",
    citation="Wortsman et al. 2022, Model soups, arXiv:2203.05482 (what merges are held against: their parents)",
)
def merging(inputs: Inputs, parameters: MergingParameters) -> Recipe:
    """Set every merging method, on all models and on each pair of a few, beside the parents and random mixtures.

    Raises
    ------
    UserError
        If there is one model alone.
    """
    names = tuple(model.name for model in inputs.models)
    if len(names) < 2:
        raise UserError("A single model cannot be merged.", "Name two models or more.")
    groups = [names, *(combinations(names, 2) if 2 < len(names) <= _PAIRED else ())]
    seeds = range(parameters.seed, parameters.seed + parameters.random)
    note = "Baseline: weights of the mixture drawn at random. A merge inside this band owes nothing to its method."
    merges = [
        *(step(entry.id, groups, f"{entry.title}: {entry.summary}") for entry in _methods(inputs)),
        step(_RANDOM, groups, note, "mixture", seeds=tuple(seeds)),
    ]
    return recipe(
        "Which merge of these?",
        "A merge is worth having where it beats its best parent, which is in the table, and the band of "
        "random mixtures.",
        inputs,
        [*merges, *_repaired(merges, inputs, parameters)],
    )


def _methods(inputs: Inputs) -> list[Entry]:
    """Return the methods that merge with their default parameters and draw nothing."""
    return [
        entry
        for entry in inputs.catalogue.of_kind("method")
        if entry.family == "merge" and entry.parents == "many" and not entry.stochastic
        if not entry.parameter_schema.get("required")
    ]


def _repaired(merges: list[Step], inputs: Inputs, parameters: MergingParameters) -> list[Step]:
    if inputs.train is None or not parameters.repair:
        return []
    note = "Merged weights do not fit the parents' batch statistics: each is looked at with statistics of its own too."
    return [step("repair.norm", [merge.label for merge in merges], note, "repaired", data=inputs.train.name)]
