"""A test that costs too much is named, and so is a run that starts too many processes."""

import shutil
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
pytest_plugins = ["pytester"]

COSTLY = """
import subprocess, sys, time, pytest

def _start(times):
    for _ in range(times):
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)

def test_two_are_allowed():
    _start(2)

def test_three_are_not():
    _start(3)

@pytest.mark.heavy("it is about what many processes do to one another")
def test_unless_it_says_why():
    _start(3)

def test_nor_is_long_work(monkeypatch):
    monkeypatch.setattr("tests.work.MOST", type(__import__("tests.work").work.MOST)(0.02, 2))
    until = time.process_time() + 0.5
    while time.process_time() < until:
        pass
"""


@pytest.fixture
def house(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a house with the look at work alone."""
    home = pytester.mkpydir("tests")
    shutil.copy(TESTS / "work.py", home)
    pytester.makeconftest('pytest_plugins = ["tests.work"]')
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\nmarkers = ["heavy(why): costs more"]')
    pytester.makepyfile(COSTLY)
    return pytester


def test_a_costly_test_is_named(house: pytest.Pytester) -> None:
    result = house.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*test_three_are_not*", "*started 3 processes*", "*the tests started 8 processes;*"])


@pytest.mark.heavy("a run of its own")
@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_run_that_starts_too_many_processes_fails(house: pytest.Pytester, workers: str) -> None:
    plugin = house.path / "tests" / "work.py"
    plugin.write_text(plugin.read_text("utf-8").replace("PROCESSES = 160", "PROCESSES = 1"), "utf-8")
    arguments = ("-p", "no:cacheprovider", "-n", workers, "-k", "two_are_allowed")
    result = house.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*the tests started [23] processes; 1 are allowed*"])
