"""Timing several ways of doing one thing, taking turns so that a busy moment hits all of them."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def side_by_side(ways: Mapping[str, Callable[[], Any]], runs: int = 7) -> None:
    """Print the minimum and median time of each way, and how much faster it is than the first."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append((time.perf_counter() - start) * 1e3)
    base = statistics.median(next(iter(times.values())))
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"  {name:<40} min {min(taken):9.2f} ms   median {middle:9.2f} ms   {base / middle:7.2f}x")
