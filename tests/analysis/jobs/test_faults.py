"""One run in which everything that can befall a trial does: each says so, and the others go on."""

import importlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile, make_archive
from types import ModuleType

import pytest
from PIL import Image

from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.worker import Worker
from graftwork.analysis.methods import METHODS as SHELF
from graftwork.analysis.workspace import TrialRecord, Workspace

if sys.platform != "linux":
    pytest.skip("other systems do not enforce the limits", allow_module_level=True)

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
METHODS = '''
"""Methods that misbehave on purpose."""

import os
import pathlib
import resource
import shutil
import signal
import time

import numpy
import torch

from graftwork.analysis.methods import METHODS, Derivative
from graftwork.analysis.models import TensorSpec
from graftwork.analysis.registry import Parameters, parameter

LARGEST_FILE = 64 << 20


class Misbehaviour(Parameters):
    how: str = parameter("", "Which way.")
    path: str = parameter("", "A file to remove.")


@METHODS.register("test.misbehave", title="Misbehave", citation="None")
def misbehave(parents, parameters: Misbehaviour, context):
    """Do one thing that no method should."""
    parent = parents[0]
    return WAYS[parameters.how](parent, parameters) or Derivative(parent.specs, parent.tensor)


def fault(parent, parameters):
    raise ValueError("the moon is full")


def unsendable(parent, parameters):
    return Derivative(parent.specs, parent.tensor, {"fact": lambda: None})


def leave(parent, parameters):
    os._exit(3)


def killed(parent, parameters):
    os.kill(os.getpid(), signal.SIGKILL)


def talk(parent, parameters):
    for _ in range(64):
        print("word " * 20_000)


def hang(parent, parameters):
    time.sleep(600)


def greedy(parent, parameters):
    return Derivative(parent.specs, lambda name: torch.zeros(1 << 40))


def long(parent, parameters):
    size = 2 * LARGEST_FILE
    return Derivative({"x": TensorSpec((size,), torch.uint8)}, lambda name: torch.zeros(size, dtype=torch.uint8))


def nan(parent, parameters):
    def tensor(name):
        own = parent.tensor(name)
        return torch.full_like(own, float("nan")) if own.is_floating_point() else own

    return Derivative(parent.specs, tensor)


def remove(parent, parameters):
    os.remove(parameters.path)


WAYS = {way.__name__: way for way in (fault, unsendable, leave, killed, talk, hang, greedy, long, nan, remove)}


class Look(Parameters):
    data: str = parameter(..., "What to look at.", role="data")
    attempt: int = parameter(1, "Which time.")


@METHODS.register("test.look", title="Look", citation="None")
def look(parents, parameters: Look, context):
    """Read some data."""
    context.data["data"].take(numpy.arange(2))
    return Derivative(parents[0].specs, parents[0].tensor)


class Spoiling(Parameters):
    folder: str = parameter("", "Where data sets lie.")


@METHODS.register("test.spoil", title="Spoil", citation="None")
def spoil(parents, parameters: Spoiling, context):
    """Remove data sets, and change one."""
    folder = pathlib.Path(parameters.folder)
    shutil.rmtree(folder / "removed")
    (folder / "removed.zip").unlink()
    (folder / "changed.zip").write_bytes((folder / "other.zip").read_bytes())
    next(folder.glob("changed/*/*")).unlink()
    return Derivative(parents[0].specs, parents[0].tensor)


def enter(connection, threads, memory):
    from graftwork.analysis.worker import serve

    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    serve.serve(connection, threads, memory)
'''
RECIPE = """
[[model]]
name = "net"
path = "{demo}/digits-resnet8.safetensors"
[[model]]
name = "doomed"
path = "{folder}/doomed.safetensors"
[[data]]
name = "digits"
path = "digits"
split = "test"
limit = 20
{pictures}
[[step]]
method = "prune.magnitude"
of = ["net"]
amount = [0.1]
name = "first"
[[step]]
method = "test.misbehave"
of = ["net"]
how = ["fault", "unsendable", "leave", "killed", "talk", "hang", "greedy", "long", "nan", "remove"]
path = "{folder}/doomed.safetensors"
[[step]]
method = "prune.magnitude"
of = ["doomed"]
amount = [0.5]
name = "late"
[[step]]
method = "test.look"
of = ["net"]
data = ["removed", "removed.zip", "changed", "changed.zip", "kept"]
name = "before"
[[step]]
method = "test.spoil"
of = ["net"]
folder = "{folder}"
name = "spoil"
[[step]]
method = "test.look"
of = ["net"]
data = ["removed", "removed.zip", "changed", "changed.zip", "kept"]
attempt = 2
name = "after"
[[step]]
method = "prune.magnitude"
of = ["net"]
amount = [0.9]
name = "last"
[measure]
data = "digits"
what = ["accuracy", "loss"]
"""
PICTURES = """
[[data]]
name = "{name}"
path = "{folder}/{name}"
normalise = "none"
"""
SAID = {
    "fault": ("ValueError: the moon is full.", "its log has the details"),
    "unsendable": ("function is not JSON serializable.", "its log has the details"),
    "leave": ("the worker process ended by itself with code 3.", "Run it again"),
    "killed": ("was killed (SIGKILL), most often by the system when memory runs out.", "give it less at once"),
    "greedy": ("There is not enough memory for it.", "Take fewer samples"),
    "long": ("cannot be written: File too large.", "free some space"),
}
GONE = ("{path}, is no longer there.", "Put it back, or mend its path in the recipe.")
CHANGED = ("{path}, has changed since the run was planned.", "Run the recipe again.")
SPOILT = {"removed": GONE, "removed.zip": GONE, "changed": CHANGED, "changed.zip": CHANGED}
BUDGET = 8 << 30


