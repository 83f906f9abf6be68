"""What a network costs on paper."""

from collections.abc import Iterator

from torch import Tensor

from ..catalogue import Quantity
from ..models import Checkpoint
from ..models.activations import peak_activations
from ..models.arithmetic import nonzeros
from ..models.macs import macs
from . import MEASURES, Evidence, Parameters, Value
from .inputs import inputs_of_cost


class NominalCostParameters(Parameters):
    """Nominal cost has no parameters."""


@MEASURES.register(
    "cost.nominal",
    title="Nominal cost",
    citation="Dehghani et al. 2022, The Efficiency Misnomer, arXiv:2110.12894 (what these numbers leave out)",
    version=4,
    dataless=True,
    quantities=(
        Quantity(name="cost.nominal.parameters", title="Parameters", better="lower"),
        Quantity(name="cost.nominal.nonzeros", title="Non-zero parameters", better="lower"),
        Quantity(name="cost.nominal.macs", title="Multiply-accumulates per sample", better="lower", sized=True),
        Quantity(name="cost.nominal.bytes", title="Size of the dense tensors", unit="bytes", better="lower"),
        Quantity(
            name="cost.nominal.activations", title="Activations of a sample", unit="bytes", better="lower", sized=True
        ),
    ),
)
def nominal(evidence: Evidence, parameters: NominalCostParameters) -> Iterator[Value]:
    """Parameters, those that are not zero, multiply-accumulates and activations of one sample, bytes of the tensors.

    Multiply-accumulates are those of `graftwork.analysis.models.macs`, the same on every device. Activations are the
    most bytes alive at once in a forward pass (`graftwork.analysis.models.activations`). Both need a recognised
    network, and are those of inputs of the data's size: pixels, tokens or numbers. Without data, and beside data that
    the network does not take, they are those of the size that its family states, as ``inspect`` tells them. The other
    values hold beside every data set. Tensors under several names count once; statistics, masks and counters are no
    parameters.
    """
    specs = evidence.checkpoint.specs.values()
    total = nonzero = 0
    network = evidence.build() if evidence.checkpoint.architecture else None
    for tensor in network.parameters() if network else _trainable(evidence.checkpoint):
        evidence.ticket.check()
        total += tensor.numel()
        nonzero += nonzeros(tensor)
    yield Value(measure="cost.nominal.parameters", value=total)
    yield Value(measure="cost.nominal.nonzeros", value=nonzero)
    yield Value(
        measure="cost.nominal.bytes", value=sum(spec.size * spec.dtype.itemsize for spec in specs), unit="bytes"
    )
    if network:
        inputs = inputs_of_cost(evidence, network, 1)
        yield Value(measure="cost.nominal.macs", value=_macs(evidence.checkpoint, inputs))
        yield Value(measure="cost.nominal.activations", value=peak_activations(network, inputs), unit="bytes")


def _macs(checkpoint: Checkpoint, inputs: Tensor) -> int:
    """Count without values, and with them only where the network's code looks at some."""
    try:
        return macs(checkpoint.skeleton(), inputs)
    except RuntimeError:
        return macs(checkpoint.network(), inputs)


def _trainable(checkpoint: Checkpoint) -> Iterator[Tensor]:
    """Give the tensors of a network that is not recognised, as far as they look trained."""
    return map(checkpoint.tensor, checkpoint.trained())
