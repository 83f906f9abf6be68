"""Writes a workspace in a child process that ends before its n-th call into system, database or HDF5, for every n.

``python cutting.py FOLDER STRIDE``. After each cut the workspace is opened, checked and brought to its end; printed
are, as JSON, how many calls there were and every case that did not end as the undisturbed one.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from graftwork.analysis.workspace import Workspace

_SPEC = importlib.util.spec_from_file_location("helpers", Path(__file__).with_name("conftest.py"))
assert _SPEC
assert _SPEC.loader
helpers = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(helpers)

OUTSIDE = {"posix", "_io", "sqlite3", "_sqlite3", "fcntl"}
CUT, WHOLE = 9, 0
PLAN = helpers.Plan(title="tiny", trials=helpers.PLAN.trials[1:3])


def main() -> None:
    """Cut everywhere, and say what was found."""
    folder, stride = Path(sys.argv[1]), int(sys.argv[2])
    write(folder / "whole.graft")
    expected = table(folder / "whole.graft")
    wrong, moment = {}, 0
    while cut_at(moment, partial(write, folder / f"{moment}.graft")) == CUT:
        if found := problems(folder / f"{moment}.graft", expected):
            wrong[moment] = found
        moment += stride
    print(json.dumps({"moments": moment, "wrong": wrong}))


def write(home: Path) -> None:
    """Make a workspace and do all that its plan has left."""
    with Workspace.open_or_create(home) as space:
        space.add_plan(PLAN, "title = 'tiny'")
        for left in space.trials("pending"):
            helpers.run(space, left.spec)


def table(home: Path) -> list[Any]:
    """Return all that is recorded and does not tell the time."""
    with Workspace.open(home, read_only=True) as space:
        values = [value.model_dump(mode="json") for value in space.values()]
        return [values, sorted(column.path.name for column in space.columns()), sorted(_files(home))]


def problems(home: Path, expected: list[Any]) -> list[str]:
    """Return what is wrong with a workspace that was cut off, as it is and once it was brought to its end."""
    found = []
    if (home / "workspace.db").exists():
        with Workspace.open(home, read_only=True) as space:
            found += space.check()
    write(home)
    with Workspace.open(home) as space:
        found += space.check()
    return found if table(home) == expected else [*found, "the table differs"]


def cut_at(moment: int, work: Callable[[], None]) -> int:
    """Do the work in a child process that ends at its ``moment``-th call; return how the child ended."""
    child = os.fork()
    if not child:
        sys.setprofile(_ender(moment))
        work()
        os._exit(WHOLE)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _ender(moment: int) -> Callable[[FrameType, str, Any], None]:
    left = moment

    def watch(_: FrameType, event: str, called: Any) -> None:
        nonlocal left
        if event == "c_call" and _is_outside(called):
            if not left:
                os._exit(CUT)
            left -= 1

    return watch


def _is_outside(called: Any) -> bool:
    owner = getattr(called, "__self__", None)
    home = getattr(owner, "__name__", None) or type(owner).__module__
    return home.partition(".")[0] in OUTSIDE or type(owner).__module__.partition(".")[0] in OUTSIDE


def _files(home: Path) -> Iterator[str]:
    return (str(path.relative_to(home)) for path in home.rglob("*") if path.parent != home)


if __name__ == "__main__":
    main()
