"""Several worker processes as one executor."""

from collections.abc import Mapping
from typing import Any

from .executor import Executor, Job
from .worker import Worker, cores


class Pool(Executor):
    """Workers that share the processors and, where a budget is given, the memory of this machine.

    Parameters
    ----------
    count : int
        How many.
    memory : int or None
        Bytes that all of them may allocate together; None for no limit.
    """

    def __init__(self, count: int, memory: int | None = None) -> None:
        self.memory = memory
        threads = max(1, cores() // count)
        share = memory // count if memory else None
        self.workers = tuple(Worker(f"worker {number + 1}", threads, share) for number in range(count))
        for worker in self.workers:
            worker.changed.connect(self.changed.emit)
            worker.partial.connect(self.partial.emit)

    @property
    def slots(self) -> int:
        """How many requests run at once."""
        return len(self.workers)

    @property
    def devices(self) -> Mapping[str, str]:
        """What each worker computes on, by its name."""
        return {name: device for worker in self.workers for name, device in worker.devices.items()}

    def submit(self, task: str, payload: Mapping[str, Any] | None = None, title: str = "") -> Job:
        """Give a request to the worker that has the fewest."""
        return min(self.workers, key=lambda worker: worker.load).submit(task, payload, title)

    def cancel(self, job: Job) -> None:
        """Stop the job, whoever has it."""
        for worker in self.workers:
            worker.cancel(job)

    def close(self) -> None:
        """End every worker."""
        for worker in self.workers:
            worker.close()
