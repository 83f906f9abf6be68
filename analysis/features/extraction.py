"""Extraction: one pass over the data for any number of networks, layers reduced as they come, rows streamed to disk."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import torch
from torch import Tensor

from ..data import DataSet
from ..errors import UserError
from ..jobs.protocol import Ticket
from ..trials import FeatureSpec
from .passage import Passage, Restart, Run


def extract(
    runs: Sequence[Run],
    data: DataSet,
    device: torch.device,
    ticket: Ticket,
    spec: FeatureSpec | None = None,
    batch: int = 256,
    confirm: Callable[[], None] = lambda: None,
) -> None:
    """Run networks over the data, each batch through all of them, and keep what is needed of every sample.

    An interrupted pass goes on at the first row that is missing, and ends with the same bytes. A batch that does not
    fit in the device's memory is halved, and all later ones with it.

    Parameters
    ----------
    runs : sequence of Run
        The networks, each with its file.
    data : DataSet
        The samples.
    device : torch.device
        Where to compute.
    ticket : Ticket
        Progress in samples, and cancellation at every batch.
    spec : FeatureSpec or None
        How layers are kept; None averages them over positions, in float32. Logits and the head's input are always
        kept whole, in float32; of text, the last token's logits and the mean of the head's inputs.
    batch : int
        Samples a forward pass.
    confirm : callable
        Asked once all is written, before the files get their names; may raise.

    Raises
    ------
    Cancelled
        If the ticket says so; the rows so far are kept.
    UserError
        If a layer is unknown, the disk has no room, or not even one sample fits in the device's memory.
    """
    with ExitStack() as stack:
        passages = [
            stack.enter_context(Passage(run, len(data), spec or FeatureSpec(), device))
            for run in runs
            if not run.path.exists()
        ]
        while any(passage.done < len(data) for passage in passages):
            try:
                _sweep(passages, data, device, ticket, batch)
            except torch.OutOfMemoryError as error:
                batch = halved(batch, error)
            except Restart:
                continue
        confirm()
        for passage in passages:
            passage.finish()


def _sweep(passages: Sequence[Passage], data: DataSet, device: torch.device, ticket: Ticket, batch: int) -> None:
    """Take every passage from the first row that one of them lacks to the last."""
    for passage in passages:
        passage.settle()  # what was computed before an error
    start = min(passage.done for passage in passages)
    for inputs in _placed(data.batches(batch, start), device):
        lengths = _lengths(inputs, data)
        for passage in passages:
            passage.step(start, inputs, lengths)
        start += len(inputs)
        ticket.progress(start, len(data), "samples")
    for passage in passages:
        passage.settle()


def _placed(batches: Iterator[Tensor], device: torch.device) -> Iterator[Tensor]:
    """Give each batch on the device; images have channels last."""
    for inputs in batches:
        held = inputs.pin_memory() if device.type == "cuda" else inputs
        if inputs.ndim == 4:
            yield held.to(device, non_blocking=True, memory_format=torch.channels_last)
        else:
            yield held.to(device, non_blocking=True)


def _lengths(inputs: Tensor, data: DataSet) -> Tensor | None:
    """Return how many tokens of each sample come before what fills it up, (batch,); None where nothing does."""
    if data.pad is None:
        return None
    places = torch.arange(1, inputs.shape[1] + 1, device=inputs.device)
    return ((inputs != data.pad) * places).amax(1)


def halved(batch: int, error: torch.OutOfMemoryError) -> int:
    """Return half of a batch that did not fit in the device's memory.

    Raises
    ------
    UserError
        If it was a single sample.
    """
    if batch == 1:
        raise UserError(
            "Not even one sample fits in the device's memory.", "Choose another device, or fewer or pooled layers."
        ) from error
    torch.cuda.empty_cache()
    return batch // 2