@pytest.fixture(scope="module")
def mischief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("mischief")
    (folder / "graftwork_mischief.py").write_text(METHODS)
    distribution = folder / "mischief-1.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: mischief\nVersion: 1\n")
    (distribution / "entry_points.txt").write_text("[graftwork.methods]\nmischief = graftwork_mischief\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SHELF, "_items", dict(SHELF.load()))  # it is on no other test's shelf
        patch.syspath_prepend(str(folder))
        yield importlib.import_module("graftwork_mischief")
        sys.modules.pop("graftwork_mischief")


def write_pictures(folder: Path) -> None:
    """Write the data sets of the recipe: two classes of two pictures each, as folders and as zips."""
    for shade, name in enumerate(("kept", "removed", "changed", "other")):
        for number in range(4):
            picture = folder / name / "ab"[number % 2] / f"{number}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), 50 * number + shade).save(picture)
        make_archive(str(folder / name), "zip", folder / name)


@pytest.fixture(scope="module")
def home(mischief: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the workspace after the run."""
    folder = tmp_path_factory.mktemp("faults")
    copyfile(DEMO / "digits-resnet14.safetensors", folder / "doomed.safetensors")
    write_pictures(folder)
    worker = Worker("test", threads=1, memory=BUDGET, entry=mischief.enter)
    with Workspace.create(folder / "w.graft") as space:
        engine = Engine(space, worker)
        pictures = "".join(PICTURES.format(name=name, folder=folder) for name in (*SPOILT, "kept"))
        engine.submit(RECIPE.format(demo=DEMO, folder=folder, pictures=pictures), folder)
        while not engine.wait(0.05):
            for job in engine.jobs:
                hangs = "hang" in job.title and job.started and time.monotonic() - job.started > 1
                if hangs and not job.cancelling:
                    engine.skip(job.payload["trial"].identity)
        engine.close()
    worker.close()
    return folder / "w.graft"


@pytest.fixture
def records(home: Path) -> dict[str, TrialRecord]:
    """Return what became of each trial, by the way in which it misbehaved, or else by its name."""
    with Workspace.open(home, read_only=True) as space:
        return {str(t.spec.model.model_dump().get("parameters", {}).get("how", t.model)): t for t in space.trials()}


@pytest.mark.parametrize("way", SAID)
def test_what_fails_says_so_and_what_to_do(way: str, records: dict[str, TrialRecord]) -> None:
    problem, next_step = SAID[way]
    assert records[way].state == "failed"
    assert problem in records[way].problem
    assert next_step in records[way].next_step


def test_the_others_go_on(records: dict[str, TrialRecord]) -> None:
    done = {name for name, record in records.items() if record.state == "done"}
    before = {f"net/before-{name}" for name in (*SPOILT, "kept")}
    others = {"net", "doomed", "net/first-0.1", "talk", "nan", "remove", "net/spoil", "net/after-kept", "net/last-0.9"}
    assert done == before | others


def test_what_hangs_is_stopped(records: dict[str, TrialRecord]) -> None:
    assert records["hang"].state == "cancelled"


def test_a_removed_input_fails_what_needs_it_later(records: dict[str, TrialRecord]) -> None:
    late = records["doomed/late-0.5"]
    assert late.state == "failed"
    assert "is no longer there" in late.problem
    assert late.next_step.startswith("Put it back")


@pytest.mark.parametrize("name", SPOILT)
def test_a_data_set_that_is_removed_or_changed_fails_what_needs_it_later(
    name: str, home: Path, records: dict[str, TrialRecord]
) -> None:
    problem, next_step = SPOILT[name]
    record = records[f"net/after-{name}"]
    assert record.state == "failed"
    assert record.problem == f"The data set '{name}', " + problem.format(path=home.parent / name)
    assert record.next_step == next_step


def test_the_workspace_is_sound_and_nothing_temporary_stays(home: Path) -> None:
    with Workspace.open(home) as space:
        assert space.check() == []
    assert not [path for path in home.rglob("*") if ".partial" in path.name]
