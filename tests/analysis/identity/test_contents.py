"""Contents: each input is hashed once, and again when anything about its files has changed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from graftwork.analysis.errors import Cancelled
from graftwork.analysis.identity import Contents, contents, fingerprint, look
from graftwork.analysis.identity.hashing import file_hash
from graftwork.analysis.jobs.protocol import Quiet

from .conftest import rewrite

pytestmark = pytest.mark.usefixtures("small_is_large")

LATER = 3600.0


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A model in two large files and a small one."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name, size in (("1.safetensors", 2000), ("2.safetensors", 3000), ("config.json", 10)):
        (folder / name).write_bytes(bytes(size))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "w.graft").mkdir()
    return tmp_path / "w.graft"


def another_process() -> None:
    contents._RECENT.clear()


def test_a_large_input_is_hashed_once_for_every_process(
    sharded: Path, hashed: list[str], clock: Callable[[float], None]
) -> None:
    clock(LATER)
    first = Contents.kept().of(sharded)
    assert hashed == ["1.safetensors", "2.safetensors", "config.json"]
    another_process()
    assert Contents.kept().of(sharded) == first
    assert len(hashed) == 3
    assert fingerprint(sharded) == first


def test_of_several_files_only_the_changed_one_is_hashed_again(
    sharded: Path, hashed: list[str], clock: Callable[[float], None]
) -> None:
    clock(LATER)
    first = Contents.kept().of(sharded)
    hashed.clear()
    rewrite(sharded / "2.safetensors", bytes(2999) + b"\1")
    another_process()
    assert Contents.kept().of(sharded) != first
    assert hashed == ["2.safetensors", "config.json"]


def test_a_workspace_knows_for_those_whose_cache_does_not(
    sharded: Path, root: Path, hashed: list[str], clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock(LATER)
    Contents.kept(root).of(sharded)
    another_process()
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "another person's"))
    hashed.clear()
    Contents.kept(root).of(sharded)
    assert hashed == []


def test_what_changed_a_moment_ago_is_never_remembered(
    sharded: Path, hashed: list[str], clock: Callable[[float], None]
) -> None:
    clock(1.0)
    known = Contents.kept()
    for _ in range(2):
        known.of(sharded / "1.safetensors")
    clock(LATER)
    for _ in range(2):
        known.of(sharded / "1.safetensors")
    assert len(hashed) == 3


def test_a_file_that_changes_while_it_is_hashed_is_not_remembered(
    sharded: Path, hashed: list[str], clock: Callable[[float], None]
) -> None:
    clock(LATER)
    path = sharded / "1.safetensors"
    Contents.kept().of(path, lambda *_: rewrite(path, b"\1" * 2000))
    assert Contents.kept().of(path) == file_hash(path)
    assert len(hashed) == 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"sight": 1}', '{"content": "x"}'])
def test_a_damaged_memory_is_none(sharded: Path, tmp_path: Path, clock: Callable[[float], None], damage: str) -> None:
    clock(LATER)
    path = sharded / "1.safetensors"
    right = Contents.kept().of(path)
    (kept,) = (tmp_path / "cache" / "graftwork" / "contents").iterdir()
    assert json.loads(kept.read_text())["content"] == right
    kept.write_text(damage)
    another_process()
    assert Contents.kept().of(path) == right


def test_reading_is_told_in_words_and_stops_when_it_is_asked_to(sharded: Path) -> None:
    ticket = Quiet()
    Contents().of(sharded, ticket.progress)
    assert [done for done, _, _ in ticket.seen] == sorted(done for done, _, _ in ticket.seen)
    assert ticket.seen[-1] == (5010, 5010, "reading model: 0.0 of 0.0 MB")
    with pytest.raises(Cancelled):
        Contents().of(sharded, Quiet(stop=lambda: True).progress)


def test_what_is_known_is_told_without_reading(
    sharded: Path, hashed: list[str], clock: Callable[[float], None]
) -> None:
    clock(LATER)
    assert Contents.kept().known(look(sharded)) is None
    assert hashed == []
    content = Contents.kept().of(sharded)
    assert Contents.kept().known(look(sharded)) == content
