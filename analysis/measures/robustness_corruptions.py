"""How a network stands up to spoilt images: noise, blur, weather, and what cameras and files do to them."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Literal, cast
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import field_validator
from torch import Tensor, nn

from ...kernels.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from ...kernels.intervals.ratios import mean_ratio, ratio_interval
from ...kernels.redundancy import error_correlation
from ..catalogue import Quantity
from ..data import DataSet
from ..errors import UserError
from ..features.extraction import halved
from ..registry import parameter
from ..weights import Weights, some
from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import counting, mean_value, outcome, paired_value, share_value, with_interval

_ID = "robustness.corruptions"
_BATCH = 256
_SMALLEST = 32  # pixels, from which on the corruptions are defined
_SHARE = (0.0, 1.0)

STANDARD = tuple(name for name, corruption in CORRUPTIONS.items() if corruption.standard)


class CorruptionParameters(Parameters):
    """Which corruptions, and how strong."""

    corruptions: tuple[str, ...] = parameter(
        STANDARD, "Names of corruptions: the fifteen standard ones, speckle_noise, gaussian_blur, spatter, saturate."
    )
    severities: tuple[Literal[1, 2, 3, 4, 5], ...] = parameter(SEVERITIES, "Severities, from 1 (mild) to 5.")

    @field_validator("corruptions", "severities")
    @classmethod
    def _some_and_each_once(cls, chosen: tuple[str | int, ...]) -> tuple[str | int, ...]:
        if not chosen or len(set(chosen)) < len(chosen):
            raise ValueError("name at least one, and each once")
        return chosen

    @field_validator("corruptions")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in CORRUPTIONS:
                raise ValueError(f"'{name}' is none of {', '.join(CORRUPTIONS)}")
        return names


@MEASURES.register(
    _ID,
    title="Common corruptions",
    citation="Hendrycks and Dietterich 2019, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations, arXiv:1903.12261",
    quantities=(
        Quantity(name=f"{_ID}.accuracy", title="Accuracy under corruption", unit="fraction", better="higher"),
        Quantity(name=f"{_ID}.error", title="Mean corruption error", unit="fraction", better="lower"),
        Quantity(
            name=f"{_ID}.mce",
            title="Corruption error over the reference's (mCE)",
            unit="fraction",
            better="lower",
            compared=True,
        ),
        Quantity(name=f"{_ID}.drop", title="Accuracy lost to corruption", unit="fraction", better="lower"),
        Quantity(name=f"{_ID}.redundancy", title="Mean correlation of errors between corruptions"),
        *(
            Quantity(name=f"{_ID}.accuracy.{name}", title=f"Accuracy, {c.title}", unit="fraction", better="higher")
            for name, c in CORRUPTIONS.items()
        ),
        *(
            Quantity(name=f"{_ID}.redundancy.{name}", title=f"Highest correlation of errors, {c.title}")
            for name, c in CORRUPTIONS.items()
        ),
        Quantity(name=f"{_ID}.survived", title="Corruptions survived", unit="fraction", per_sample=True),
        Quantity(name=f"{_ID}.correct", title="Correct by corruption, a bit for each severity", per_sample=True),
    ),
    needs=("logits",),
    version=5,
    weighs=True,
    compares="optional",
)
def corruptions(evidence: Evidence, parameters: CorruptionParameters) -> Iterator[Value | Column]:
    """Accuracy under common corruptions, by corruption and severity; mean corruption error; how alike corruptions are.

    The mean corruption error is plain: the mean over corruptions of the error at each of the severities. With a
    reference there is also ``mce``, for which every corruption's error, summed over the severities, is divided by the
    reference's (equation 1 of the source); there is none where the reference makes no error under a corruption. The
    redundancy of a corruption is the highest correlation, over the samples, of how often it and another one mislead the
    network; where errors do not vary there is none. It is of these samples, without an interval.

    Column ``correct`` has one byte a corruption, in the order of the parameter: bit 0 is set where the sample is
    classified correctly at severity 1, up to bit 4 for severity 5.

    Raises
    ------
    UserError
        If the data are no images, too small or not in [0, 1], the labels do not fit the network, or not even one
        image fits in the device's memory.
    """
    clean = outcome(evidence).correct
    right, *others = _right_under([each for each in (evidence, evidence.reference) if each], parameters)
    yield from _accuracies(evidence, parameters, right)
    survived, weights = right.mean(axis=(1, 2)), evidence.weights
    yield mean_value(f"{_ID}.accuracy", survived, "fraction", _SHARE, weights)
    yield mean_value(f"{_ID}.error", 1 - survived, "fraction", _SHARE, weights)
    yield paired_value(f"{_ID}.drop", clean - survived, weights)
    counted = counting(evidence, np.ones(len(right), bool))
    for other in others:
        yield from _beside(right[counted], other[counted], some(weights, counted))
    yield from _redundancies(parameters.corruptions, error_correlation(1 - right.mean(axis=2), weights))
    yield Column(f"{_ID}.survived", survived.astype(np.float32), "fraction")
    bits = 1 << (np.array(parameters.severities) - 1)
    yield Column(f"{_ID}.correct", (right * bits).sum(axis=2).astype(np.uint8))


def _beside(right: NDArray[np.bool_], reference: NDArray[np.bool_], weights: Weights) -> Iterator[Value]:
    own, other = (~right).sum(axis=2), (~reference).sum(axis=2)
    ratio, found = mean_ratio(own, other, weights), ratio_interval(own, other, weights)
    if found:
        yield with_interval(f"{_ID}.mce", found, "fraction")
    elif ratio is not None:
        yield Value(measure=f"{_ID}.mce", value=ratio, unit="fraction")


def _accuracies(evidence: Evidence, parameters: CorruptionParameters, right: NDArray[np.bool_]) -> Iterator[Value]:
    for place, name in enumerate(parameters.corruptions):
        yield mean_value(f"{_ID}.accuracy.{name}", right[:, place].mean(axis=1), "fraction", _SHARE, evidence.weights)
        for level, severity in enumerate(parameters.severities):
            yield share_value(f"{_ID}.accuracy.{name}.{severity}", right[:, place, level], evidence.weights)


def _redundancies(names: Sequence[str], correlation: NDArray[np.float64]) -> Iterator[Value]:
    others = ~np.eye(len(names), dtype=bool) & np.isfinite(correlation)
    if others.any():
        yield Value(measure=f"{_ID}.redundancy", value=float(correlation[others].mean()))
    for name, row, other in zip(names, correlation, others, strict=True):
        if other.any():
            yield Value(measure=f"{_ID}.redundancy.{name}", value=float(row[other].max()))


def _right_under(models: Sequence[Evidence], parameters: CorruptionParameters) -> NDArray[np.bool_]:
    """Return whether each network is right, (models, samples, corruptions, severities); one pass over the data."""
    evidence, data = models[0], models[0].data
    assert data is not None, "the labels come from data"
    networks = [each.build() for each in models]
    ways = list(product(parameters.corruptions, parameters.severities))
    right = np.empty((len(networks), len(data), len(ways)), bool)
    for start, pixels in _pixels(data, evidence.device):
        here = slice(start, start + len(pixels))
        labels = torch.from_numpy(evidence.labels[here]).to(evidence.device)
        samples = torch.arange(here.start, here.stop, device=evidence.device)
        for way, (name, severity) in enumerate(ways):
            evidence.ticket.progress(start * len(ways) + way * len(pixels), right[0].size, CORRUPTIONS[name].title)
            inputs = data.normalisation.redo(corrupt(pixels, name, severity, samples + _stream(evidence.seed, name)))
            for place, network in enumerate(networks):
                right[place, here, way] = _right(_scores(network, inputs), labels)
    return right.reshape(len(networks), len(data), len(parameters.corruptions), -1)


def _right(scores: Tensor, labels: Tensor) -> NDArray[np.bool_]:
    best = scores.max(dim=1)
    found: NDArray[np.bool_] = ((best.indices == labels) & best.values.isfinite()).cpu().numpy()
    return found


def _stream(seed: int, name: str) -> int:
    """Return the high half of the samples' seeds, so that each corruption has draws of its own."""
    return (crc32(f"{seed} {name}".encode()) >> 1) << 32


