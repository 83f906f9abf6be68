"""A recipe run to its end, and again with `kill -9` of the worker and of the whole program: both give one table."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from subprocess import DEVNULL

KILLS = ("program", "worker", "program", "worker", "program")
TIMED = "cost.measured."  # differs from run to run by its nature


def main() -> None:
    """Run the recipe named on the command line, undisturbed and disturbed, and compare."""
    recipe, draws = Path(sys.argv[1]), random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = Path(folder) / "whole.graft", Path(folder) / "killed.graft"
        start = time.perf_counter()
        _finish(recipe, whole)
        length = time.perf_counter() - start
        print(f"undisturbed: {length:.0f} s, {len(_table(whole))} values")
        for what in KILLS:
            _disturb(recipe, killed, what, draws.uniform(0.2, 0.4) * length)
        _finish(recipe, killed)
        assert _table(killed) == _table(whole), "the tables differ"
        print(f"after {len(KILLS)} kills: the same {len(_table(killed))} values, timings left out")


def _disturb(recipe: Path, workspace: Path, what: str, after: float) -> None:
    process = subprocess.Popen(
        _command("run", recipe, "-w", workspace), start_new_session=True, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        if what == "program":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            for child in _workers(process.pid):
                os.kill(child, signal.SIGKILL)
    code = process.wait()
    check = subprocess.run(_command("workspace", "check", workspace), capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout
    info = json.loads(subprocess.check_output(_command("workspace", "info", workspace, "--json")))
    print(f"killed the {what} after {after:.0f} s: exit code {code}, check clean, trials {info['trials']}")


def _workers(program: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(program), "-f", "spawn_main"], capture_output=True, check=False)
    return [int(line) for line in found.stdout.split()]


def _finish(recipe: Path, workspace: Path) -> None:
    subprocess.run(_command("run", recipe, "-w", workspace), check=True, stdout=DEVNULL, stderr=DEVNULL)


def _table(workspace: Path) -> set[str]:
    lines = subprocess.check_output(_command("measures", "-w", workspace, "--json"), text=True).splitlines()
    return {line for line in lines if not json.loads(line)["measure"].startswith(TIMED)}


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "graftwork.app.main", *map(str, arguments)]


if __name__ == "__main__":
    main()
