"""Networks as they were before training, for scores that need none."""

from copy import deepcopy
from typing import Any, Literal

from torch import nn

from ..errors import UserError
from ..models import Architecture
from ..models.beginning import untrained
from ..registry import parameter
from . import Evidence

Weights = Literal["initial", "own"]


def weights_parameter() -> Any:
    """Return the parameter that says on which weights a score is computed."""
    return parameter("initial", "Random initial weights, as the score is defined, or the checkpoint's own.")


def prepared(evidence: Evidence, weights: Weights) -> nn.Module:
    """Return the network, on the device and in evaluation mode, with its own or with PyTorch's initial weights.

    Raises
    ------
    UserError
        If the network is not recognised.
    """
    architecture_of(evidence)
    network = evidence.build()
    if weights == "own":
        return network
    return untrained(deepcopy(network), evidence.seed).to(evidence.device)


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