def _pixels(data: DataSet, device: torch.device) -> Iterator[tuple[int, Tensor]]:
    """Give the images before normalisation, uint8 on the device, and the first one's number."""
    if data.kind != "images":
        raise UserError(f"Corruptions are of images, and the data are {data.kind}.", f"Leave {_ID} out.")
    start = 0
    for inputs in data.batches(_BATCH):
        pixels = data.normalisation.undo(inputs.to(device))
        _check(pixels)
        yield start, (pixels * 255).round().byte()
        start += len(inputs)


def _check(pixels: Tensor) -> None:
    height, width = pixels.shape[-2:]
    if min(height, width) < _SMALLEST:
        raise UserError(
            f"The images are {height} × {width} pixels, and corruptions start at {_SMALLEST}.",
            f"Leave {_ID} out, or scale image files with resize.",
        )
    if pixels.min() < -1e-3 or pixels.max() > 1 + 1e-3:
        raise UserError("The images go beyond 0 to 1, and corruptions do not.", f"Scale them, or leave {_ID} out.")


@torch.inference_mode()
def _scores(network: nn.Module, inputs: Tensor) -> Tensor:
    """Return the logits, by halves where the device's memory is too small for the whole."""
    held = inputs.contiguous(memory_format=torch.channels_last)
    try:
        return cast("Tensor", network(held)).float()
    except torch.OutOfMemoryError as error:
        half = halved(len(inputs), error)
    return torch.cat([_scores(network, part) for part in inputs.split(half)])
