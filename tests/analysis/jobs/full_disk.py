"""Runs a recipe in a workspace on a small disk, with less and more room on it, and prints what was told each time.

``python full_disk.py FOLDER``: the folder is a file system of its own, with 100 MB.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.worker import Worker
from graftwork.analysis.workspace import Workspace

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
RECIPE = f"""
[[model]]
name = "net"
path = "{DEMO}/digits-resnet8.safetensors"
[[data]]
name = "digits"
path = "digits"
split = "test"
limit = 20
[[step]]
method = "prune.magnitude"
of = ["net"]
amount = [0.1, 0.2, 0.3]
[measure]
data = "digits"
what = ["accuracy"]
"""
ROOM = (0, 150_000, 20_000_000, None)
"""Bytes that are left free in turn; None for all."""


def main() -> None:
    """Run the recipe once for each amount of room."""
    folder = Path(sys.argv[1])
    worker = Worker(threads=1)
    worker.submit("catalogue").result()
    with Workspace.create(folder / "w.graft") as space:
        told = [_run(space, worker, folder / "ballast", room) for room in ROOM]
    worker.close()
    print(json.dumps(told))


def _run(space: Workspace, worker: Worker, ballast: Path, room: int | None) -> dict[str, Any]:
    ballast.unlink(missing_ok=True)
    if room is not None:
        with ballast.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, _free(ballast) - room)
    engine = Engine(space, worker)
    refused: list[UserError] = []
    engine.refused.connect(refused.append)
    engine.submit(RECIPE, ballast.parent)
    assert engine.wait(100)
    engine.close()
    return {
        "refused": [str(error) for error in refused],
        "failed": [str(UserError(trial.problem, trial.next_step)) for trial in space.trials("failed")],
        "trials": space.tally(),
        "damage": space.check(),
    }


def _free(path: Path) -> int:
    state = os.statvfs(path.parent)
    return state.f_bavail * state.f_frsize


if __name__ == "__main__":
    main()
