"""Hostile objects beside tensors: nothing is imported, called or written; the tensors open, or the file is refused."""

import pickle
import sys
import tracemalloc
from pathlib import Path

import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import describe, open_checkpoint

from . import hostile_pickles as hostile

_MOST = 64 << 20  # bytes of memory


@pytest.fixture
def trapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which a module can be imported that leaves a file behind."""
    hostile.trap(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    describe(_written(tmp_path, b"N", zipped=True))  # whatever is imported late is now
    return tmp_path


def _written(folder: Path, piece: bytes, *, zipped: bool) -> Path:
    path = folder / "net.pt"
    path.write_bytes(hostile.with_piece(piece, zipped=zipped))
    return path


def _opened(path: Path) -> dict[str, str] | None:
    """Return what is not read of a file; None if it was refused. Demand that nothing else happened."""
    modules, files = set(sys.modules), [*hostile.files_in(path.parent)]
    try:
        checkpoint = open_checkpoint(path)
        assert torch.equal(checkpoint.tensor("w"), hostile.TENSOR)
        said = dict(checkpoint.metadata.get("not_read", {}))
    except UserError:
        said = None
    assert set(sys.modules) == modules
    assert [*hostile.files_in(path.parent)] == files
    return said


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", hostile.OPENING)
def test_tensors_beside_a_hostile_object_open_and_nothing_runs(name: str, zipped: bool, trapped: Path) -> None:
    assert _opened(_written(trapped, hostile.OPENING[name], zipped=zipped)) is not None


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", hostile.REFUSED)
def test_what_no_pickle_of_tensors_does_is_refused(name: str, zipped: bool, trapped: Path) -> None:
    tracemalloc.start()
    try:
        assert _opened(_written(trapped, hostile.REFUSED[name], zipped=zipped)) is None
        assert tracemalloc.get_traced_memory()[1] < _MOST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", hostile.CALLS)
def test_what_would_be_called_is_named(name: str, trapped: Path) -> None:
    piece = hostile.called(*name.rsplit(".", 1))
    assert _opened(_written(trapped, piece, zipped=True)) == {"beside": name}


@pytest.mark.parametrize("name", ["REDUCE", "INST", "OBJ", "STACK_GLOBAL", "reduced to a call"])
def test_the_trap_does_close_when_python_reads_it(name: str, trapped: Path) -> None:
    pickle.loads(b"\x80\x04" + hostile.OPENING[name] + b".")
    assert (trapped / "canary").exists()
    sys.modules.pop("trap")
