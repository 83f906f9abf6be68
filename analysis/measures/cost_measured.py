"""What a network costs on this device."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...kernels.intervals.medians import median_interval
from ..catalogue import Quantity
from ..errors import UserError
from ..jobs.worker import cores
from ..models.activations import peak_activations
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Value
from .inputs import inputs_of_cost
from .summaries import with_interval


class MeasuredCostParameters(Parameters):
    """How latency is measured."""

    batch: int = parameter(32, "How many samples one forward pass takes.", unit="samples", ge=1)
    repeats: int = parameter(30, "How many passes are timed.", ge=3)
    warmup: int = parameter(5, "How many passes run before, untimed.", ge=0)


@MEASURES.register(
    "cost.measured",
    title="Measured cost",
    citation="Dehghani et al. 2022, The Efficiency Misnomer, arXiv:2110.12894",
    version=4,
    alone=True,
    dataless=True,
    quantities=(
        Quantity(name="cost.measured.latency", title="Latency of a batch", unit="ms", better="lower", sized=True),
        Quantity(name="cost.measured.throughput", title="Throughput", unit="samples/s", better="higher", sized=True),
        Quantity(name="cost.measured.batch", title="Batch of the timing", unit="samples", sized=True),
        Quantity(name="cost.measured.threads", title="Threads of the timing", unit="threads", sized=True),
        Quantity(name="cost.measured.memory", title="Peak memory", unit="bytes", better="lower", sized=True),
        Quantity(
            name="cost.measured.speedup",
            title="Reference's latency over its own",
            better="higher",
            sized=True,
            compared=True,
        ),
    ),
    compares="optional",
)
def measured(evidence: Evidence, parameters: MeasuredCostParameters) -> Iterator[Value]:
    """Median time of a forward pass over one batch, with its quartiles, samples a second, and memory.

    The batch is of the first samples of the data; without data, and beside data that the network does not take, of
    random inputs of the size that its family states. On the processor all threads are at work, however many workers
    share it at other times, since nothing runs beside it; how many they were is told, as such times compare with none
    of another number.

    With a reference both take turns in one run, so that a busy moment hits both; the speed-up is the median of the
    paired ratios, with its interval where there are six or more. Peak memory is that of parameters, buffers and
    activations: on a CUDA device as its allocator counts, elsewhere the tensors alive at once
    (`graftwork.analysis.models.activations`).

    Raises
    ------
    UserError
        If the network is not recognised, so that it cannot be run.
    """
    runs = [_Run.of(each, parameters) for each in (evidence, evidence.reference) if each]
    with _all_threads():
        times = _times(evidence, runs, parameters)
        threads = torch.get_num_threads()
    low, median, high = (float(time) for time in np.quantile(times[0], [0.25, 0.5, 0.75]))
    yield Value(measure="cost.measured.latency", value=median * 1e3, low=low * 1e3, high=high * 1e3, unit="ms")
    size = parameters.batch
    yield Value(
        measure="cost.measured.throughput", value=size / median, low=size / high, high=size / low, unit="samples/s"
    )
    yield Value(measure="cost.measured.batch", value=size, unit="samples")
    if evidence.device.type == "cpu":
        yield Value(measure="cost.measured.threads", value=threads, unit="threads")
    yield Value(measure="cost.measured.memory", value=runs[0].memory(), unit="bytes")
    if len(runs) > 1:
        yield _speedup(times[1] / times[0])


@dataclass(frozen=True)
class _Run:
    """One network with a batch for it."""

    network: nn.Module
    inputs: Tensor

    @classmethod
    def of(cls, evidence: Evidence, parameters: MeasuredCostParameters) -> "_Run":
        if not evidence.checkpoint.architecture:
            raise UserError(
                f"{evidence.checkpoint.path.name} is not a recognised network, so it cannot be timed.",
                "Leave cost.measured out, or give the network's module.",
            )
        network = evidence.build()
        return cls(network, inputs_of_cost(evidence, network, parameters.batch))

    def seconds(self) -> float:
        """Run once and return how long it took."""
        _finish(self.inputs.device)
        start = time.perf_counter()
        self.network(self.inputs)
        _finish(self.inputs.device)
        return time.perf_counter() - start

    def memory(self) -> int:
        """Run once and return the most bytes in use."""
        constant = sum(t.nbytes for t in (*self.network.parameters(), *self.network.buffers()))
        device = self.inputs.device
        if device.type != "cuda":
            return constant + peak_activations(self.network, self.inputs)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device) - self.inputs.nbytes
        self.seconds()
        return constant + torch.cuda.max_memory_allocated(device) - before


@contextmanager
def _all_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _times(evidence: Evidence, runs: Sequence[_Run], parameters: MeasuredCostParameters) -> NDArray[np.float64]:
    """Return seconds, (networks, repeats); the networks take turns at being first."""
    rounds = parameters.warmup + parameters.repeats
    times = np.empty((len(runs), rounds))
    with torch.inference_mode():
        for done in range(rounds):
            evidence.ticket.progress(done, rounds, "timing")
            for number in range(len(runs)) if done % 2 else reversed(range(len(runs))):
                times[number, done] = runs[number].seconds()
    return times[:, parameters.warmup :]


def _speedup(ratios: NDArray[np.float64]) -> Value:
    found = median_interval(ratios)
    if found is None:
        return Value(measure="cost.measured.speedup", value=float(np.median(ratios)))
    return with_interval("cost.measured.speedup", found)


def _finish(device: torch.device) -> None:
    """Wait for the device: kernels run behind the call that starts them."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
