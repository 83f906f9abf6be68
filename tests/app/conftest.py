"""What tests of the program share: one worker process, and commands that run in this process with it."""

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

import pytest

from graftwork.analysis.jobs.worker import Worker
from graftwork.app import runtime
from graftwork.app.cli import run_command


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


Program = Callable[..., Done]


class SharedWorker(Worker):
    """A worker process that many take turns with: who is done with it leaves it running."""

    def close(self) -> None:
        """Leave it to the next one."""

    def end(self) -> None:
        """End the process."""
        super().close()


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """Return the worker process of the session."""
    shared = SharedWorker("shared", threads=1)
    yield shared
    shared.end()


@pytest.fixture(scope="session")
def graftwork(worker: Worker) -> Program:
    """Return what runs a command in this process, with the session's worker in place of one of its own."""

    def run(*arguments: object) -> Done:
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(runtime, "Worker", lambda *_, **__: worker)
            code = run_command([str(argument) for argument in arguments])
        return Done(code, out.getvalue(), err.getvalue())

    return run
