"""Looking for damage, and sweeping up what an interrupted process left behind."""

import itertools
import json
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..atomic import DRAFT, PARTIAL
from ..locking import is_held
from .doubts import doubts
from .files import ARRAYS, CHECKPOINTS, PROJECTION


def problems(db: sqlite3.Connection, home: Path) -> list[str]:
    """Return what is wrong with a workspace, one sentence each; nothing for a sound one."""
    found = (_database_problems(db), _file_problems(db, home), _orphans(db, home), _draft_problems(db, home))
    return [*itertools.chain(*found), *doubts(db).values()]


def recorded(db: sqlite3.Connection) -> dict[str, set[str]]:
    """Return the names of the files that the tables know, by folder; ``FOLDER/NAME`` for what a training kept."""
    made = db.execute("SELECT file FROM models WHERE kind = 'derived' AND file IS NOT NULL")
    kept = db.execute(
        "SELECT json_extract(kept.value, '$.file') AS file"
        " FROM models, json_each(models.facts, '$.training.kept') AS kept WHERE models.kind = 'derived'"
    )
    return {
        ARRAYS: {row["file"] for row in db.execute("SELECT file FROM columns")},
        CHECKPOINTS: {row["file"] for row in (*made, *kept)},
    }


def sweep(db: sqlite3.Connection, home: Path) -> list[Path]:
    """Remove temporary files and drafts that nothing resumes, and return them.

    Extraction goes on from ``arrays/X.partial`` where a sidecar, ``X.partial`` with a further suffix, says how far it
    came; such a pair stays. So does what a worker that outlived its program still holds the lock of.
    """
    found = [path for path in (*_files(home, ARRAYS), *_files(home, CHECKPOINTS), *home.iterdir()) if _is_partial(path)]
    stale = [path for path in found if not _resumable(path) and not is_held(_whole(path))]
    for path in stale:
        with suppress(PermissionError):  # a system on which open files cannot be removed
            path.unlink(missing_ok=True)
    return [*stale, *sweep_drafts(db, home)]


def sweep_drafts(db: sqlite3.Connection, home: Path) -> list[Path]:
    """Remove the drafts of models that no trial will go on to make, and return them."""
    stale = _stale_drafts(db, home)
    for draft in stale:
        draft.unlink(missing_ok=True)
        with suppress(OSError):  # it stays where a training kept checkpoints
            draft.parent.rmdir()
    return stale


def _stale_drafts(db: sqlite3.Connection, home: Path) -> list[Path]:
    """Return the drafts of models whose trials are all done or cancelled for good; what failed may be tried again."""
    rows = db.execute("SELECT DISTINCT model FROM trials WHERE state IN ('pending', 'running', 'failed')")
    goes_on = {row["model"] for row in rows}
    return sorted(p for p in (home / CHECKPOINTS).glob(f"*/*{DRAFT}") if p.parent.name not in goes_on)


def _draft_problems(db: sqlite3.Connection, home: Path) -> Iterator[str]:
    for draft in _stale_drafts(db, home):
        yield (
            f"The draft {draft.relative_to(home).as_posix()} is of a training that does not go on;"
            " opening the workspace for writing removes it."
        )


def _database_problems(db: sqlite3.Connection) -> Iterator[str]:
    for (message,) in db.execute("PRAGMA integrity_check"):
        if message != "ok":
            yield f"The database is damaged: {message}."
    for row in db.execute("PRAGMA foreign_key_check"):
        yield f"Row {row['rowid']} of the table {row['table']} refers to a missing row of {row['parent']}."


def _file_problems(db: sqlite3.Connection, home: Path) -> Iterator[str]:
    for folder, names in recorded(db).items():
        damage = _hdf5_damage if folder == ARRAYS else _safetensors_damage
        for name in sorted(names):
            path = home / folder / name
            if not path.is_file():
                yield f"The file {folder}/{name} is missing."
            elif found := damage(path):
                yield f"The file {folder}/{name} does not open: {found}."


def _orphans(db: sqlite3.Connection, home: Path) -> Iterator[str]:
    # A trial that was cut off between writing a file and recording it finds that file again when it is run again.
    if db.execute("SELECT 1 FROM trials WHERE state != 'done'").fetchone():
        return
    for folder, names in recorded(db).items():
        for path in _files(home, folder):
            name = path.relative_to(home / folder).as_posix()
            if name not in names and not _is_partial(path) and not name.endswith((PROJECTION, DRAFT)):
                yield f"The file {folder}/{name} belongs to no trial."


def _hdf5_damage(path: Path) -> str:
    import h5py  # slow to import, and only a check needs it

    try:
        with h5py.File(path, "r", locking=False) as file:
            return "" if len(file) else "it holds no data"
    except (OSError, RuntimeError) as error:
        return str(error).splitlines()[0]


def _safetensors_damage(path: Path) -> str:
    """Read the header alone: its length in 8 bytes, little endian, then JSON, then the tensors it places."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > size - 8:
                return "its header is cut off"
            header = json.loads(stream.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        return f"its header cannot be read ({error})"
    expected = 8 + length + max(ends, default=0)
    return "" if size == expected else f"it has {size} bytes instead of {expected}"


def _files(home: Path, folder: str) -> list[Path]:
    return sorted(path for path in (home / folder).rglob("*") if path.is_file())


def _is_partial(path: Path) -> bool:
    return PARTIAL in path.suffixes


def _resumable(path: Path) -> bool:
    """Return whether this is one of a pair: rows, and the sidecar that says how many there are."""
    if path.name.endswith(PARTIAL):
        return any(_is_sidecar(other) for other in path.parent.glob(f"{path.name}.*"))
    return _is_sidecar(path) and path.with_suffix("").exists()


def _is_sidecar(path: Path) -> bool:
    return path.suffixes[-2:-1] == [PARTIAL] and path.suffix != PARTIAL


def _whole(path: Path) -> Path:
    """Return the path that a temporary file's content is to have."""
    return path.with_name(path.name.partition(PARTIAL)[0].removesuffix(".lock"))
