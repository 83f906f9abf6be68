"""SynFlow: how much can flow through the network, whatever the data."""

from collections.abc import Iterator
from copy import deepcopy
from math import log10

import torch
from torch import nn

from ..catalogue import Quantity
from ..errors import UserError
from . import MEASURES, Evidence, Parameters, Value
from .untrained import Weights, architecture_of, prepared, weights_parameter


class SynFlowParameters(Parameters):
    """Parameters of SynFlow."""

    weights: Weights = weights_parameter()


@MEASURES.register(
    "proxy.synflow",
    title="SynFlow",
    citation="Tanaka et al. 2020, Pruning neural networks without any data, arXiv:2006.05467",
    version=2,
    dataless=True,
    quantities=(Quantity(name="proxy.synflow", title="SynFlow (log10)", better="higher"),),
)
def synflow(evidence: Evidence, parameters: SynFlowParameters) -> Iterator[Value]:
    """Logarithm to base 10 of Σ |θ · ∂R/∂θ|, where R sums the outputs for an input of ones through weights |θ|.

    Computed in float64, in evaluation mode. Weights that were pruned away are not there. In the paper it scores weights
    for pruning; that their sum ranks networks by what they reach when trained is practice of architecture search.

    Raises
    ------
    UserError
        If the network is not recognised, or takes tokens, for which no input of ones exists.
    """
    architecture = architecture_of(evidence)
    if architecture.inputs == "tokens":
        raise UserError("SynFlow needs inputs that are numbers, and this network takes tokens.", "Leave it out.")
    network = _positive(prepared(evidence, parameters.weights))
    ones = torch.ones(1, *architecture.input_shape, dtype=torch.float64, device=evidence.device)
    weights = [p for p in network.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(network(ones).sum(), weights, allow_unused=True)
    score = sum(float((w.detach() * g).abs().sum()) for w, g in zip(weights, gradients, strict=True) if g is not None)
    yield Value(measure="proxy.synflow", value=log10(score) if score > 0 else -float("inf"))


def _positive(network: nn.Module) -> nn.Module:
    """Return a copy in float64 of which every parameter and buffer is its magnitude."""
    positive = deepcopy(network).double()
    with torch.no_grad():
        for tensor in (*positive.parameters(), *positive.buffers()):
            tensor.abs_()
    return positive.requires_grad_()
