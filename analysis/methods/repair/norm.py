"""Repair what an operation did to the statistics of activations: no weight learns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...activations import Calibration
from ...activations.blockwise import Blockwise
from ...activations.moments import ChannelMoments, Moments
from ...errors import UserError
from ...models import Checkpoint
from ...registry import Parameters, parameter
from ...training import Student, derivative
from ...training.parameters import share
from ...training.students import check_fit
from .. import METHODS, Derivative, MethodContext

Layer = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d
_ROUNDING = torch.finfo(torch.float32).eps  # of a mean, which a deviation exceeds where a channel varies


class NormParameters(Parameters):
    """Parameters of repairing statistics."""

    data: str = parameter(..., "What the statistics are taken over; labels do not matter.", role="data")
    batch: int = parameter(256, "Samples taken at once; statistics do not depend on it.", unit="samples", ge=1)
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
    version=2,
)
def norm(parents: Sequence[Checkpoint], parameters: NormParameters, context: MethodContext) -> Derivative:
    """Take the statistics of batch norms anew over the data, and on request rescale channels that have none.

    Statistics are those of all samples together. Layers are repaired in the order in which the network uses them, each
    with those before it repaired.
    The paper takes one pass, in which every batch goes on with its own statistics, and averages those of the batches:
    these depend on how the data are cut. Rescaling gives every output channel of a layer with a bias, but the head, the
    mean and the deviation that lie between those of two networks as they are, and merges that into the layer.

    Raises
    ------
    UserError
        If there is nothing to repair, or data and networks do not fit.
    """
    parent = parents[0]
    check_fit(parent, torch.from_numpy(context.data["data"].labels), context.data["data"].kind)
    network = context.network(parent)
    layers = _rescaled(network, parent) if parameters.kind == "rescale" else {}
    norms = {name: module for name, module in network.named_modules() if isinstance(module, _BatchNorm)}
    if not layers and not norms:
        raise UserError(f"{parent.path.name} has nothing to repair: no batch norm, no other layer.", "Retrain it.")
    goal = _goal(layers, parameters, context)
    repaired = list(_repaired(network, parent, {**layers, **norms}, goal, parameters.batch, context))
    rescaled = [name for name in repaired if name in layers]
    return derivative(Student(network, parent), {"norms": len(repaired) - len(rescaled), "rescaled": rescaled})


def _repaired(
    network: nn.Module,
    parent: Checkpoint,
    modules: Mapping[str, "Layer | _BatchNorm"],
    goal: Mapping[str, Moments],
    batch: int,
    context: MethodContext,
) -> Iterator[str]:
    """Repair layers in the order in which they are used, and yield the names of those that are."""
    assert parent.architecture is not None, "a network was built, so it was recognised"
    for step in Blockwise(_calibration(network, batch, context), parent.architecture, list(modules)).steps():
        for name in step.layers:
            watcher = ChannelMoments(name)
            step.watch([watcher])
            moments = watcher.moments()
            _repair(modules[name], moments, goal.get(name, moments))
            yield name


def _calibration(network: nn.Module, batch: int, context: MethodContext) -> Calibration:
    data = context.data["data"]
    return Calibration(network, data, context.device, context.ticket, len(data), batch)


def _rescaled(network: nn.Module, parent: Checkpoint) -> dict[str, Layer]:
    """Return the layers with a bias, which no batch norm sets right, but the head."""
    head = parent.architecture.head if parent.architecture else None
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, Layer) and module.bias is not None and name != head
    }


def _goal(layers: Mapping[str, Layer], parameters: NormParameters, context: MethodContext) -> dict[str, Moments]:
    """Return the mean and the deviation that every channel is to have."""
    if not layers:
        return {}
    names = [name for name in ("first", "second") if name in context.models]
    ends = [_moments_of(context.models[name], layers, parameters.batch, context) for name in names]
    first, second = ends[0], ends[-1]
    return {name: _between(first[name], second[name], parameters.share) for name in layers if name in first}


def _between(first: Moments, second: Moments, share: float) -> Moments:
    return Moments(*(torch.lerp(one, other, share) for one, other in zip(first, second, strict=True)))


def _moments_of(end: Checkpoint, layers: Mapping[str, Layer], batch: int, context: MethodContext) -> dict[str, Moments]:
    network = context.network(end)
    there = dict(network.named_modules())
    for name, layer in layers.items():
        weight = getattr(there.get(name), "weight", None)
        if not isinstance(weight, Tensor) or weight.shape[0] != layer.weight.shape[0]:
            raise UserError(f"{end.path.name} has no layer '{name}' of the same width.", "Name networks of one shape.")
    watchers = {name: ChannelMoments(name) for name in layers}
    _calibration(network, batch, context).watch(list(watchers.values()))
    return {name: watcher.moments() for name, watcher in watchers.items() if watcher.seen}


@torch.no_grad()
def _repair(module: Layer | _BatchNorm, moments: Moments, goal: Moments) -> None:
    """Give a batch norm the moments; change another layer's weight and bias so that they become the goal's."""
    if isinstance(module, _BatchNorm):
        if module.running_mean is not None and module.running_var is not None:
            module.running_mean.copy_(moments.mean)
            module.running_var.copy_(moments.deviation**2)
        return
    assert module.bias is not None, "layers without one are not rescaled"
    scale, shift = _affine(moments, goal)
    module.weight.copy_(module.weight.double().cpu() * scale.view(-1, *[1] * (module.weight.ndim - 1)))
    module.bias.copy_(module.bias.double().cpu() * scale + shift)


def _affine(now: Moments, goal: Moments) -> tuple[Tensor, Tensor]:
    """Return scale and shift from one mean and deviation to another; a channel that does not vary is only shifted."""
    varies = now.deviation > _ROUNDING * now.mean.abs()
    scale = torch.where(varies, goal.deviation / now.deviation.where(varies, 1), 1.0)
    return scale, goal.mean - scale * now.mean
