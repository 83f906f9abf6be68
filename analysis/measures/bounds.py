"""What interval bounds certify, and how much of their width is slack."""

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor, nn

from ..catalogue import Quantity
from ..errors import UserError
from ..models.boxes import Box, output_box
from ..registry import parameter
from ..weights import some
from . import MEASURES, Evidence, Parameters, Value
from .sampling import labelled_batches, spread_places
from .summaries import mean_value, share_value
from .untrained import architecture_of


class BoundParameters(Parameters):
    """Parameters of the interval bounds."""

    radius: float = parameter(0.004, "How far each number of an input may move, in units of the network's.", gt=0)
    samples: int = parameter(256, "On how many samples.", unit="samples", ge=1)


@MEASURES.register(
    "robustness.bounds",
    title="Interval bounds",
    citation="Mao et al. 2024, Understanding Certified Training with Interval Bound Propagation, arXiv:2306.10426",
    quantities=(
        Quantity(name="robustness.bounds.tightness", title="Tightness of interval bounds (log10)", better="higher"),
        Quantity(
            name="robustness.bounds.accuracy",
            title="Accuracy that interval bounds certify",
            unit="fraction",
            better="higher",
        ),
    ),
    version=3,
    weighs=True,
)
def bounds(evidence: Evidence, parameters: BoundParameters) -> Iterator[Value]:
    """Compare the width of the true class's score over a small box of inputs with that of its interval bounds.

    The tightness is the mean logarithm to base 10 of the one over the other: 0 where the bounds are exact, and minus
    the number of digits by which they are too wide where they are not. Inputs move by at most the radius in each
    number. The width itself is that of the network's linear part at the sample, 2 · radius · ‖∂f_y/∂x‖₁, exact where no
    unit switches. Certified is a sample whose true class's lower bound is above every other's upper bound.

    Raises
    ------
    UserError
        If the network is not a recognised feed-forward or convolutional classifier of these data.
    """
    architecture_of(evidence)
    batches = labelled_batches(evidence, parameters.samples)
    weights = some(evidence.weights, spread_places(evidence, parameters.samples))
    network, tightness, certified = deepcopy(evidence.build()).double(), [], []
    for single, labels, _ in batches:
        evidence.ticket.check()
        inputs = single.double()  # the bounds of deep networks leave what float32 can hold
        box = output_box(network, Box(inputs - parameters.radius, inputs + parameters.radius))
        if box.lower.ndim != 2 or int(labels.max()) >= box.lower.shape[1]:
            raise UserError("The labels do not fit the network.", "Choose the data set that it was trained for.")
        tightness.append(_tightness(box, parameters.radius * _slopes(network, inputs, labels), labels))
        certified.append(_certified(box, labels))
    yield mean_value("robustness.bounds.tightness", _joined(tightness).numpy(), weights=weights)
    yield share_value("robustness.bounds.accuracy", _joined(certified).numpy(), weights)


def _tightness(box: Box, reach: Tensor, labels: Tensor) -> Tensor:
    """Return log10 of twice the reach over the width of the true class's bounds; 0 where both are nothing."""
    width = (box.upper - box.lower).gather(1, labels[:, None])[:, 0]
    smallest = torch.finfo(width.dtype).tiny
    return (2 * reach).clamp_min(smallest).log10() - width.clamp_min(smallest).log10()


def _slopes(network: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    """Return ‖∂f_y/∂x‖₁, (samples,)."""
    inputs = inputs.clone().requires_grad_()
    own = network(inputs).gather(1, labels[:, None]).sum()
    return torch.autograd.grad(own, inputs)[0].flatten(1).abs().sum(1)


def _certified(box: Box, labels: Tensor) -> Tensor:
    own = box.lower.gather(1, labels[:, None])[:, 0]
    return own > box.upper.scatter(1, labels[:, None], -torch.inf).amax(1)


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts).cpu()
