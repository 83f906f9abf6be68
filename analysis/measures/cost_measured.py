"""What a network costs on this device."""

import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ..catalogue import Quantity
from ..errors import UserError
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Value


class MeasuredCostParameters(Parameters):
    """How latency is measured."""

    batch: int = parameter(32, "How many samples one forward pass takes.", unit="samples", ge=1)
    repeats: int = parameter(30, "How many passes are timed.", ge=3)
    warmup: int = parameter(5, "How many passes run before, untimed.", ge=0)


@MEASURES.register(
    "cost.measured",
    title="Measured cost",
    citation="Dehghani et al. 2022, The Efficiency Misnomer, arXiv:2110.12894",
    quantities=(
        Quantity(name="cost.measured.latency", title="Latency of a batch", unit="ms", better="lower"),
        Quantity(name="cost.measured.throughput", title="Throughput", unit="samples/s", better="higher"),
        Quantity(name="cost.measured.batch", title="Batch of the timing", unit="samples"),
    ),
)
def measured(evidence: Evidence, parameters: MeasuredCostParameters) -> Iterator[Value]:
    """Median time of a forward pass over one batch of random inputs, with its quartiles, and samples a second.

    Raises
    ------
    UserError
        If the network is not recognised, so that it cannot be run.
    """
    if not evidence.checkpoint.architecture:
        raise UserError(
            f"{evidence.checkpoint.path.name} is not a recognised network, so it cannot be timed.",
            "Leave cost.measured out, or give the network's module.",
        )
    inputs = evidence.checkpoint.architecture.example(parameters.batch, evidence.seed).to(evidence.device)
    times = _times(evidence, evidence.build(), inputs, parameters)
    low, median, high = (float(time) for time in np.quantile(times, [0.25, 0.5, 0.75]))
    yield Value(measure="cost.measured.latency", value=median * 1e3, low=low * 1e3, high=high * 1e3, unit="ms")
    size = parameters.batch
    yield Value(
        measure="cost.measured.throughput", value=size / median, low=size / high, high=size / low, unit="samples/s"
    )
    yield Value(measure="cost.measured.batch", value=size, unit="samples")


def _times(evidence: Evidence, network: nn.Module, inputs: Tensor, parameters: MeasuredCostParameters) -> list[float]:
    times = []
    with torch.inference_mode():
        for done in range(parameters.warmup + parameters.repeats):
            evidence.ticket.progress(done, parameters.warmup + parameters.repeats, "timing")
            _finish(inputs.device)
            start = time.perf_counter()
            network(inputs)
            _finish(inputs.device)
            times.append(time.perf_counter() - start)
    return times[parameters.warmup :]


def _finish(device: torch.device) -> None:
    """Wait for the device: kernels run behind the call that starts them."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
