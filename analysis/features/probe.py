"""Telling functions apart: what a network gives on a probe of the data, as one fingerprint."""

import hashlib

import torch
from torch import Tensor, nn

from ..data import DataSet
from ..identity import digest
from ..models import Architecture
from .capture import capture
from .layers import Tap, choose_taps

_PLACES, _EACH = 8, 16


def function_fingerprint(
    network: nn.Module, architecture: Architecture, needs: tuple[str, ...], data: DataSet, device: torch.device
) -> str:
    """Return the hash of every needed layer's values, to the last bit, on up to 128 samples spread over the data.

    Networks with equal fingerprints compute the same there; equal functions that round differently have different ones.

    Parameters
    ----------
    network : Module
        In evaluation mode, on the device.
    architecture : Architecture
        Says where the head and the stage ends are.
    needs : tuple of str
        Layers as `choose_taps` takes them.
    data : DataSet
        The samples.
    device : torch.device
        Where to compute.
    """
    taps = choose_taps(network, architecture, needs)
    states = {tap.column: hashlib.sha256() for tap in taps}
    step = max(_EACH, (len(data) - _EACH) // (_PLACES - 1))
    with capture(network, taps, _copied) as captured, torch.inference_mode():
        for start in range(0, len(data), step)[:_PLACES]:
            captured.clear()
            network(next(data.batches(_EACH, start)).to(device))
            for column, values in captured.items():
                states[column].update(values.numpy().tobytes())
    return digest({column: state.hexdigest() for column, state in states.items()})


def _copied(_: Tap, values: Tensor) -> Tensor:
    return values.float().cpu().contiguous()
