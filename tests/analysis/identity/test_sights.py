"""What belongs to an input, and what shows that it changed."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from graftwork.analysis.identity import Sight, digest, fingerprint, look
from graftwork.analysis.identity.hashing import file_hash
from graftwork.analysis.identity.sights import Stamp

from .conftest import rewrite

SECOND = 10**9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two classes, one of them linked to, with a hidden file and a link that goes in a circle."""
    home = tmp_path / "set"
    (home / "cat").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.png").write_bytes(b"a dog")
    (home / "dog").symlink_to(tmp_path / "elsewhere")
    (home / "cat" / "a.png").write_bytes(b"a cat")
    (home / ".hidden").write_bytes(b"nothing")
    (home / "cat" / "all").symlink_to(home)
    return home


def test_a_folder_is_its_files_those_in_linked_folders_too(folder: Path) -> None:
    assert list(look(folder).stamps) == ["cat/a.png", "dog/b.png"]
    files = ("cat/a.png", "dog/b.png")
    assert fingerprint(folder) == digest([[name, file_hash(folder / name)] for name in files])


def test_an_index_is_with_the_files_that_it_names(tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "2.safetensors", "b": "1.safetensors", "c": "none"}}))
    for name in ("1.safetensors", "2.safetensors", "3.safetensors"):
        (tmp_path / name).write_text(name)
    assert list(look(index).stamps) == [index.name, "1.safetensors", "2.safetensors"]
    index.write_text("[]")
    assert look(index).is_file
    assert fingerprint(index) == file_hash(index)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"longer than it was"),
        lambda path: rewrite(path, b"A cat"),  # as long, and its time is put back
        lambda path: (path.with_name("new").write_bytes(b"a cat"), path.with_name("new").replace(path)),
        lambda path: os.utime(path, ns=(0, 0)),
        lambda path: path.rename(path.with_name("z.png")),
        lambda path: path.with_name("more").write_bytes(b""),
        lambda path: path.unlink(),
    ],
)
def test_every_change_shows(folder: Path, change: Callable[[Path], object]) -> None:
    before = look(folder)
    assert look(folder).key == before.key
    change(folder / "cat" / "a.png")
    assert look(folder).key != before.key


@pytest.mark.parametrize(
    ("written", "changed", "settled"),
    [(0, 0, True), (97, 0, True), (99, 0, False), (0, 99, False), (500, 0, True), (0, 500, False)],
)
def test_a_change_a_moment_ago_is_not_settled(written: int, changed: int, settled: bool) -> None:
    """Times in seconds, seen at 100; a time of writing may be set to anything, one of change is the clock's."""
    stamp = Stamp(1, written * SECOND, changed * SECOND, 1)
    assert Sight(Path("a"), Path(), {"a": stamp}, 100 * SECOND).settled is settled
