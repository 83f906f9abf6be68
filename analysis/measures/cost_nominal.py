"""Nominal cost: what can be counted without running a clock."""

from collections.abc import Iterator

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..catalogue import Quantity
from ..registry import Parameters
from ..trials import Value
from . import MEASURES, Evidence


class NominalCostParameters(Parameters):
    """It has none."""


@MEASURES.register(
    "cost.nominal",
    title="Nominal cost",
    citation="PyTorch's flop counter (torch.utils.flop_counter); one multiply-accumulate is two operations",
    quantities=(
        Quantity(name="cost.nominal.parameters", title="Parameters", better="lower"),
        Quantity(name="cost.nominal.nonzeros", title="Non-zero parameters", better="lower"),
        Quantity(name="cost.nominal.macs", title="MACs a sample", better="lower"),
        Quantity(name="cost.nominal.bytes", title="Size of the tensors", unit="bytes", better="lower"),
    ),
)
def cost_nominal(evidence: Evidence, parameters: NominalCostParameters) -> Iterator[Value]:
    """Parameters, non-zero parameters, multiply-accumulates of one sample, and bytes of all tensors."""
    network = evidence.build()
    weights = [parameter.detach() for parameter in network.parameters()]
    yield Value(measure="cost.nominal.parameters", value=sum(w.numel() for w in weights))
    yield Value(measure="cost.nominal.nonzeros", value=sum(int(w.count_nonzero()) for w in weights))
    yield Value(measure="cost.nominal.macs", value=_macs(evidence, network))
    specs = evidence.checkpoint.specs.values()
    yield Value(measure="cost.nominal.bytes", value=sum(s.size * s.dtype.itemsize for s in specs), unit="bytes")


def _macs(evidence: Evidence, network: torch.nn.Module) -> int:
    architecture = evidence.checkpoint.architecture
    assert architecture is not None, "a network was built, so it was recognised"
    shape = evidence.input_shape or architecture.input_shape
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, *shape, device=evidence.device))
    return int(counter.get_total_flops()) // 2
