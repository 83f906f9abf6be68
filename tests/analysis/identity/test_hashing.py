"""A file's hash: every byte of it counts, whatever its size."""

import hashlib
import os
from pathlib import Path

import pytest
from blake3 import blake3

from graftwork.analysis.errors import Cancelled
from graftwork.analysis.identity import hashing
from graftwork.analysis.identity.hashing import file_hash

LENGTH = 1 << 16


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hashing, "LARGE", LENGTH - 1)
    monkeypatch.setattr(hashing, "BLOCK", 1000)
    path = tmp_path / "large.safetensors"
    path.write_bytes(bytes(LENGTH))
    return path


@pytest.mark.parametrize("place", [0, 999, 1000, LENGTH // 3, LENGTH // 2, LENGTH - 1])
def test_large_files_that_differ_in_one_byte_differ(large: Path, place: int) -> None:
    before = file_hash(large)
    assert before == blake3(bytes(LENGTH)).hexdigest()[:32]
    with large.open("rb+") as stream:
        stream.seek(place)
        stream.write(b"\1")
    assert file_hash(large) == blake3(large.read_bytes()).hexdigest()[:32] != before


@pytest.mark.parametrize("size", [0, 1, 1000, 1001, LENGTH - 1])
def test_a_small_file_keeps_the_identity_that_it_had(large: Path, size: int) -> None:
    os.truncate(large, size)
    assert file_hash(large) == hashlib.sha256(bytes(size)).hexdigest()[:32]


def test_what_was_read_is_told_and_stops_where_that_raises(large: Path) -> None:
    told: list[int] = []

    def stop(count: int) -> None:
        told.append(count)
        if sum(told) >= 3000:
            raise Cancelled

    with pytest.raises(Cancelled):
        file_hash(large, stop)
    assert told == [1000, 1000, 1000]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_what_would_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, error in (("pipe", OSError), ("none", FileNotFoundError)):
        with pytest.raises(error):
            file_hash(tmp_path / name)
