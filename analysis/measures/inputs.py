"""The inputs at whose size a network's costs are told."""

import numpy as np
from torch import Tensor, nn

from ..errors import UserError
from ..models import Architecture
from ..models.attempt import failure
from ..models.intake import Samples, require_fit
from . import Evidence


def inputs_of_cost(evidence: Evidence, network: nn.Module, batch: int) -> Tensor:
    """Return inputs on the device, (batch, …): the first samples of the data, again and again where they are fewer.

    Where there are no data, or the network does not take them, they are random ones of the size that the network's
    family states.
    """
    architecture = evidence.checkpoint.architecture
    assert architecture is not None, "a network was built, so it was recognised"
    given = _first(evidence, batch)
    if given is None or not _takes(network, architecture, given, evidence):
        given = architecture.example(batch, evidence.seed)
    return given.to(evidence.device)


def _first(evidence: Evidence, batch: int) -> Tensor | None:
    if not evidence.data:
        return None
    return evidence.data.take(np.arange(batch) % len(evidence.data))


def _takes(network: nn.Module, architecture: Architecture, given: Tensor, evidence: Evidence) -> bool:
    """Return whether inputs are what a network states it takes; one that states no sizes is tried on them."""
    assert evidence.data is not None, "the inputs are its samples"
    tokens = (int(given.min()), int(given.max())) if evidence.data.kind == "tokens" else (0, 0)
    try:
        require_fit("", architecture, Samples("", evidence.data.kind, tuple(given.shape[1:]), 0, tokens))
    except UserError:
        return False
    return architecture.sizes is not None or failure(network, given) is None
