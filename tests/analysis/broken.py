"""Broken, hostile and foreign files: how they are listed, and what is demanded of whatever opens one."""

import io
import os
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.errors import UserError

Make = Callable[[Path], object]
_MOST = 64 << 20  # bytes of memory
_LONGEST = 200  # characters of a sentence


@dataclass(frozen=True)
class Broken:
    """A file that must be refused.

    Attributes
    ----------
    file : str
        Its name.
    make : callable
        Makes it at a path.
    said : str
        A part of the sentence that it gets.
    fields : mapping
        What is declared of it, where it is a data set.
    """

    file: str
    make: Make
    said: str
    fields: Mapping[str, Any] = field(default_factory=dict)


class Shelf(dict[str, Broken]):
    """Broken files by what is wrong with them."""

    def file(self, said: str, file: str, **fields: Any) -> Callable[[Make], Make]:
        """Register what makes a file, under the name of the function."""

        def keep(make: Make) -> Make:
            self.add(make.__name__.replace("_", " "), Broken(file, make, said, fields))
            return make

        return keep

    def content(self, name: str, said: str, file: str, data: str | bytes, **fields: Any) -> None:
        """Register a file by its content."""
        content = data if isinstance(data, bytes) else data.encode()
        self.add(name, Broken(file, lambda path: path.write_bytes(content), said, fields))

    def add(self, name: str, broken: Broken) -> None:
        """Register a file; no two have one name."""
        assert name not in self, name
        self[name] = broken


class Hostile:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.trace,)


def canary(path: Path) -> Path:
    """Return the file that appears if anything of a hostile file runs, outside the folder of that file."""
    return path.absolute().parent.parent / "canary"


def zipped(path: Path | io.BytesIO, content: Mapping[str, bytes], packed: tuple[str, ...] = ()) -> None:
    """Write a zip file, its ``packed`` parts compressed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED if name in packed else zipfile.ZIP_STORED)


def repeated(path: Path, *content: tuple[str, bytes]) -> None:
    """Write a zip file in which names may repeat."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        for name, data in content:
            archive.writestr(name, data)


def npy(array: Any) -> bytes:
    """Return an array as numpy saves it."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def placed(broken: Broken, folder: Path) -> Path:
    """Make the file in a folder of its own, below ``folder``."""
    home = folder / "folder"
    home.mkdir()
    broken.make(home / broken.file)
    return home / broken.file


def refused_well(broken: Broken, folder: Path, monkeypatch: pytest.MonkeyPatch, use: Callable[[Path], object]) -> None:
    """Demand one clear sentence and a next step, nothing run, nothing written, and little memory taken."""
    path = placed(broken, folder)
    monkeypatch.chdir(path.parent)
    before = _listing(folder)
    tracemalloc.start()
    try:
        with pytest.raises(UserError) as caught:
            use(Path(path.name))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    _check_sentence(caught.value, broken.said, folder)
    assert _listing(folder) == before
    assert not canary(path).exists()
    assert peak < _MOST


def _check_sentence(error: UserError, said: str, folder: Path) -> None:
    assert said in error.problem
    assert len(error.problem) < _LONGEST
    for sentence in (error.problem, error.next_step):
        assert sentence.endswith(".")
        assert sentence.isprintable()
        assert not sentence.removesuffix(".").endswith(".")
        assert ". " not in sentence
        assert "Traceback" not in sentence
        assert str(folder) not in sentence


def _listing(folder: Path) -> dict[str, float]:
    return {os.fsdecode(path): path.lstat().st_mtime_ns for path in sorted(folder.rglob("*"))}
