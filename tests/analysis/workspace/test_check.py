"""Damage is found, leftovers are swept, and a kill at any moment does no harm."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from graftwork.analysis.locking import alone
from graftwork.analysis.trials import Trial
from graftwork.analysis.workspace import Workspace

from .conftest import DATA, PLAN, run, write_array

WRITER = """
import sys
from pathlib import Path
import importlib.util
spec = importlib.util.spec_from_file_location("helpers", sys.argv[2])
helpers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(helpers)
from graftwork.analysis.workspace import Workspace
print("ready", flush=True)
with Workspace.open_or_create(Path(sys.argv[1])) as workspace:
    for number in range(10_000):
        model = helpers.source("m", f"{number} {workspace.info()['rows']['models']}")
        child = helpers.derived("c", model.identity)
        plan = helpers.Plan(title="t", trials=(helpers.trial(model), helpers.trial(child, model)))
        workspace.add_plan(plan, "")
        for trial in workspace.trials("pending"):
            helpers.run(workspace, trial.spec)
"""


def first(folder: Path) -> Path:
    return min(path for path in folder.iterdir())


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def header_only(path: Path) -> None:
    path.write_bytes((9).to_bytes(8, "little") + b"no json !")


@pytest.mark.parametrize(
    ("folder", "damage", "word"),
    [
        ("arrays", Path.unlink, "is missing"),
        ("arrays", cut, "does not open"),
        ("arrays", lambda path: path.write_bytes(b"not HDF5"), "does not open"),
        ("checkpoints", Path.unlink, "is missing"),
        ("checkpoints", cut, "bytes instead of"),
        ("checkpoints", header_only, "header cannot be read"),
        ("checkpoints", lambda path: path.write_bytes(bytes(7) + b"\x7f"), "header is cut off"),
        ("arrays", lambda path: path.with_name("stray.h5").touch(), "belongs to no trial"),
    ],
)
def test_damage_is_found(finished: Workspace, folder: str, damage: Callable[[Path], object], word: str) -> None:
    assert finished.check() == []
    damage(first(finished.path / folder))
    (problem,) = finished.check()
    assert word in problem
    assert folder in problem


def test_a_broken_reference_is_found(finished: Workspace) -> None:
    with finished._database.write() as db:
        pass
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("DELETE FROM datasets")
    assert "refers to a missing row of datasets" in finished.check()[0]


def test_a_file_without_a_record_is_left_to_the_trial_that_may_adopt_it(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    write_array(workspace.arrays, "early.h5")
    assert workspace.check() == []


def test_a_projection_belongs_to_no_trial_and_is_no_damage(finished: Workspace) -> None:
    write_array(finished.arrays, finished.projection("seen").name)
    assert finished.check() == []
    assert finished.sweep() == []


def test_sweeping_leaves_what_is_resumed(finished: Workspace) -> None:
    keep = [finished.arrays / name for name in ("f.h5.partial", "f.h5.partial.json")]
    stale = [finished.arrays / "g.h5.9.partial", finished.checkpoints / "h.9.partial", finished.path / "i.partial"]
    for path in (*keep, *stale):
        path.touch()
    assert finished.check() == []
    assert set(finished.sweep()) == set(stale)
    assert all(path.exists() for path in keep)
    assert not any(path.exists() for path in stale)
    assert finished.check() == []


def write_draft(workspace: Workspace, trial: Trial) -> Path:
    """Leave what a training that was interrupted leaves."""
    draft = workspace.checkpoints / trial.model.identity / "training.draft"
    draft.parent.mkdir()
    draft.touch()
    return draft


def test_a_draft_stays_until_its_trial_is_done_or_cancelled_for_good(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    sparse, merged = PLAN.trials[2:]
    drafts = [write_draft(workspace, trial) for trial in (sparse, merged)]
    workspace.fail(sparse.identity, "No memory.", "Get some.")
    assert workspace.check() == []
    assert workspace.sweep() == []
    workspace.cancel(merged.identity)
    (said,) = workspace.check()
    assert said.startswith(f"The draft checkpoints/{merged.model.identity}/training.draft is of a training that")
    assert workspace.sweep() == [drafts[1]]
    assert [draft.parent.exists() for draft in drafts] == [True, False]
    workspace.retry(sparse.identity)
    for trial in PLAN.trials[:3]:
        run(workspace, trial)
    (drafts[0].parent / "kept").touch()
    assert workspace.sweep_drafts() == [drafts[0]]
    assert [path.name for path in drafts[0].parent.iterdir()] == ["kept"]


def test_what_a_worker_that_outlived_its_program_still_writes_is_left_to_it(finished: Workspace) -> None:
    path = finished.arrays / "f.h5"
    growing = path.with_name("f.h5.partial")
    with alone(path, lambda: None):
        growing.touch()
        assert finished.sweep() == []
    assert finished.sweep() == [growing]


def test_a_sidecar_without_its_rows_is_swept_up(finished: Workspace) -> None:
    left = {finished.arrays / name for name in ("f.h5.partial.json", "g.h5.partial.json.partial")}
    for path in left:
        path.touch()
    assert set(finished.sweep()) == left


def test_opening_for_writing_sweeps_up(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w.graft") as space:
        (space.checkpoints / "c.safetensors.9.partial").touch()
    with Workspace.open(tmp_path / "w.graft") as space:
        assert not list(space.checkpoints.iterdir())


def begin_writer(home: Path) -> subprocess.Popen[bytes]:
    helpers = Path(__file__).with_name("conftest.py")
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(home), str(helpers)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def assert_whole(workspace: Workspace) -> None:
    """Every trial that is done has all that it gave."""
    assert workspace.check() == []
    done = workspace.trials("done")
    assert len(workspace.values()) == 2 * len(done)
    assert {(c.model, c.data) for c in workspace.columns()} == {(t.spec.model.identity, DATA.identity) for t in done}
    made = {model.identity for model in workspace.models() if model.path is not None}
    assert all(trial.spec.model.identity in made for trial in done)


@pytest.mark.heavy("one process for each moment")
def test_a_kill_at_any_moment_leaves_a_clean_workspace(tmp_path: Path) -> None:
    home = tmp_path / "w.graft"
    moments = random.Random(5)
    for delay in (0.0, 0.002, 0.01, *(moments.uniform(0.01, 0.25) for _ in range(7))):
        with begin_writer(home) as writer:
            time.sleep(delay)
            writer.kill()
        with Workspace.open_or_create(home) as workspace:
            assert_whole(workspace)
            assert workspace.trials("running") == []
            workspace.sweep()
            assert not list(home.rglob("*.partial"))
    with Workspace.open(home) as workspace:
        for left in workspace.trials("pending"):
            run(workspace, left.spec)
        assert workspace.trials("done")
        assert_whole(workspace)
