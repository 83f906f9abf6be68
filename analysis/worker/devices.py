"""What a worker computes on: what it was told, or else the fastest that is there."""

import os

import torch

from ..errors import UserError
from ..jobs import DEVICE


def choose_device() -> torch.device:
    """Return the device that the environment variable `DEVICE` names, or else an accelerator, or else the processor.

    Raises
    ------
    UserError
        If there is no such device here.
    """
    wanted = os.environ.get(DEVICE, "")
    here = _here()
    if not wanted:
        return torch.device(here[0])
    kind, _, number = wanted.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if kind not in here or (number and not (number.isdigit() and int(number) < count)):
        raise UserError(f"There is no device '{wanted}' here.", f"Choose one of: {', '.join(reversed(here))}.")
    return torch.device(wanted)


def _here() -> list[str]:
    """Return the kinds of devices of this machine, the fastest first."""
    kinds = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()), ("cpu", True)]
    return [kind for kind, there in kinds if there]
