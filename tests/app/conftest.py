"""What tests of the program share: one worker process, and commands that run in this process with it."""

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

import pytest
from pytestqt.qtbot import QtBot

from graftwork.analysis.jobs.worker import Worker
from graftwork.analysis.session import Session
from graftwork.analysis.workspace import Workspace
from graftwork.app import runtime
from graftwork.app.cli import run_command
from graftwork.app.settings import Settings
from graftwork.app.window import Window


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


class StillRuntime:
    """What is open for a workspace, without worker processes."""

    def __init__(self, space: Workspace, attach: Callable[[Workspace], Session]) -> None:
        self.session = attach(space)

    def close(self) -> None:
        self.session.close()
        self.session.workspace.close()


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, attach: Callable[[Workspace], Session]) -> Window:
    """Return the window, shown, whose workspaces open without worker processes."""
    monkeypatch.setattr(runtime, "open_runtime", lambda space, *, desk: StillRuntime(space, attach))
    made = Window(Settings(theme="light"))
    made.fill()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made
