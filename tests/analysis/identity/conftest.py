"""Hashes that are counted, and files that were written long enough ago to be remembered."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from graftwork.analysis.identity import contents, hashing, sights


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin without anything remembered, in the process or in the person's cache."""
    monkeypatch.setattr(contents, "_RECENT", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is above 1,000 bytes be hashed and remembered as files above 1 GiB are."""
    monkeypatch.setattr(hashing, "BLOCK", 256)
    monkeypatch.setattr(hashing, "LARGE", 1000)
    monkeypatch.setattr(contents, "LARGE", 1000)
    monkeypatch.setattr(contents, "WORTH_KEEPING", 1000)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that are hashed, as they are."""
    seen: list[str] = []

    def counted(path: Path, *rest: Callable[[int], None]) -> str:
        seen.append(path.name)
        return hashing.file_hash(path, *rest)

    monkeypatch.setattr(contents, "file_hash", counted)
    return seen


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what puts the clock forward, by so many seconds from now, as a look at files sees it."""

    def forward(seconds: float) -> None:
        now = time.time_ns() + round(seconds * 1e9)
        monkeypatch.setattr(sights, "now", lambda: now)

    return forward


def rewrite(path: Path, content: bytes) -> None:
    """Write a file anew, and let it seem as old as it was."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
