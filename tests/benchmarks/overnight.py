"""A queue as long as a night: what engine and workspace cost a trial, and whether memory stays flat.

``python tests/benchmarks/overnight.py [TRIALS]``: first an executor that has every result at once, then one worker that
prunes and measures a small network each time.
"""

import os
import queue
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digits import recipe, sweep

from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.executor import Executor, Job
from graftwork.analysis.jobs.protocol import Done
from graftwork.analysis.jobs.worker import Worker
from graftwork.analysis.session import Session
from graftwork.analysis.trials import DataSpec, DerivedModel, ModelSpec, Plan, SourceModel, Trial, TrialResult, Value
from graftwork.analysis.workspace import Workspace
from graftwork.app.runtime import working

SAMPLE_S = 0.2
MIB = 1 << 20


def main() -> None:
    """Run both queues and print what they took."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        _without_work(trials, Path(folder) / "instant.graft")
        _with_a_worker(trials, Path(folder) / "worker.graft")


def _without_work(trials: int, path: Path) -> None:
    with Workspace.create(path) as space:
        instant = _Instant(path, _plan(trials))
        engine = Engine(space, instant)
        session = Session(space, engine)
        start = time.perf_counter()
        engine.submit("", path)
        memory = _watch(engine, {"program": os.getpid()})
        overhead = (time.perf_counter() - start) / trials
        assert space.tally() == {"done": trials}
        session.close()
        engine.close()
        instant.close()
    print(f"{trials} trials without work: {overhead * 1e3:.1f} ms each for engine and workspace")
    _print_memory(memory)


def _with_a_worker(trials: int, path: Path) -> None:
    text = recipe(sweep(trials), ("accuracy", "loss"), limit=20)
    with working(path, create=True) as session:
        engine, space = session.engine, session.workspace
        assert engine is not None
        assert isinstance(engine.executor, Worker)
        engine.executor.submit("catalogue").result()
        session.run_recipe(text, path.parent)
        while engine.planning or not space.trials():
            engine.wait(SAMPLE_S)
        start = time.perf_counter()
        assert engine.executor.pid
        memory = _watch(engine, {"program": os.getpid(), "worker": engine.executor.pid})
        wall = time.perf_counter() - start
        assert space.tally() == {"done": trials}, space.tally()
        own = sum(trial.seconds or 0 for trial in space.trials())
    print(
        f"{trials} trials in a worker: {wall:.0f} s, {own / trials * 1e3:.1f} ms each in the trial"
        f" and {(wall - own) / trials * 1e3:.1f} ms around it"
    )
    _print_memory(memory)


def _watch(engine: Engine, processes: Mapping[str, int]) -> dict[str, list[float]]:
    """Note the processes' resident memory in MiB until nothing is left to run."""
    memory: dict[str, list[float]] = {name: [] for name in processes}
    while not engine.wait(SAMPLE_S):
        for name, process in processes.items():
            pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
            memory[name].append(pages * os.sysconf("SC_PAGE_SIZE") / MIB)
    return memory


def _print_memory(memory: Mapping[str, list[float]]) -> None:
    for name, sizes in memory.items():
        tenths = [sizes[len(sizes) * tenth // 10 : len(sizes) * (tenth + 1) // 10] for tenth in range(10)]
        means = [f"{statistics.fmean(tenth):.0f}" for tenth in tenths if tenth]
        print(f"  {name}: MiB in memory over the tenths of the run: {' '.join(means)}")


def _plan(trials: int) -> Plan:
    source = SourceModel(name="source", path="/nowhere", content="source")
    data = DataSpec(name="data", path="digits", content="digits")
    models = [
        DerivedModel(
            name=f"cut {number}",
            method="prune.magnitude",
            version=1,
            parameters={"amount": number},
            parents=(source.identity,),
        )
        for number in range(trials)
    ]
    inputs: dict[str, ModelSpec] = {source.identity: source}
    return Plan(title="", trials=tuple(Trial(model=model, inputs=inputs, data=data) for model in models))


class _Instant(Executor):
    """Gives a fixed plan, and for every trial two empty files and fifteen numbers, from a thread of its own."""

    slots = 1

    def __init__(self, root: Path, plan: Plan) -> None:
        self._root = root
        self._plan = plan
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def submit(self, task: str, payload: Mapping[str, Any] | None = None, title: str = "") -> Job:
        job = Job(title, task, payload or {})
        job.run()
        self._jobs.put(job)
        return job

    def cancel(self, job: Job) -> None:
        """Everything is over soon."""

    def close(self) -> None:
        self._jobs.put(None)

    def _run(self) -> None:
        while job := self._jobs.get():
            value = self._plan if job.task == "plan" else self._result(job.payload["trial"])
            job.end(Done(job.id, value))
            self.changed.emit(job)

    def _result(self, trial: Trial) -> TrialResult:
        checkpoint, array = f"{trial.model.identity}.safetensors", f"{trial.identity}.h5"
        (self._root / "checkpoints" / checkpoint).touch()
        (self._root / "arrays" / array).touch()
        return TrialResult(
            trial=trial.identity,
            values=tuple(Value(measure=f"measure {number}", value=1.0) for number in range(15)),
            columns={"logits": array},
            checkpoint=checkpoint,
            facts={"parameters": 1},
            seconds=0.0,
        )


if __name__ == "__main__":
    main()
