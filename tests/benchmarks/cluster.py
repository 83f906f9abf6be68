"""Trials on a local Dask cluster whose workers are killed one after another, and whose scheduler is lost for a moment.

``python tests/benchmarks/cluster.py [TRIALS]``: the table must be complete and equal that of a single process, and no
trial may be computed twice but those that ran when the connection was cut.
"""

import logging
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from digits import recipe, sweep

from graftwork.analysis.cluster.executor import Cluster
from graftwork.analysis.cluster.remote import BEGUN, COMPUTED, LOG
from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.executor import Executor, Job
from graftwork.analysis.jobs.worker import Worker
from graftwork.analysis.workspace import Workspace

WORKERS = 4
MEASURES = ("accuracy", "loss", "cost.nominal", "geometry.margins")

Table = dict[tuple[str, str], tuple[float, float | None, float | None]]


def main() -> None:
    """Run both, and compare."""
    logging.getLogger("distributed").setLevel(logging.ERROR)  # that workers are killed is no news
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    text = recipe(sweep(trials), MEASURES)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        alone = _run(text, Path(folder) / "alone.graft", Worker(), lambda *_: None)
        print(f"one process: {len(alone)} values in {time.perf_counter() - start:.0f} s")
        cluster = Cluster(f"local:{WORKERS}")
        start = time.perf_counter()
        disturbed = _run(text, Path(folder) / "cluster.graft", cluster, _Trouble(cluster, trials))
        print(f"{WORKERS} workers, disturbed: {len(disturbed)} values in {time.perf_counter() - start:.0f} s")
    assert disturbed == alone, "the tables differ"
    print("the tables are equal")


def _run(text: str, path: Path, executor: Executor, trouble: Any) -> Table:
    planner = Worker("planner")
    finished: Counter[str] = Counter()
    executor.changed.connect(lambda job: finished.update(_trial(job)))
    with Workspace.create(path) as space:
        engine = Engine(space, executor, planner)
        engine.submit(text, path.parent)
        while not engine.wait(0.05):
            trouble(space.tally().get("done", 0))
        for trial in space.trials("failed"):
            print(f"{trial.model}: {trial.problem}")
        assert set(space.tally()) == {"done"}, space.tally()
        assert set(finished.values()) == {1}, "a trial was finished twice"
        assert not space.check()
        table = {(v.model, v.measure): (v.value, v.low, v.high) for v in space.values()}
        engine.close()
    if isinstance(executor, Cluster):
        _print_executions(executor)
    executor.close()
    planner.close()
    return table


def _print_executions(cluster: Cluster) -> None:
    """Say how often the workers began and computed a trial, as they told the scheduler."""
    told: Counter[tuple[str, str]] = Counter(tuple(event) for _, event in cluster.client.get_events(LOG))
    begun, computed = (Counter({t: n for (t, word), n in told.items() if word == w}) for w in (BEGUN, COMPUTED))
    print(f"  {len(begun)} trials were begun {begun.total()} times and computed {computed.total()} times")
    assert computed.total() <= len(begun) + WORKERS


def _trial(job: Job) -> list[str]:
    return [job.title] if job.state == "done" and job.task == "trial" else []


class _Trouble:
    """Kills each worker in turn, and cuts the connection to the scheduler once, spread over the trials."""

    def __init__(self, cluster: Cluster, trials: int) -> None:
        self._cluster = cluster
        self._victims = list(cluster.client.run(os.getpid).values())
        self._due = [trials * (number + 1) // (WORKERS + 2) for number in range(WORKERS + 1)]

    def __call__(self, done: int) -> None:
        if not self._due or done < self._due[0]:
            return
        self._due.pop(0)
        if len(self._due) == WORKERS // 2:
            print(f"after {done} trials: the connection to the scheduler is cut")
            client = self._cluster.client
            client.loop.add_callback(client.scheduler_comm.comm.abort)
        else:
            victim = self._victims.pop()
            print(f"after {done} trials: worker {victim} is killed")
            os.kill(victim, signal.SIGKILL)


if __name__ == "__main__":
    main()
