"""Networks as they were before training, for scores that need none."""

from copy import deepcopy
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..models import Architecture
from ..models.beginning import untrained
from ..models.weight import names_of
from ..registry import parameter
from . import Evidence

Weights = Literal["initial", "own"]


def weights_parameter() -> Any:
    """Return the parameter that says on which weights a score is computed."""
    return parameter("initial", "Random initial weights, as the score is defined, or the checkpoint's own.")


def prepared(evidence: Evidence, weights: Weights) -> nn.Module:
    """Return the network, on the device and in evaluation mode, with its own or with PyTorch's initial weights.

    What was pruned away is not there either way: the zeros of the checkpoint's weights stay zero.

    Raises
    ------
    UserError
        If the network is not recognised.
    """
    architecture_of(evidence)
    network = evidence.build()
    if weights == "own":
        return network
    begun = untrained(deepcopy(network), evidence.seed).to(evidence.device)
    parameters = dict(begun.named_parameters())
    with torch.no_grad():
        for name, kept in kept_weights(evidence, network).items():
            parameters[name].mul_(kept)
    return begun


def kept_weights(evidence: Evidence, network: nn.Module) -> dict[str, Tensor]:
    """Return where each of the weights that pruning counts is not zero, of those that have zeros."""
    counted = set(names_of(evidence.checkpoint.weights()))
    masks = {name: weight.detach() != 0 for name, weight in network.named_parameters() if name in counted}
    return {name: kept for name, kept in masks.items() if not kept.all()}


def architecture_of(evidence: Evidence) -> Architecture:
    """Return the network's architecture.

    Raises
    ------
    UserError
        If it is not recognised.
    """
    architecture = evidence.checkpoint.architecture
    if architecture is None:
        raise UserError(
            f"{evidence.checkpoint.path.name} is not a recognised network, so it cannot be run.",
            "Leave this measure out, or give the network's module.",
        )
    return architecture
