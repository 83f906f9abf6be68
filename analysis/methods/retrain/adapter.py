"""Structured adapters: small branches beside the layers that are merged into them at the end."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import UserError
from ...models import Checkpoint
from ...registry import parameter
from ...training import Batches, Objective, Student, TrainingParameters, derivative, hold_all, tied, train, zeros_of
from ...training.students import hold_zeros
from .. import METHODS, Derivative, MethodContext
from .parts import free

Host = nn.Linear | nn.Conv2d


class AdapterParameters(TrainingParameters):
    """Parameters of structured adapters."""

    rank: int = parameter(8, "Channels inside each branch.", ge=1)


@METHODS.register(
    "retrain.adapter",
    title="Structured adapters",
    citation="Hedegaard et al. 2022, Structured Pruning Adapters, arXiv:2211.10155 (low-rank variant)",
    stochastic=True,
)
def adapter(parents: Sequence[Checkpoint], parameters: AdapterParameters, context: MethodContext) -> Derivative:
    """Train a branch of low rank beside every linear layer and ungrouped convolution, and norms, biases and the head.

    At the end each branch is added to its layer's weight; ``fused_difference`` says by how much that changes an output
    at most. Channels that are zero in the parent stay zero.

    Raises
    ------
    UserError
        If there is no such layer, single weights inside channels are zero, the data do not fit the network, or the loss
        is no number.
    """
    parent = parents[0]
    network = tied(context.network(parent))
    head = parent.architecture.head if parent.architecture else None
    free(network, ("biases", "norms", "head"), head)
    zeros = zeros_of(network) if parameters.keep_zeros else {}
    hold_all(network, zeros)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        student = Adapted(network, parent, parameters.rank, zeros)
    facts = train(student, Objective(parameters), parameters, context)
    return derivative(student, facts | {"fused_difference": _fused_difference(student, parameters, context)})


class Branch(nn.Module):
    """Two layers around a narrow middle, beside a host; the second is zero at first.

    Parameters
    ----------
    host : Linear or Conv2d
        What it stands beside.
    rank : int
        Channels of the middle.
    kept : Tensor of bool or None, shape of the host's weight
        Where the weight is not zero: whole rows and columns of channels.
    """

    def __init__(self, host: Host, rank: int, kept: Tensor | None) -> None:
        super().__init__()
        self.down, self.up = _layers(host, rank)
        nn.init.zeros_(self.up.weight)
        if kept is not None:
            rows, columns = _channels(kept)
            hold_zeros(self.up.weight, rows.view(-1, *[1] * (kept.ndim - 1)).expand_as(self.up.weight))
            hold_zeros(self.down.weight, columns.view(1, -1, *[1] * (kept.ndim - 2)).expand_as(self.down.weight))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what is added to the host's output."""
        outputs: Tensor = self.up(self.down(inputs))
        return outputs

    def weight(self) -> Tensor:
        """Return what is added to the host's weight in its stead, flattened to (outputs, rest)."""
        return self.up.weight.flatten(1) @ self.down.weight.flatten(1)


class Adapted(Student):
    """A network with a branch beside each of its layers."""

    def __init__(self, network: nn.Module, parent: Checkpoint, rank: int, zeros: dict[str, Tensor]) -> None:
        super().__init__(network, parent)
        self._hosts = _hosts(network, parent)
        for name in self._hosts:
            _check_structured(name, zeros.get(f"{name}.weight"))
        self.branches = nn.ModuleList(
            Branch(host, rank, zeros.get(f"{name}.weight")) for name, host in self._hosts.items()
        )
        for host, branch in zip(self._hosts.values(), self.branches, strict=True):
            host.register_forward_hook(_beside(branch))

    def tensors(self) -> dict[str, Tensor]:
        """Return the network's tensors with the branches added to their hosts' weights."""
        found = super().tensors()
        with torch.no_grad():
            for name, branch in zip(self._hosts, self.branches, strict=True):
                own = found[f"{name}.weight"]
                found[f"{name}.weight"] = own + branch.weight().view_as(own)  # type: ignore[operator]
        return found


def _layers(host: Host, rank: int) -> tuple[Host, Host]:
    if isinstance(host, nn.Linear):
        return nn.Linear(host.in_features, rank, bias=False), nn.Linear(rank, host.out_features, bias=False)
    shape: dict[str, Any] = {
        "kernel_size": host.kernel_size,
        "stride": host.stride,
        "padding": host.padding,
        "dilation": host.dilation,
        "padding_mode": host.padding_mode,
    }
    down = nn.Conv2d(host.in_channels, rank, bias=False, **shape)
    return down, nn.Conv2d(rank, host.out_channels, 1, bias=False)


def _hosts(network: nn.Module, parent: Checkpoint) -> dict[str, Host]:
    head = parent.architecture.head if parent.architecture else None
    found: dict[str, Host] = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
        if name != head
    }
    if not found:
        raise UserError(
            f"{parent.path.name} has no linear layer or ungrouped convolution to adapt.", "Use retrain.full."
        )
    return found


def _channels(kept: Tensor) -> tuple[Tensor, Tensor]:
    """Return which output and which input channels of a weight are not zero throughout."""
    matrix = kept.flatten(2).any(2) if kept.ndim > 2 else kept
    return matrix.any(1), matrix.any(0)


def _check_structured(name: str, kept: Tensor | None) -> None:
    if kept is None:
        return
    rows, columns = _channels(kept)
    whole = (rows[:, None] & columns).view(*kept.shape[:2], *[1] * (kept.ndim - 2)).expand_as(kept)
    if not torch.equal(kept, whole):
        raise UserError(
            f"Single weights of '{name}' are zero, which a structured adapter would fill.",
            'Use retrain.subset with train = ["adapters"], or set keep_zeros = false.',
        )


def _beside(branch: nn.Module) -> Any:
    return lambda _, inputs, outputs: outputs + branch(inputs[0])


@torch.no_grad()
def _fused_difference(student: Adapted, parameters: AdapterParameters, context: MethodContext) -> float:
    """Return the largest difference of an output between the adapted network and the one that it becomes."""
    inputs = Batches(context.data["data"], parameters, context.seed, context.device).first().inputs
    fused = student.parent.network()
    fused.load_state_dict(student.tensors())
    return float((context.placed(fused)(inputs) - student(inputs)).abs().max())
