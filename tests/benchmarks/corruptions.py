"""Corruptions: ours against the published ones of `imagecorruptions`.

For each corruption: the mean absolute difference in 8-bit levels at the five severities, both given the same draws, and
the images a second at severity 3, of ours (a batch) and of theirs (one by one). The two take turns; medians count.
``python corruptions.py 32 fog`` does one size and one corruption.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graftwork.kernels.corruptions import CORRUPTIONS, SEVERITIES, corrupt_by
from tests.kernels.corruptions.reference import compared, picture, published, strength

BATCH = {32: 512, 224: 32}
RUNS, SEVERITY = 5, 3


def main() -> None:
    """Print a table for each size."""
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()] or list(BATCH)
    names = [word for word in sys.argv[1:] if not word.isdigit()] or list(CORRUPTIONS)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for side in sizes:
        print(f"\n{side} × {side}{'difference at severity 1 … 5':>48}{'ours/s':>17}{'theirs/s':>10}{'ratio':>8}")
        for name in names:
            ours, theirs = speeds(name, side)
            print(f"{name:<20}{differences(name, side)}{ours:10.0f}{theirs:10.0f}{ours / theirs:8.1f}", flush=True)


def differences(name: str, side: int) -> str:
    """Return the five differences, 8 characters each; scikit-image draws impulses by itself."""
    if name == "impulse_noise":
        return f"{'-':>8}" * len(SEVERITIES)
    return "".join(f"{compared(name, severity, (side, side)):8.4f}" for severity in SEVERITIES)


def speeds(name: str, side: int) -> tuple[float, float]:
    """Return the images a second of ours and of theirs, with equal constants."""
    image = picture(side, side)
    batch = torch.from_numpy(np.array(image)).permute(2, 0, 1).repeat(BATCH[side], 1, 1, 1)
    samples, constants = torch.arange(len(batch)), strength(name, SEVERITY)
    with published() as module:
        theirs = getattr(module, name)
        ways: tuple[Callable[[], Any], ...] = (
            lambda: corrupt_by(batch, CORRUPTIONS[name], constants, samples),
            lambda: np.uint8(theirs(image, SEVERITY)),
        )
        counts = [_repeats(way) for way in ways]
        taken = [[_time(way, count) for way, count in zip(ways, counts, strict=True)] for _ in range(RUNS)]
    ours, published_ones = (statistics.median(times) for times in zip(*taken, strict=True))
    return len(batch) / ours, 1 / published_ones


def _repeats(way: Callable[[], Any]) -> int:
    """Return how often to call it in one run of about a fifth of a second; the first call warms it up."""
    way()
    return max(round(0.2 / _time(way, 1)), 1)


def _time(way: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        way()
    return (time.perf_counter() - start) / count


if __name__ == "__main__":
    main()
