"""Extraction: one forward pass over the data, layers reduced as they come, rows streamed to disk."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..data import DataSet
from ..jobs.protocol import Ticket
from ..models import Architecture
from .store import GrowingFile

Columns = dict[str, NDArray[np.float32]]


def extract(
    network: nn.Module,
    architecture: Architecture,
    data: DataSet,
    needs: Sequence[str],
    path: Path,
    device: torch.device,
    ticket: Ticket,
    batch: int = 256,
) -> Path:
    """Run the network over the data and keep what is needed of every sample in an HDF5 file.

    Parameters
    ----------
    network : Module
        In evaluation mode, on the device. Its convolutions are laid out with channels last, in place, in which order
        they run a third faster.
    architecture : Architecture
        Says where the head and the stage ends are.
    data : DataSet
        The samples.
    needs : sequence of str
        ``logits`` (samples, classes), ``features`` (samples, width): the input of the head, or the output of a
        network without one, ``stages``: every stage end averaged over positions, as ``stage1`` (samples, channels) ….
    path : Path
        The finished file; present already, it is kept. An interrupted run goes on at the first row that is missing.
    device : torch.device
        Where to compute.
    ticket : Ticket
        Progress in samples, and cancellation at every batch.
    batch : int
        Samples a forward pass.

    Raises
    ------
    Cancelled
        If the ticket says so; the rows so far are kept.
    """
    if path.exists():
        return path
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with GrowingFile(path, len(data)) as file, capture(network, architecture, needs) as captured, _Writer(file) as out:
        done = file.done()
        for inputs in data.batches(batch, done):
            columns = _forward(network, captured, _placed(inputs, device), "logits" in needs)
            if done == 0:
                file.lay_out({name: values.shape[1] for name, values in columns.items()})
            out.write(done, columns)
            done += len(inputs)
            ticket.progress(done, len(data), "samples")
        out.wait()
        file.finish()
    return path


@contextmanager
def capture(network: nn.Module, architecture: Architecture, needs: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Collect the needed layers of the latest forward pass, by column name.

    Each is reduced or copied inside its hook: networks that add in place change a tensor that is kept by reference.
    The hooks are removed in any case.
    """
    captured: dict[str, Tensor] = {}

    def keep_head(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        captured["features"] = inputs[0].flatten(1).float().clone()

    def keep_output(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        captured["features"] = average_positions(output)

    def keeper(name: str) -> object:
        def keep(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
            captured[name] = average_positions(output)

        return keep

    handles = []
    try:
        if "features" in needs and architecture.head is None:
            handles.append(network.register_forward_hook(keep_output))
        elif "features" in needs and architecture.head is not None:
            handles.append(network.get_submodule(architecture.head).register_forward_pre_hook(keep_head))
        if "stages" in needs:
            for number, stage in enumerate(architecture.stages, 1):
                handles.append(network.get_submodule(stage).register_forward_hook(keeper(f"stage{number}")))  # type: ignore[arg-type]
        yield captured
    finally:
        for handle in handles:
            handle.remove()


def average_positions(output: Tensor) -> Tensor:
    """Average over positions: (batch, channels, height, width) or (batch, tokens, channels) to (batch, channels)."""
    if output.ndim == 4:
        return output.float().mean((2, 3))
    return output.float().mean(1) if output.ndim == 3 else output.float().clone()


def _placed(inputs: Tensor, device: torch.device) -> Tensor:
    if inputs.ndim == 4:
        return inputs.to(device, non_blocking=True, memory_format=torch.channels_last)
    return inputs.to(device, non_blocking=True)


def _forward(network: nn.Module, captured: Mapping[str, Tensor], inputs: Tensor, logits: bool) -> Columns:
    with torch.inference_mode():
        output: Tensor = network(inputs)
    kept = dict(captured) | ({"logits": output.float()} if logits else {})
    return {name: values.cpu().numpy() for name, values in kept.items()}


class _Writer:
    """Writes rows on a thread of its own, in order, so that the next forward pass need not wait for the disk."""

    def __init__(self, file: GrowingFile) -> None:
        self._file = file
        self._pool = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def write(self, start: int, columns: Columns) -> None:
        self.wait()
        self._last = self._pool.submit(self._file.write, start, columns)

    def wait(self) -> None:
        if self._last is not None:
            self._last.result()
