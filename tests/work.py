"""What tests cost, in work that a busy machine hardly changes: processor time, and processes that were started."""

import multiprocessing.process
import os
import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import pytest

PROCESSES = 160
"""How many processes the whole suite may start; most of them import torch."""


@dataclass(frozen=True)
class Work:
    """Processor time, of this process and of those it started that have ended, and how many it started."""

    seconds: float
    processes: int

    def __sub__(self, other: "Work") -> "Work":
        return Work(self.seconds - other.seconds, self.processes - other.processes)

    def within(self, most: "Work") -> bool:
        """Say whether neither is more."""
        return self.seconds <= most.seconds and self.processes <= most.processes


MOST = Work(seconds=3, processes=2)
"""What a test may cost on a quiet machine that is not marked as heavy."""
_YARDSTICK = 0.015  # seconds of processor time on a quiet machine

_started = 0
_elsewhere = pytest.StashKey[int]()


def so_far() -> Work:
    """Return what this process has cost since it began."""
    times = os.times()
    return Work(times.user + times.system + times.children_user + times.children_system, _started)


def pytest_configure(config: pytest.Config) -> None:
    """Count every process that is started from here on."""
    config.stash[_elsewhere] = 0
    _count(subprocess.Popen, "__init__")
    _count(multiprocessing.process.BaseProcess, "start")


def _count(kind: type, name: str) -> None:
    original: Callable[..., Any] = getattr(kind, name)

    def starting(*arguments: Any, **options: Any) -> Any:
        global _started
        _started += 1
        return original(*arguments, **options)

    setattr(kind, name, starting)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that costs more than one may, unless its mark says why it must."""
    before = so_far()
    result = yield
    work = so_far() - before
    if work.seconds > MOST.seconds:
        work = replace(work, seconds=work.seconds / _slowness())
    if not work.within(MOST) and not item.get_closest_marker("heavy"):
        pytest.fail(
            f"the test took {work.seconds:.1f} s of processor time and started {work.processes} processes: "
            "let it share what is expensive, or mark it as heavy and say why"
        )
    return result


def _slowness() -> float:
    """Return how many times longer work takes now than on a quiet machine; at least once."""
    begun = time.process_time()
    sum(number * number for number in range(500_000))
    return max(1.0, (time.process_time() - begun) / _YARDSTICK)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which all tests together started more processes than they may."""
    config = session.config
    if output := getattr(config, "workeroutput", None):
        output["processes"] = _started
    elif _processes(config) > PROCESSES:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add up what the processes that tests ran in have started."""
    node.config.stash[_elsewhere] += getattr(node, "workeroutput", {}).get("processes", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many processes were started."""
    terminalreporter.write_line(f"the tests started {_processes(config)} processes; {PROCESSES} are allowed")


def _processes(config: pytest.Config) -> int:
    """Return how many were started by tests, here or in the processes that they ran in."""
    return config.stash[_elsewhere] or _started
