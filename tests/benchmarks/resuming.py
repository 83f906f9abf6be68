"""`kill -9` of any process of a run at random moments: the workspace stays sound, and the table ends the same.

``python tests/benchmarks/resuming.py [RECIPE] [--kills 50] [--seed 0] [--workers 2]``: without a recipe, small networks
on the bundled digits. A run whose program was killed is started again at once, beside workers that outlived it; one
that ends is compared with the undisturbed one, and the next begins in a new workspace.
"""

import argparse
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

from digits import recipe

from graftwork.analysis.workspace import Workspace

STEPS = """
[[step]]
name = "cut"
method = "prune.magnitude"
of = ["net"]
amount = [0.2, 0.4, 0.6]
[[step]]
name = "again"
method = "prune.random"
of = ["cut"]
amount = [0.1]
[[step]]
name = "joined"
method = "merge.linear"
of = [["cut", "again"]]
"""
MEASURES = ("accuracy", "loss", "cost.nominal")
_PATIENCE = 60.0  # seconds
TIMED = "cost.measured."  # differs from run to run by its nature


def main() -> None:
    """Run the recipe undisturbed, then disturbed, and compare."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = options.recipe or folder / "recipe.toml"
        if options.recipe is None:
            path.write_text(recipe(STEPS, MEASURES, limit=60), encoding="utf-8")
        disturbed = Disturbed(path, folder, options.workers, random.Random(options.seed))
        for _ in range(options.kills):
            disturbed.strike()
        disturbed.finish()
        print(f"{options.kills} kills: every check clean, and {disturbed.tables} equal tables, timings left out")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", type=Path, nargs="?")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


class Disturbed:
    """Runs of one recipe, in a new workspace whenever one is done, whose processes are killed."""

    def __init__(self, recipe: Path, folder: Path, workers: int, draws: random.Random) -> None:
        self.tables = 0
        self._folder, self._draws = folder, draws
        self._options: tuple[object, ...] = ("run", recipe, "--workers", workers, "-w")
        start = time.perf_counter()
        subprocess.run(_command(*self._options, folder / "whole.graft"), check=True, stdout=DEVNULL, stderr=DEVNULL)
        self._length = time.perf_counter() - start
        self._expected = _table(folder / "whole.graft")
        self._process: subprocess.Popen[bytes] | None = None
        print(f"undisturbed: {self._length:.1f} s, {len(self._expected)} values")

    def strike(self) -> None:
        """Kill a process of the run at a moment drawn from the time that it takes undisturbed; check the workspace."""
        moment = self._draws.uniform(0, self._length)
        self._go_on(time.monotonic() + moment)
        program = self._begun()
        victim = self._draws.choice([program.pid, *_children(program.pid)])
        os.kill(victim, signal.SIGKILL)
        if victim == program.pid:
            program.wait()
        what = "program" if victim == program.pid else "child process"
        print(f"after {moment:.1f} s the {what} is killed; {self._checked()}", flush=True)

    def finish(self) -> None:
        """Let the last run come to its end."""
        self._running()
        tables = self.tables
        while self.tables == tables:
            self._go_on(time.monotonic() + 1)

    def _go_on(self, deadline: float) -> None:
        """Let it run until then, starting it again whenever it ends."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                self._running().wait(left)
            except subprocess.TimeoutExpired:
                return
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = _command(*self._options, self._workspace)
            self._process = subprocess.Popen(command, stdout=DEVNULL, stderr=DEVNULL)
        return self._process

    def _begun(self) -> subprocess.Popen[bytes]:
        """Return the program once it has its workspace, which on a busy machine may take it a while."""
        deadline = time.monotonic() + _PATIENCE
        while not (self._workspace / "workspace.db").exists() and time.monotonic() < deadline:
            self._go_on(time.monotonic() + 0.05)
        return self._running()

    def _end(self) -> None:
        if self._process and self._process.returncode == 0:  # not so where a killed worker failed a trial
            assert _table(self._workspace) == self._expected, "the tables differ"
            self.tables += 1

    def _checked(self) -> str:
        if not (self._workspace / "workspace.db").exists():
            return "there is no workspace yet"
        check = subprocess.run(_command("workspace", "check", self._workspace), capture_output=True, check=False)
        assert check.returncode == 0, check
        with Workspace.open(self._workspace, read_only=True) as space:
            return f"check clean, trials {space.tally()}"

    @property
    def _workspace(self) -> Path:
        return self._folder / f"killed {self.tables}.graft"


def _children(process: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, check=False)
    return [int(line) for line in found.stdout.split()]


def _table(workspace: Path) -> set[str]:
    lines = subprocess.check_output(_command("measures", "-w", workspace, "--json"), text=True).splitlines()
    return {line for line in lines if not json.loads(line)["measure"].startswith(TIMED)}


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "graftwork", *map(str, arguments)]


if __name__ == "__main__":
    main()
