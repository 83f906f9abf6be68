"""GradSign: whether samples agree on where each weight should go."""

from collections.abc import Iterator

import torch

from ..catalogue import Quantity
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Value
from .sampling import Batch, labelled_batches, mean_loss
from .untrained import Weights, kept_weights, prepared, weights_parameter


class GradSignParameters(Parameters):
    """Parameters of GradSign."""

    samples: int = parameter(64, "How many samples' gradients are compared.", unit="samples", ge=2)
    weights: Weights = weights_parameter()


@MEASURES.register(
    "proxy.gradsign",
    title="GradSign",
    citation="Zhang and Jia 2022, GradSign: Model Performance Inference with Theoretical Insights, arXiv:2110.08616",
    version=2,
    quantities=(Quantity(name="proxy.gradsign", title="GradSign", better="higher"),),
)
def gradsign(evidence: Evidence, parameters: GradSignParameters) -> Iterator[Value]:
    """Σ over the weights of |Σ over samples of the sign of that weight's gradient|, on samples spread over the data.

    In evaluation mode, so that a sample's gradient is its own. Weights that were pruned away have none. It grows with
    the number of weights; how well it ranks these networks by what they reach when trained, it does not tell.

    Raises
    ------
    UserError
        If the network is not a recognised classifier of these data.
    """
    network = prepared(evidence, parameters.weights).requires_grad_()
    masks = kept_weights(evidence, evidence.build())
    named = {name: p for name, p in network.named_parameters() if p.requires_grad}
    weights, signs = list(named.values()), [torch.zeros_like(p) for p in named.values()]
    for sample in _singles(evidence, parameters.samples):
        gradients = torch.autograd.grad(mean_loss(network, [sample]), weights, allow_unused=True)
        for total, gradient in zip(signs, gradients, strict=True):
            if gradient is not None:
                total += gradient.sign()
    totals = (total.abs().double() * masks.get(name, 1) for name, total in zip(named, signs, strict=True))
    yield Value(measure="proxy.gradsign", value=float(sum(total.sum() for total in totals)))


def _singles(evidence: Evidence, count: int) -> Iterator[Batch]:
    done = 0
    for inputs, labels, _ in labelled_batches(evidence, count):
        for place in range(len(labels)):
            evidence.ticket.progress(done, count, "gradients")
            yield Batch(inputs[place : place + 1], labels[place : place + 1], None)
            done += 1
