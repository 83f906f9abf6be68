"""Accuracy of a brushed subset: 100,000 samples, 100 models; packed rows against truth values as they are."""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from timing import side_by_side

from graftwork.analysis.correctness import Correctness, read_rows
from graftwork.analysis.features.store import read_column, write_columns
from graftwork.kernels.bootstrap import mean_interval
from graftwork.kernels.frontier import pareto_front
from graftwork.kernels.packed import counts, counts_reference, pack

MODELS, SAMPLES = 100, 100_000


def plain(rows: NDArray[np.bool_], within: NDArray[np.bool_]) -> list[float]:
    """Return every model's accuracy with its interval from the values themselves."""
    return [mean_interval(row[within], 0).mean for row in rows]


def tradeoff(correctness: Correctness, costs: NDArray[np.float64], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the front of cost and accuracy on the subset: what a brush asks for."""
    accuracy = [found.mean for found in correctness.accuracies(within).values()]
    return pareto_front(np.stack([costs, accuracy], axis=1), ("lower", "higher"))


def main() -> None:
    """Time the counting, the whole answer, and reading the files before it."""
    rng = np.random.default_rng(0)
    rows = rng.random((MODELS, SAMPLES)) < rng.uniform(0.5, 0.95, (MODELS, 1))
    within = rng.random(SAMPLES) < 0.3
    correctness = Correctness(tuple(map(str, range(MODELS))), pack(rows), SAMPLES)
    costs = rng.random(MODELS)
    print(f"{SAMPLES:,} samples, {MODELS} models: how many of a subset each has right")
    side_by_side(
        {
            "truth values": partial(counts_reference, rows, within),
            "packed": lambda: counts(correctness.rows, pack(within)),
        }
    )
    print("accuracies with intervals")
    side_by_side(
        {
            "truth values": partial(plain, rows, within),
            "packed": partial(correctness.accuracies, within),
            "packed, with the front": partial(tradeoff, correctness, costs, within),
        },
        runs=3,
    )
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.h5") for number in range(MODELS)]
        bytewise = [Path(folder, f"plain{number}.h5") for number in range(MODELS)]
        for row, packed, file in zip(rows, files, bytewise, strict=True):
            write_columns(packed, {"correct": row})
            write_columns(file, {"correct": row.astype(np.uint8)})
        print("reading what they have right")
        side_by_side(
            {
                "a byte a sample": lambda: np.stack([read_column(file, "correct") for file in bytewise]),
                "a bit a sample": lambda: read_rows(files),
            }
        )


if __name__ == "__main__":
    main()
