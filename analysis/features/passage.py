"""One network's part of an extraction: from batches to the rows of its file."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import UserError
from ..models import Architecture
from ..trials import FeatureSpec
from .capture import capture
from .layers import Tap, choose_taps
from .pooling import POOLINGS
from .store import GrowingFile, Layout

Columns = dict[str, NDArray[Any]]

_AHEAD = 1  # batches that an accelerator computes while the one before them is fetched
_HALF_LARGEST = 8192.0  # an eighth of float16's range, for what later samples may bring
_HALF_FINEST = 1e-3  # typical size below which float16 would lose digits


@dataclass(frozen=True)
class Run:
    """One network, and where its features go.

    Attributes
    ----------
    network : Module
        In evaluation mode, on the device. Its convolutions are laid out with channels last, in place, in which order
        they run a third faster.
    architecture : Architecture
        Says where the head and the stage ends are.
    needs : tuple of str
        Layers as `choose_taps` takes them.
    path : Path
        The finished HDF5 file, one dataset a column; present already, it is kept.
    inputs : str
        Tells how the files lie that it is computed from: an interrupted pass goes on where this is the same.
    """

    network: nn.Module
    architecture: Architecture
    needs: tuple[str, ...]
    path: Path
    inputs: str = ""


class Restart(Exception):  # noqa: N818 - a change of plan, not an error
    """A column is to be kept in float32, so its file begins anew."""


class Passage(AbstractContextManager["Passage"]):
    """One network's rows on their way to its file; `done` of them are there or about to be."""

    def __init__(self, run: Run, rows: int, spec: FeatureSpec, device: torch.device) -> None:
        self._network, self._spec, self._device = run.network, spec, device
        self._taps = choose_taps(run.network, run.architecture, run.needs)
        self._file = GrowingFile(run.path, rows, run.inputs)
        self._writer = _Writer()
        self._stack = ExitStack()
        self._computing: deque[tuple[int, _OnItsWay]] = deque()
        self._lengths: Tensor | None = None
        self._wide: set[str] = set()  # columns that float16 turned out too small for
        self.done = self._file.done()

    def __enter__(self) -> "Passage":
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._stack.enter_context(self._writer)
        self._captured = self._stack.enter_context(capture(self._network, self._taps, self._reduce))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def step(self, start: int, inputs: Tensor, lengths: Tensor | None) -> None:
        """Compute the batch whose first row is ``start``, unless its rows are there already.

        Raises
        ------
        Restart
            If a value is too large for the number type that was chosen.
        """
        if start + len(inputs) <= self.done:
            return
        self._lengths = lengths
        self._captured.clear()
        with torch.inference_mode(), self._precision():
            self._network(inputs)
        self._computing.append((start, _OnItsWay(self._captured, self._device)))
        if self._device.type == "cpu" or len(self._computing) > _AHEAD:
            self._write_next()

    def settle(self) -> None:
        """Write what was computed, and wait until it is on the disk."""
        while self._computing:
            self._write_next()
        self._wait()

    def finish(self) -> None:
        """Give the file its name."""
        self._file.finish()

    def _write_next(self) -> None:
        start, on_its_way = self._computing.popleft()
        columns = on_its_way.columns()
        self._wait()
        if start == 0:
            self._file.lay_out(self._layouts(columns))
        self._writer.write(lambda: self._file.write(start, columns))
        self.done = start + len(next(iter(columns.values())))

    def _wait(self) -> None:
        try:
            self._writer.wait()
        except OverflowError as error:
            self._widen(str(error))
            raise Restart from error

    def _widen(self, column: str) -> None:
        if self._spec.dtype == "float16":
            raise UserError(
                f"The values of '{column}' are too large for float16.", 'Keep them with dtype = "auto" or "float32".'
            )
        self._wide.add(column)
        self._computing.clear()
        self.done = 0

    def _precision(self) -> AbstractContextManager[object]:
        return torch.autocast(self._device.type) if self._spec.mixed else nullcontext()

    def _reduce(self, tap: Tap, values: Tensor) -> Tensor:
        return reduced(tap, values.float(), self._lengths, self._spec)

    def _layouts(self, columns: Mapping[str, NDArray[Any]]) -> dict[str, Layout]:
        return {name: Layout(values.shape[1:], self._dtype(name, values)) for name, values in columns.items()}

    def _dtype(self, name: str, values: NDArray[np.float32]) -> np.dtype[Any]:
        choice = "float32" if name in ("logits", "features") else self._spec.dtype
        half = choice == "float16" or (choice == "auto" and name not in self._wide and _fits_half(values))
        return np.dtype(np.float16 if half else np.float32)


def reduced(tap: Tap, values: Tensor, lengths: Tensor | None, spec: FeatureSpec) -> Tensor:
    """Return what is kept of a place's values, (batch, …); ``lengths`` as of `POOLINGS`."""
    if tap.column == "logits":
        return POOLINGS["last"](values, lengths, 1) if values.ndim == 3 else values
    if tap.column == "features":
        return POOLINGS["mean"](values, lengths, 1)
    return POOLINGS[spec.pool](values, lengths, spec.tokens)


def _fits_half(values: NDArray[np.float32]) -> bool:
    """Return whether float16 keeps a layer's values to three digits, with room above them."""
    size = np.abs(values)
    return bool(size.max(initial=0) <= _HALF_LARGEST and np.sqrt(np.mean(size**2)) >= _HALF_FINEST)


class _OnItsWay:
    """A batch's columns on their way to the host, behind the work that an accelerator has in hand."""

    def __init__(self, captured: Mapping[str, Tensor], device: torch.device) -> None:
        self._event = torch.cuda.Event() if device.type == "cuda" else None
        if self._event is None:
            self._held = {name: values.cpu() for name, values in captured.items()}
            return
        self._held = {
            name: torch.empty_like(values, device="cpu", pin_memory=True) for name, values in captured.items()
        }
        for name, values in captured.items():
            self._held[name].copy_(values, non_blocking=True)
        self._event.record()

    def columns(self) -> Columns:
        """Wait for them."""
        if self._event is not None:
            self._event.synchronize()
        return {name: values.numpy() for name, values in self._held.items()}


class _Writer(AbstractContextManager["_Writer"]):
    """Writes on a thread of its own, in order, so that the next forward pass need not wait for the disk."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "graftwork rows")
        self._last: Future[None] | None = None

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def write(self, work: Callable[[], None]) -> None:
        """Begin; an error of it comes out of `wait`."""
        self._last = self._pool.submit(work)

    def wait(self) -> None:
        """Wait for what was begun."""
        last, self._last = self._last, None
        if last is not None:
            last.result()
