"""A disk that is full, of which some is free, and at last all: what is told, and that nothing is lost."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OWN_DISK = "mount -t tmpfs -o size={size} none {folder} && {then}"


def on_a_disk_of_its_own(folder: Path, size: str, *command: object) -> subprocess.CompletedProcess[str]:
    """Run a command with a file system of that size at ``folder``, which nobody else sees."""
    script = OWN_DISK.format(size=size, folder=folder, then=" ".join(map(str, command)))
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what was told with no room, little, some, and enough."""
    folder = tmp_path_factory.mktemp("disk")
    if not shutil.which("unshare") or on_a_disk_of_its_own(folder, "1M", "true").returncode:
        pytest.skip("this system lets no user mount a file system")
    script = Path(__file__).with_name("full_disk.py")
    done = on_a_disk_of_its_own(folder, "100M", sys.executable, script, folder)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_full_disk_is_told(told: list[dict[str, Any]]) -> None:
    none, little, some, _ = told
    assert "Check its permissions and the free disk space." in none["refused"][0]
    for one in (none, little, some):
        for sentence in one["refused"] + one["failed"]:
            assert "space" in sentence or "room" in sentence or "parent" in sentence, sentence
    assert all("make room" in sentence or "parent" in sentence for sentence in some["failed"])


def test_nothing_is_damaged_and_with_room_all_is_done(told: list[dict[str, Any]]) -> None:
    assert [one["damage"] for one in told] == [[], [], [], []]
    assert told[-1]["trials"] == {"done": 4}
    assert [one["trials"].get("done", 0) for one in told[:3]] == [0, 0, 0]
