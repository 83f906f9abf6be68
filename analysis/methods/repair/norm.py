"""Repair what an operation did to the statistics of activations: no weight learns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...errors import UserError
from ...models import Checkpoint
from ...registry import Parameters, parameter
from ...training import Student, derivative
from ...training.parameters import share
from ...training.students import check_fit
from .. import METHODS, Derivative, MethodContext
from .moments import Layer, Layers, Moments, merge, moments_over


class NormParameters(Parameters):
    """Parameters of repairing statistics."""

    data: str = parameter(..., "What the statistics are taken over; labels do not matter.", role="data")
    batch: int = parameter(256, "Samples a batch.", unit="samples", ge=2)
    kind: Literal["statistics", "rescale"] = parameter(
        "statistics", "Recompute those of batch norms, or rescale channels too, to statistics between two networks."
    )
    first: str | None = parameter(None, "A network whose statistics rescaled channels get.", role="model")
    second: str | None = parameter(None, "The other end; none takes the first's alone.", role="model")
    share: float = share(0.5, "How far from the first to the second.")

    @model_validator(mode="after")
    def _names_what_it_rescales_to(self) -> Self:
        if (self.kind == "rescale") != (self.first is not None) or (self.second and not self.first):
            raise ValueError("name 'first', and 'second' if there are two ends, for kind = \"rescale\" alone")
        return self


@METHODS.register(
    "repair.norm",
    title="Repair statistics",
    citation="Jordan et al. 2023, REPAIR: REnormalizing Permuted Activations for Interpolation Repair, "
    "arXiv:2211.08403",
)
def norm(parents: Sequence[Checkpoint], parameters: NormParameters, context: MethodContext) -> Derivative:
    """Take the statistics of batch norms anew over the data, and on request rescale channels that have none.

    Statistics are the means over the batches of each batch's own, in training mode. Rescaling gives every output
    channel of a layer with a bias, but the head, the mean and the deviation that lie between those of two networks, and
    merges that into the layer.

    Raises
    ------
    UserError
        If there is nothing to repair, or data and networks do not fit.
    """
    parent = parents[0]
    check_fit(parent, torch.from_numpy(context.data["data"].labels), context.data["data"].kind)
    network = context.network(parent)
    layers = _rescaled(network, parent) if parameters.kind == "rescale" else {}
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    if not layers and not norms:
        raise UserError(f"{parent.path.name} has nothing to repair: no batch norm, no other layer.", "Retrain it.")
    goal = _goal(layers, parameters, context)
    with _anew(network, norms):
        moments = moments_over(network, layers, goal, parameters.batch, context)
    merge(layers, moments, goal)
    return derivative(Student(network, parent), {"norms": len(norms), "rescaled": list(layers)})


def _rescaled(network: nn.Module, parent: Checkpoint) -> Layers:
    """Return the layers with a bias, which no batch norm sets right, but the head."""
    head = parent.architecture.head if parent.architecture else None
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, Layer) and module.bias is not None and name != head
    }


def _goal(layers: Layers, parameters: NormParameters, context: MethodContext) -> Moments:
    """Return the mean and the deviation that every channel is to have."""
    if not layers:
        return {}
    names = [name for name in ("first", "second") if name in context.models]
    ends = [_moments_of(context.models[name], layers, parameters.batch, context) for name in names]
    return {name: torch.lerp(ends[0][name], ends[-1][name], parameters.share) for name in layers}


def _moments_of(end: Checkpoint, layers: Layers, batch: int, context: MethodContext) -> Moments:
    network = context.network(end)
    there = dict(network.named_modules())
    for name, layer in layers.items():
        weight = getattr(there.get(name), "weight", None)
        if not isinstance(weight, Tensor) or weight.shape[0] != layer.weight.shape[0]:
            raise UserError(f"{end.path.name} has no layer '{name}' of the same width.", "Name networks of one shape.")
    return moments_over(network, {name: there[name] for name in layers}, {}, batch, context)


@contextmanager
def _anew(network: nn.Module, norms: Sequence[_BatchNorm]) -> Iterator[None]:
    """Let batch norms average over all batches from nothing, with the rest as in evaluation."""
    momenta = [module.momentum for module in norms]
    for module in norms:
        module.reset_running_stats()
        module.train()
        module.momentum = None
    try:
        yield
    finally:
        network.eval()
        for module, momentum in zip(norms, momenta, strict=True):
            module.momentum = momentum
