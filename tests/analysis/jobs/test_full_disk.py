"""A disk that is full, then less so, or that nobody may write to: what is told, and that nothing is lost."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.workspace import Workspace

from .full_disk import RECIPE

OWN_DISK = "mount -t tmpfs -o {options} none {folder} && {then}"


def on_a_disk_of_its_own(folder: Path, options: str, *command: object) -> subprocess.CompletedProcess[str]:
    """Run a command with a file system in memory at ``folder``, which nobody else sees."""
    script = OWN_DISK.format(options=options, folder=folder, then=" ".join(map(str, command)))
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder over which a file system can be mounted."""
    folder = tmp_path_factory.mktemp("disk")
    if not shutil.which("unshare") or on_a_disk_of_its_own(folder, "size=1M", "true").returncode:
        pytest.skip("this system lets no user mount a file system")
    return folder


@pytest.fixture(scope="module")
def told(disk: Path) -> list[dict[str, Any]]:
    """Return what was told with no room, little, some, and enough."""
    script = Path(__file__).with_name("full_disk.py")
    done = on_a_disk_of_its_own(disk, "size=100M", sys.executable, script, disk)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_full_disk_is_told(told: list[dict[str, Any]]) -> None:
    none, little, some, _ = told
    assert none["refused"][0].startswith("The run would leave at least 0.")
    for one in (none, little, some):
        for sentence in one["refused"] + one["failed"]:
            assert "space" in sentence or "room" in sentence or "parent" in sentence, sentence
    assert all("make room" in sentence or "parent" in sentence for sentence in some["failed"])


def test_nothing_is_damaged_and_with_room_all_is_done(told: list[dict[str, Any]]) -> None:
    assert [one["damage"] for one in told] == [[], [], [], []]
    assert told[-1]["trials"] == {"done": 4}
    assert [one["trials"].get("done", 0) for one in told[:3]] == [0, 0, 0]


@pytest.mark.heavy("a process of its own, which sees another file system")
def test_a_folder_that_cannot_be_written_fails_what_needs_it(disk: Path, tmp_path: Path) -> None:
    home = tmp_path / "w.graft"
    with Workspace.create(home):
        pass
    (tmp_path / "recipe.toml").write_text(RECIPE)
    run = (sys.executable, "-m", "graftwork", "run", tmp_path / "recipe.toml", "-w", home)
    done = on_a_disk_of_its_own(home / "checkpoints", "ro", *run)
    assert done.returncode == 1
    assert "cannot be written: Read-only file system." in " ".join(done.stderr.split())
    with Workspace.open(home) as space:
        assert space.tally() == {"done": 1, "failed": 3}
        assert space.check() == []


FILL = """
import sys
from pathlib import Path
import numpy as np
from graftwork.analysis.features.store import read_column, write_columns
folder, size = Path(sys.argv[1]), 130_000
while size > 100_000:
    size -= 500
    path = folder / f"{size}.h5"
    try:
        write_columns(path, {"a": np.ones(size), "b": np.ones(2000)})
    except OSError:
        assert not list(folder.iterdir())
    else:
        assert read_column(path, "a").sum() == size and read_column(path, "b").sum() == 2000
        path.unlink()
print("whole or not at all")
"""


@pytest.mark.heavy("a process of its own, which sees another file system")
def test_columns_are_whole_or_not_there_however_little_room_is_missing(disk: Path, tmp_path: Path) -> None:
    (tmp_path / "fill.py").write_text(FILL)
    done = on_a_disk_of_its_own(disk, "size=1M", sys.executable, tmp_path / "fill.py", disk)
    assert done.stdout == "whole or not at all\n", done.stderr
