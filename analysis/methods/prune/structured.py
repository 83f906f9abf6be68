"""Remove channels, heads and hidden units that hang together: what is left is a smaller dense network."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np
from torch import Tensor

from ...errors import UserError
from ...models import Checkpoint, TensorSpec
from ...models.coupling import Axis, Coupling, Cut, Cuttable, Kind, RunError
from ...models.layer_names import fitting, layer_of
from ...models.macs import macs
from ...models.narrowing import parameter_total
from ...models.ties import tie
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext
from ..editing import edited
from .channels import Budget, Group, Scope, nearest
from .importance import magnitudes

_NEAR = 0.02  # of the network's cost


class StructuredParameters(Parameters):
    """How much is removed, from where, and by which score."""

    amount: float = parameter(
        0.5, "Share of the network's multiply-accumulates that is removed.", unit="fraction", ge=0, lt=1
    )
    scope: Scope = parameter(
        "global", "Compare the channels of all layers with each other, or remove the same share of each."
    )
    score: Literal["magnitude"] = parameter(
        "magnitude", "The mean norm of what channels that hang together have of weights, in units of each layer's mean."
    )
    layers: tuple[str, ...] = parameter(
        (), "Patterns of the layers whose outputs may go; all where none is.", patterns="weights"
    )
    round_to: int = parameter(1, "Where channels go, a multiple of this many stays.", unit="channels", ge=1, le=1024)
    max: float = parameter(
        0.9, "Share of a layer's channels that may go; one stays in any case.", unit="fraction", ge=0, le=1
    )


@METHODS.register(
    "prune.structured",
    title="Structured pruning",
    citation="Fang et al. 2023, DepGraph: Towards Any Structural Pruning, arXiv:2301.12900; by norms Li et al. 2017, "
    "Pruning Filters for Efficient ConvNets, arXiv:1608.08710",
    reshapes=lambda values: values.get("amount") != 0,
)
def structured(parents: Sequence[Checkpoint], parameters: StructuredParameters, context: MethodContext) -> Derivative:
    """Remove whole groups of channels, the least important first, until the share of the cost is reached.

    Which channels go together is found by running an example: what residual sums, concatenations, depthwise filters and
    norms tie. Heads go whole. Inputs and outputs of the network stay, and what a layer norm averages over: without
    some of it the rest would be another. What the network computes is what it would if nothing read those channels.

    Raises
    ------
    UserError
        If the network is not recognised or cannot be run, nothing in it can go, or not enough.
    """
    parent = parents[0]
    network = _cuttable(parent)
    kinds = network.sound(_chosen(parent, network.coupling, parameters.layers))
    if not kinds:
        raise UserError(f"{parent.path.name} has no channels that can go.", "Choose other layers or another network.")
    scores = magnitudes(parent, network.coupling, context.ticket)
    groups = [_group(network.coupling, kind, scores) for kind in kinds]
    budget = Budget(groups, parameters.scope, parameters.max, parameters.round_to)
    return _derived(parent, network, _within(parent, network, budget, parameters.amount))


def _derived(parent: Checkpoint, network: Cuttable, cut: Cut) -> Derivative:
    def made(name: str, spec: TensorSpec) -> Tensor:
        return cut.tensor(name, parent.tensor(name))

    dtypes = {name: parent.specs[parent.ties.get(name, name)].dtype for name in (*parent.specs, *parent.ties)}
    return edited(parent, cut.edits(parent.skeleton()), _facts(parent, network, cut), made, dtypes)


def _cuttable(parent: Checkpoint) -> Cuttable:
    """Return the network, whose channels are traced at once."""
    tied = partial(tie, ties=parent.ties)
    parent.skeleton()  # says why a network is none that can be run
    assert parent.architecture is not None, "its skeleton was built"
    network = Cuttable(lambda: tied(parent.skeleton()), parent.architecture.example(1))
    try:
        network.coupling  # noqa: B018 - it is kept
    except RunError as error:
        raise UserError(
            f"{parent.path.name} cannot be cut: its channels cannot be followed through its code without values.",
            "Choose another network.",
        ) from error
    return network


def _chosen(parent: Checkpoint, coupling: Coupling, patterns: Sequence[str]) -> list[Kind]:
    """Return the kinds of several classes that only layers which fit patterns give; all that weights have of none."""
    weights = {weight.name: weight for weight in parent.weights()}
    names = set(fitting(weights, patterns) if patterns else weights)
    called = coupling.called
    able = [kind for kind, classes in coupling.kinds.items() if len(classes) > 1]
    of_weights = {called.get(name, name) for name in weights}
    if not patterns:
        return [kind for kind in able if any(axis.tensor in of_weights for axis in kind)]
    known = {name: weight.outputs for name, weight in weights.items() if weight.outputs is not None}
    given = {Axis(called.get(name, name), outputs): name in names for name, outputs in known.items()}
    return [kind for kind in able if kind & given.keys() and all(given[axis] for axis in kind & given.keys())]


def _group(coupling: Coupling, kind: Kind, scores: Mapping[int, float]) -> Group:
    """Return the classes of a kind, the least important first."""
    classes = coupling.kinds[kind]
    own = np.array([scores[number] for number in classes.tolist()])
    order = np.argsort(own, kind="stable")
    width = min(int(np.sum(coupling.classes[axis] == classes[0])) for axis in kind)
    return Group(classes[order], own[order], width)


def _within(parent: Checkpoint, network: Cuttable, budget: Budget, amount: float) -> Cut:
    """Return the cut whose cost comes nearest to what is asked.

    Raises
    ------
    UserError
        If less can be removed than is asked, or the cut network would not be what it should.
    """
    cost = lru_cache(maxsize=None)(lambda step: network.macs(network.without(budget.at(step))))
    most = 1 - cost(budget.steps) / cost(0)
    if most < amount - _NEAR:
        raise UserError(
            f"At most {most:.1%} of the multiply-accumulates of {parent.path.name} can be removed so.",
            "Ask for less, raise max, or choose more layers.",
        )
    cut = network.without(budget.at(nearest(cost, budget.steps, (1 - amount) * cost(0))))
    if not network.fits(cut):
        raise UserError(f"{parent.path.name} cannot be cut so far: its code does not allow it.", "Ask for less.")
    return cut


def _facts(parent: Checkpoint, network: Cuttable, cut: Cut) -> dict[str, Any]:
    """Return what is left: costs and parameters before and after, and the outputs of each layer that loses some."""
    whole, left = network.skeleton(), network.cut(cut)
    before, after = (macs(either, network.example) for either in (whole, left))
    outputs = {w.name: Axis(network.coupling.called.get(w.name, w.name), w.outputs or 0) for w in parent.weights()}
    return {
        "removed": 1 - after / before,
        "macs": [before, after],
        "parameters": [parameter_total(whole), parameter_total(left)],
        "channels_by_layer": {
            layer_of(name): [len(network.coupling.classes[axis]), len(cut.kept[axis])]
            for name, axis in outputs.items()
            if axis in cut.kept
        },
    }
