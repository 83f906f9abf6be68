"""Connections to ``workspace.db``: one that writes, and as many readers as there are threads reading at once."""

import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..atomic import PARTIAL, sync_folder
from ..errors import UserError
from .schema import migrate, require_current

_PATIENCE = 10.0  # seconds to wait for a lock that another process holds for a moment


class Database:
    """A workspace's database, safe to use from any thread.

    Readers see the last committed state and never wait for the writer (SQLite's write-ahead log).

    Parameters
    ----------
    path : Path
        The file; a writable database is made if missing, and migrated if old.
    read_only : bool
        Whether `write` is refused.

    Raises
    ------
    UserError
        If the file is no workspace's database, too new, or too old for a read-only view.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self._path = path
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._turn = threading.Lock()
        self._closed = False
        self._writer: sqlite3.Connection | None = None
        with _explained(path):
            if read_only:
                self._open_reader()
            else:
                self._open_writer()

    @property
    def read_only(self) -> bool:
        """Whether `write` is refused."""
        return self._writer is None

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state of the database throughout."""
        connection = self._take()
        try:
            with _explained(self._path):
                connection.execute("BEGIN")
                yield connection
        finally:
            connection.rollback()
            self._give(connection)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Give the writing connection inside a transaction: committed at the end, undone by any exception.

        What is not ``durable`` outlives this process, and may be undone if the machine loses its power.
        """
        if self._writer is None:
            raise UserError(f"The workspace {self._path.parent} is open read-only.", "Open it for writing first.")
        with self._turn, _explained(self._path):
            self._refuse_closed()
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                self._writer.rollback()
                raise

    def close(self) -> None:
        """Close every connection that is not in use; those in use close when given back."""
        with self._turn:
            self._closed = True
            self._drain()
            if self._writer is not None:
                self._writer.close()

    def _open_writer(self) -> None:
        if not self._path.exists():
            _make(self._path)
        self._writer = _connect(self._path, "rwc")
        try:
            self._writer.execute("PRAGMA journal_mode = WAL")
            migrate(self._writer, self._path.parent)
        except BaseException:
            self._writer.close()
            raise

    def _open_reader(self) -> None:
        connection = self._reader()
        try:
            require_current(connection, self._path.parent)
        except BaseException:
            connection.close()
            raise
        self._readers.put(connection)

    def _reader(self) -> sqlite3.Connection:
        connection = _connect(self._path, "ro")
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema")
        except sqlite3.OperationalError:
            connection.close()
            if Path(f"{self._path}-wal").exists():
                raise
            # On read-only media the log's index cannot be made; nobody can write there either.
            return _connect(self._path, "ro&immutable=1")
        return connection

    def _take(self) -> sqlite3.Connection:
        self._refuse_closed()
        try:
            return self._readers.get_nowait()
        except queue.Empty:
            with _explained(self._path):
                return self._reader()

    def _give(self, connection: sqlite3.Connection) -> None:
        self._readers.put(connection)
        if self._closed:  # closed while this one was in use
            self._drain()

    def _drain(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._readers.get_nowait().close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise ValueError(f"the workspace {self._path.parent} is closed")


def _make(path: Path) -> None:
    """Write a new database whole before it takes its name, so that a second process never meets half of one."""
    draft = path.with_name(f"{path.name}{PARTIAL}")
    for leftover in (draft, Path(f"{draft}-journal")):
        leftover.unlink(missing_ok=True)
    connection = _connect(draft, "rwc")
    try:
        migrate(connection, path.parent)
    finally:
        connection.close()
    draft.replace(path)
    sync_folder(path.parent)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what can go wrong outside this program into a sentence; a broken constraint stays our own error."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UserError(
            f"The workspace {path.parent} cannot be used: {error}.", "Check its permissions and the free disk space."
        ) from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise UserError(
            f"The database of the workspace {path.parent} is damaged: {error}.",
            "Unpack the last packed copy, or move the folder away and run the recipes again.",
        ) from error
