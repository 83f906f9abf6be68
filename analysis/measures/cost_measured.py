"""Measured cost: what the clock says on this machine."""

import time
from collections.abc import Iterator

import numpy as np
import torch

from ..catalogue import Quantity
from ..registry import Parameters, parameter
from ..trials import Value
from . import MEASURES, Evidence


class MeasuredCostParameters(Parameters):
    """Parameters of the measured cost."""

    batch: int = parameter(64, "Samples a forward pass.", unit="samples", ge=1, le=65536)
    repeats: int = parameter(15, "Timed passes.", ge=3, le=10_000)
    warmup: int = parameter(3, "Passes before the first that is timed.", ge=1, le=1000)


@MEASURES.register(
    "cost.measured",
    title="Measured cost",
    citation="Median and quartiles of warm forward passes; after Hadidi et al., On the Efficiency of CNNs",
    quantities=(
        Quantity(name="cost.measured.latency", title="Latency of a batch", unit="ms", better="lower"),
        Quantity(name="cost.measured.throughput", title="Throughput", unit="samples/s", better="higher"),
        Quantity(name="cost.measured.batch", title="Batch of the timing", unit="samples"),
    ),
)
def cost_measured(evidence: Evidence, parameters: MeasuredCostParameters) -> Iterator[Value]:
    """Median latency of a batch, with its quartiles as bounds, and the throughput that follows."""
    architecture = evidence.checkpoint.architecture
    assert architecture is not None, "a network was built, so it was recognised"
    shape = evidence.input_shape or architecture.input_shape
    inputs = torch.zeros(parameters.batch, *shape, device=evidence.device)
    times = _times(evidence, inputs, parameters)
    low, median, high = np.quantile(times, (0.25, 0.5, 0.75))
    name = "cost.measured"
    yield Value(measure=f"{name}.latency", value=1e3 * median, low=1e3 * low, high=1e3 * high, unit="ms")
    rate = parameters.batch / np.array([median, high, low])
    yield Value(measure=f"{name}.throughput", value=rate[0], low=rate[1], high=rate[2], unit="samples/s")
    yield Value(measure=f"{name}.batch", value=parameters.batch, unit=f"samples on {_device(evidence.device)}")


def _times(evidence: Evidence, inputs: torch.Tensor, parameters: MeasuredCostParameters) -> list[float]:
    network = evidence.build()
    times = []
    with torch.inference_mode():
        for number in range(parameters.warmup + parameters.repeats):
            evidence.ticket.check()
            start = time.perf_counter()
            network(inputs)
            if evidence.device.type == "cuda":
                torch.cuda.synchronize(evidence.device)
            if number >= parameters.warmup:
                times.append(time.perf_counter() - start)
    return times


def _device(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU with {torch.get_num_threads()} threads"
