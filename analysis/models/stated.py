"""How the inputs of a network were normalised, where its files state it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .told import tellers

STATED = "normalisation"
"""Under this a derived checkpoint keeps what its parent's files state."""
_ENTRIES = (("mean", "std"), ("image_mean", "image_std"), ("pixel_mean", "pixel_std"), ("norm_mean", "norm_std"))
_WITHIN = ("pretrained_cfg", "default_cfg", "data_config", "args", "hyper_parameters", "preprocessing", "normalize")
_WHITE = 255.0  # where constants are in units of bytes
_ALIKE = 2e-3  # how far constants of one data set are rounded apart
_MOST_CHANNELS = 4


@dataclass(frozen=True)
class StatedNormalisation:
    """What a file states: pixels of [0, 1] less the mean, over the deviation.

    Attributes
    ----------
    source : str
        Which file says so, in words.
    mean, deviation : tuple of float
        One entry a channel, or one for all.
    """

    source: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def is_none(self) -> bool:
        """Whether pixels are taken as they are."""
        return self.agrees((0.0,), (1.0,))

    def agrees(self, mean: Sequence[float], deviation: Sequence[float]) -> bool:
        """Return whether these are the same constants, up to their last digits."""
        return _alike(self.mean, mean) and _alike(self.deviation, deviation)

    @property
    def text(self) -> str:
        """The constants in words."""
        return "no normalisation" if self.is_none else constants_text(self.mean, self.deviation)


def constants_text(mean: Sequence[float], deviation: Sequence[float]) -> str:
    """Return constants of a normalisation in words."""
    return " and ".join(
        f"{name} {', '.join(f'{value:.4g}' for value in values)}"
        for name, values in (("mean", mean), ("deviation", deviation))
    )


def stated_normalisation(metadata: Mapping[str, Any], name: str) -> StatedNormalisation | None:
    """Return what the files of a network on images state; None where they state nothing.

    That is the ``preprocessor_config.json`` of transformers, the ``pretrained_cfg`` of timm, or a mean and a deviation
    among whatever else the files say.

    Parameters
    ----------
    metadata : mapping of str to Any
        Of the checkpoint.
    name : str
        What the checkpoint is called.
    """
    found = (_read(entry, source) for entry, source in _candidates(metadata, name))
    return next(filter(None, found), None)


def _candidates(metadata: Mapping[str, Any], name: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Give what may state it, with where it stands."""
    own = metadata.get("graftwork")
    kept = own.get(STATED) if isinstance(own, Mapping) else None
    if isinstance(kept, Mapping):
        yield {"mean": kept.get("mean"), "std": kept.get("deviation")}, str(kept.get("source"))
    processor = metadata.get("preprocessor")
    if isinstance(processor, Mapping):
        yield processor, f"preprocessor_config.json of {name}"
    for teller in tellers(metadata):
        source = f"{'config.json' if teller is metadata.get('config') else 'metadata'} of {name}"
        for part in (*(teller.get(key) for key in _WITHIN), teller):
            if isinstance(part, Mapping):
                yield part, source


def _read(entry: Mapping[str, Any], source: str) -> StatedNormalisation | None:
    if entry.get("do_normalize") is False:
        return StatedNormalisation(source, (0.0,), (1.0,))
    pairs = ((_numbers(entry.get(mean)), _numbers(entry.get(deviation))) for mean, deviation in _ENTRIES)
    mean, deviation = next(((m, d) for m, d in pairs if m and d), ((), ()))
    if not (mean and deviation and min(deviation) > 0):
        return None
    white = _white(entry, mean, deviation)
    return StatedNormalisation(source, tuple(m / white for m in mean), tuple(d / white for d in deviation))


def _white(entry: Mapping[str, Any], mean: Sequence[float], deviation: Sequence[float]) -> float:
    """Return what white is in the units of the constants: as the file says, or else by their size."""
    factor = entry.get("rescale_factor")
    if entry.get("do_rescale") is False:
        return _WHITE
    if isinstance(factor, float) and factor > 0:
        return _WHITE * factor
    return _WHITE if max(*mean, *deviation) > 2 else 1.0


def _numbers(value: Any) -> tuple[float, ...]:
    """Return one number a channel, of a list, a number or either as text; none where it is something else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return ()
    found = value if isinstance(value, list | tuple) else [value]
    whole = len(found) <= _MOST_CHANNELS and all(type(item) in (int, float) for item in found)
    return tuple(map(float, found)) if whole else ()


def _alike(first: Sequence[float], second: Sequence[float]) -> bool:
    if 1 not in (len(first), len(second)) and len(first) != len(second):
        return False
    longest = max(len(first), len(second))
    pairs = zip(tuple(first) * (longest // len(first)), tuple(second) * (longest // len(second)), strict=True)
    return all(abs(a - b) <= _ALIKE for a, b in pairs)
