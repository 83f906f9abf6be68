"""What a network costs on paper."""

from collections.abc import Iterator

from torch import Tensor

from ..catalogue import Quantity
from ..models import Checkpoint
from ..models.activations import peak_activations
from ..models.arithmetic import nonzeros
from ..models.macs import macs
from . import MEASURES, Evidence, Parameters, Value


class NominalCostParameters(Parameters):
    """Nominal cost has no parameters."""


@MEASURES.register(
    "cost.nominal",
    title="Nominal cost",
    citation="Dehghani et al. 2022, The Efficiency Misnomer, arXiv:2110.12894 (what these numbers leave out)",
    version=3,
    dataless=True,
    quantities=(
        Quantity(name="cost.nominal.parameters", title="Parameters", better="lower"),
        Quantity(name="cost.nominal.nonzeros", title="Non-zero parameters", better="lower"),
        Quantity(name="cost.nominal.macs", title="Multiply-accumulates per sample", better="lower"),
        Quantity(name="cost.nominal.bytes", title="Size of the dense tensors", unit="bytes", better="lower"),
        Quantity(name="cost.nominal.activations", title="Activations of a sample", unit="bytes", better="lower"),
    ),
)
def nominal(evidence: Evidence, parameters: NominalCostParameters) -> Iterator[Value]:
    """Parameters, those that are not zero, multiply-accumulates and activations of one sample, bytes of the tensors.

    Multiply-accumulates are those of convolutions, matrix products and attention, zeros included. Activations are the
    most bytes alive at once in a forward pass (`graftwork.analysis.models.activations`). Both need a recognised
    network. Tensors under several names count once; statistics, masks and counters are no parameters.
    """
    specs = evidence.checkpoint.specs.values()
    total = nonzero = 0
    architecture = evidence.checkpoint.architecture
    network = evidence.build() if architecture else None
    for tensor in network.parameters() if network else _trainable(evidence.checkpoint):
        evidence.ticket.check()
        total += tensor.numel()
        nonzero += nonzeros(tensor)
    yield Value(measure="cost.nominal.parameters", value=total)
    yield Value(measure="cost.nominal.nonzeros", value=nonzero)
    yield Value(
        measure="cost.nominal.bytes", value=sum(spec.size * spec.dtype.itemsize for spec in specs), unit="bytes"
    )
    if architecture and network:
        yield Value(measure="cost.nominal.macs", value=macs(network, architecture))
        peak = peak_activations(network, architecture.example(1).to(evidence.device))
        yield Value(measure="cost.nominal.activations", value=peak, unit="bytes")


def _trainable(checkpoint: Checkpoint) -> Iterator[Tensor]:
    """Give the tensors of a network that is not recognised, as far as they look trained."""
    return map(checkpoint.tensor, checkpoint.trained())
