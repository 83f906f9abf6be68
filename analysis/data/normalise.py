"""Normalisation: from pixels to what a network was trained on."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import UserError, unknown
from ..wording import counted
from .source import Pixels

Constants = tuple[tuple[float, ...], tuple[float, ...]]

KNOWN: dict[str, Constants] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "mnist": ((0.1307,), (0.3081,)),
    "digits": ((0.3054,), (0.3763,)),  # of the train part
}
"""Means and standard deviations by name, one entry a channel, in units of [0, 1]."""


@dataclass(frozen=True)
class Normalisation:
    """Subtracts a mean and divides by a deviation, channel by channel; None leaves [0, 1] as it is.

    Attributes
    ----------
    mean, deviation : array of float32, shape (channels, 1, 1), or None
        In units of [0, 1].
    """

    mean: NDArray[np.float32] | None = None
    deviation: NDArray[np.float32] | None = None

    def apply(self, pixels: Pixels, out: NDArray[np.float32]) -> None:
        """Write the normalised ``pixels`` to ``out``, both (samples, channels, height, width).

        The operations and their order are torchvision's ``ToTensor`` and ``Normalize``, so results agree to the bit.

        Raises
        ------
        UserError
            If pixels go beyond 0 to 1 where a mean is to be subtracted.
        """
        if pixels.dtype == np.uint8:
            np.divide(pixels, np.float32(255), out=out)
        else:
            out[...] = pixels
        if self.mean is None or self.deviation is None:
            return
        if out.min(initial=0) < 0 or out.max(initial=0) > 1:
            raise UserError(
                "The images go beyond 0 to 1, which the normalisation is for.",
                'Scale them, or leave them as they are with normalise = "none".',
            )
        out -= self.mean
        out /= self.deviation

    def undo(self, inputs: Tensor) -> Tensor:
        """Return the pixels of normalised images, 1 being white; both float32, (samples, channels, height, width)."""
        mean, deviation = self._on(inputs.device)
        return inputs * deviation + mean

    def redo(self, pixels: Tensor) -> Tensor:
        """Return normalised images of uint8 pixels, on their device, by the operations of `apply`."""
        mean, deviation = self._on(pixels.device)
        return (pixels.float() / 255 - mean) / deviation

    def _on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        if self.mean is None or self.deviation is None:
            return torch.zeros((), device=device), torch.ones((), device=device)
        return torch.from_numpy(self.mean).to(device), torch.from_numpy(self.deviation).to(device)


def normalisation(spec: str | Constants, channels: int) -> Normalisation:
    """Return the normalisation for pictures with so many channels.

    Parameters
    ----------
    spec : str or tuple
        A name in `KNOWN`, ``none``, or ``(means, deviations)``.
    channels : int
        Channels of the pictures.

    Raises
    ------
    UserError
        If the name is unknown, the entries do not match the channels, or a deviation is not above zero.
    """
    if spec == "none":
        return Normalisation()
    means, deviations = _constants(spec)
    if not len(means) == len(deviations) == channels:
        raise UserError(
            f"The normalisation {_shown(spec)} has {len(means)} means and {len(deviations)} deviations, "
            f"the images have {counted(channels, 'channel')}.",
            _fitting(channels),
        )
    if not all(math.isfinite(value) for value in (*means, *deviations)) or min(deviations) <= 0:
        raise UserError(f"The normalisation {_shown(spec)} does not divide.", "Give numbers, with deviations above 0.")
    return Normalisation(_column(means), _column(deviations))


def _constants(spec: str | Constants) -> Constants:
    if not isinstance(spec, str):
        return spec
    if spec not in KNOWN:
        raise unknown("normalisation", spec, [*KNOWN, "none"])
    return KNOWN[spec]


def _shown(spec: str | Constants) -> str:
    return f"'{spec}'" if isinstance(spec, str) else f"{[list(part) for part in spec]}"


def _fitting(channels: int) -> str:
    names = [name for name, (means, _) in KNOWN.items() if len(means) == channels]
    return f"Fitting: {', '.join([*names, 'none'])}."


def _column(values: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(values, np.float32)[:, None, None]
