"""Accuracy of a brushed subset: 100,000 samples, 100 models; packed rows against truth values as they are.

Then the way that a brush takes: from the selection in a session to the state that the trade-off view draws.
"""

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from timing import side_by_side

from graftwork.analysis.correctness import Correctness, read_rows
from graftwork.analysis.features.store import read_column, write_columns
from graftwork.analysis.session import Session
from graftwork.analysis.trials import DataSpec, Plan, SourceModel, Trial, TrialResult, Value
from graftwork.analysis.workspace import Workspace
from graftwork.kernels.frontier import pareto_front
from graftwork.kernels.intervals.shares import share_interval
from graftwork.kernels.packed import counts, counts_reference, pack
from graftwork.views import tradeoff as view
from graftwork.views.points import SELECTED

MODELS, SAMPLES = 100, 100_000


def plain(rows: NDArray[np.bool_], within: NDArray[np.bool_]) -> list[float]:
    """Return every model's accuracy with its interval from the values themselves."""
    return [share_interval(int(row[within].sum()), int(within.sum())).mean for row in rows]


def tradeoff(correctness: Correctness, costs: NDArray[np.float64], within: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the front of cost and accuracy on the subset: what a brush asks for."""
    accuracy = [found.mean for found in correctness.accuracies(within).values()]
    return pareto_front(np.stack([costs, accuracy], axis=1), ("lower", "higher"))


def fill(space: Workspace, rows: NDArray[np.bool_], costs: NDArray[np.float64]) -> None:
    """Put models into a workspace as if they had been measured."""
    data = DataSpec(name="data", path="nowhere", content="data")
    sources = [SourceModel(name=f"model{n}", path="nowhere", content=f"{n}") for n in range(MODELS)]
    trials = tuple(Trial(model=model, data=data) for model in sources)
    space.add_plan(Plan(title="Many", trials=trials), "")
    write_columns(space.arrays / data.file, {"label": np.zeros(SAMPLES, np.int64)})
    for trial, row, cost in zip(trials, rows, costs, strict=True):
        file = f"{trial.identity}.h5"
        write_columns(space.arrays / file, {"correct": row})
        values = (
            Value(measure="accuracy", value=float(row.mean()), unit="fraction"),
            Value(measure="cost.nominal.nonzeros", value=float(cost)),
        )
        columns = {"correct": file, "label": data.file}
        space.finish(
            TrialResult(trial=trial.identity, values=values, columns=columns, checkpoint=None, facts={}, seconds=1)
        )


def longest_turn(session: Session, accuracy: float) -> float:
    """Resolve until the first model has that accuracy; return the longest turn on this thread, in milliseconds."""
    turns = []
    while True:
        start = time.perf_counter()
        state = view.resolve(session)
        turns.append(1e3 * (time.perf_counter() - start))
        if isinstance(state, view.TradeoffState) and len(state.points) == MODELS and state.points[0].y == accuracy:
            return max(turns)
        time.sleep(0.001)


def brush(rows: NDArray[np.bool_], costs: NDArray[np.float64], folder: Path) -> None:
    """Time opening a workspace up to the first curve, and brushes from the selection to the curve."""
    with Workspace.create(folder / "many.graft") as space:
        fill(space, rows, costs)
        start = time.perf_counter()
        session = Session(space)
        session.refresh()
        session.set_option("tradeoff.y", SELECTED)
        longest_turn(session, rows[0].mean())
        print(f"  the first curve, files read                {1e3 * (time.perf_counter() - start):9.2f} ms")
        rng, taken, turns = np.random.default_rng(1), [], []
        for share in np.linspace(0.001, 0.999, 25):
            mask = rng.random(SAMPLES) < share
            start = time.perf_counter()
            session.select_samples(mask)
            turns.append(longest_turn(session, rows[0][mask].mean()))
            taken.append(1e3 * (time.perf_counter() - start))
        session.close()
    told("a brush, selection to curve", taken)
    told("of which one turn of the window's thread", turns)


def told(title: str, taken: list[float]) -> None:
    """Print how long something took, in milliseconds."""
    low, middle, high = min(taken), statistics.median(taken), max(taken)
    print(f"  {title:42} min {low:9.2f} ms   median {middle:9.2f} ms   max {high:9.2f} ms")


def main() -> None:
    """Time the counting, the whole answer, reading the files before it, and brushes in a session."""
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
        print("from a selection to the state of the trade-off view")
        brush(rows, costs, Path(folder))


if __name__ == "__main__":
    main()
