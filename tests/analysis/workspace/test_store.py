"""One writer, many readers, and doors that stay shut."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.workspace import Workspace, database, schema

from .conftest import PLAN, A, run, trial

HOLD = "import sys; from pathlib import Path; from graftwork.analysis.workspace import Workspace\n"


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD + code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_another_process_that_writes_is_named_and_may_be_watched(tmp_path: Path) -> None:
    home = tmp_path / "w.graft"
    writer = child("w = Workspace.create(Path(sys.argv[1])); print('open', flush=True); input()", str(home))
    with writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(UserError, match=f"by process {writer.pid}") as refused:
            Workspace.open(home)
        assert "read-only" in refused.value.next_step
        with Workspace.open(home, read_only=True) as view:
            assert view.trials() == []
        writer.kill()
    Workspace.open(home).close()


def test_a_view_sees_what_the_writer_commits(workspace: Workspace) -> None:
    with Workspace.open(workspace.path, read_only=True) as view:
        assert view.trials() == []
        workspace.add_plan(PLAN, "")
        assert len(view.trials()) == 4


def test_a_second_open_in_one_process_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="is being written by process"):
        Workspace.open(workspace.path)


def test_a_view_does_not_write(finished: Workspace) -> None:
    with Workspace.open(finished.path, read_only=True) as view:
        assert view.read_only
        for write in (lambda: view.add_plan(PLAN, ""), lambda: view.set_note(A.identity, "x"), view.sweep):
            with pytest.raises(UserError, match="read-only"):
                write()


def test_nobody_meets_a_database_that_is_being_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "w.graft"
    made: list[bool] = []

    def watched(db: sqlite3.Connection, path: Path) -> None:
        if not made:
            with pytest.raises(UserError, match="not a workspace"):
                Workspace.open(home, read_only=True)
        schema.migrate(db, path)
        made.append(True)

    monkeypatch.setattr(database, "migrate", watched)
    with Workspace.create(home), Workspace.open(home, read_only=True) as view:
        assert view.trials() == []
    assert made


def write_half(workspace: Workspace) -> None:
    with workspace._write("notes") as db:
        db.execute("INSERT INTO notes VALUES (?, 'half')", (A.identity,))
        raise RuntimeError


def test_a_refused_transaction_leaves_nothing_and_the_next_goes_on(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    with pytest.raises(RuntimeError):
        write_half(workspace)
    assert workspace.note(A.identity) == ""
    workspace.set_note(A.identity, "whole")
    assert workspace.note(A.identity) == "whole"


def test_closed_is_closed(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w.graft")
    workspace.close()
    workspace.close()
    with pytest.raises(ValueError, match="closed"):
        workspace.models()
    with pytest.raises(ValueError, match="closed"):
        workspace.reset_running()


def test_opening_puts_lost_trials_back(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w.graft") as workspace:
        workspace.add_plan(PLAN, "")
        workspace.begin(PLAN.trials[0].identity)
    with Workspace.open(tmp_path / "w.graft", read_only=True) as view:
        assert len(view.trials("running")) == 1
    with Workspace.open_or_create(tmp_path / "w.graft") as workspace:
        assert len(workspace.trials("pending")) == 4


def test_changed_names_the_tables_after_the_commit(workspace: Workspace) -> None:
    heard: list[tuple[frozenset[str], int]] = []
    workspace.changed.connect(lambda tables: heard.append((tables, len(workspace.trials()))))
    workspace.add_plan(PLAN, "")
    workspace.begin(PLAN.trials[0].identity)
    assert heard == [
        (frozenset({"recipes", "models", "operations", "datasets", "trials"}), 4),
        (frozenset({"trials"}), 4),
    ]
    with pytest.raises(UserError):
        workspace.begin("xyz")
    assert len(heard) == 2


def test_threads_write_and_read_at_once(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    stop = threading.Event()

    def read() -> int:
        rounds = 0
        while not stop.is_set():
            done = len(workspace.trials("done"))
            assert len(workspace.values()) >= 2 * done
            rounds += 1
        return rounds

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            list(pool.map(run, [workspace] * 4, PLAN.trials))
        finally:
            stop.set()
    assert all(reader.result() > 0 for reader in readers)
    assert len(workspace.trials("done")) == 4


def test_a_reader_does_not_wait_for_a_write(workspace: Workspace) -> None:
    workspace.add_plan(PLAN, "")
    with workspace._database.write() as db:
        db.execute("UPDATE trials SET state = 'running'")
        assert len(workspace.trials("pending")) == 4


def test_a_reader_sees_one_state_throughout(workspace: Workspace) -> None:
    count = "SELECT count(*) FROM trials"
    with workspace._database.read() as db:
        assert db.execute(count).fetchone()[0] == 0
        workspace.add_plan(PLAN, "")
        assert db.execute(count).fetchone()[0] == 0
    assert len(workspace.trials()) == 4


def test_what_is_no_workspace_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    full = tmp_path / "full"
    (full / "other").mkdir(parents=True)
    for path in (tmp_path / "none", file, full):
        for read_only in (True, False):
            with pytest.raises(UserError, match=path.name):
                Workspace.open(path, read_only=read_only)
    for path in (file, full, file / "below"):
        with pytest.raises(UserError, match=path.name):
            Workspace.create(path)
    assert [p.name for p in full.iterdir()] == ["other"]


def test_a_workspace_is_not_made_twice(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="already"):
        Workspace.create(workspace.path)


def test_a_creation_that_was_killed_is_taken_up(tmp_path: Path) -> None:
    for left in ("workspace.lock", "workspace.db"):
        home = tmp_path / "w.graft"
        home.mkdir()
        (home / left).touch()
        with Workspace.open_or_create(home) as workspace:
            assert workspace.check() == []
        shutil.rmtree(home)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.create(tmp_path / "w.graft").close()

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(UserError, match="cannot be written: Permission denied") as refused:
        Workspace.open(tmp_path / "w.graft")
    assert "read-only" in refused.value.next_step


def test_a_view_opens_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspace.create(tmp_path / "w.graft") as workspace:
        workspace.add_plan(PLAN, "")
    real = database._connect

    class Refusing(sqlite3.Connection):
        def execute(self, *arguments: object) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("unable to open database file")

    def connect(path: Path, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(":memory:", factory=Refusing) if mode == "ro" else real(path, mode)

    monkeypatch.setattr(database, "_connect", connect)
    with Workspace.open(tmp_path / "w.graft", read_only=True) as view:
        assert len(view.trials()) == 4


def test_a_newer_workspace_is_refused_untouched(tmp_path: Path) -> None:
    home = tmp_path / "w.graft"
    Workspace.create(home).close()
    with closing(sqlite3.connect(home / "workspace.db")) as db:
        db.execute("PRAGMA user_version = 99")
    for read_only in (True, False):
        with pytest.raises(UserError, match="version 99") as refused:
            Workspace.open(home, read_only=read_only)
        assert "Update" in refused.value.next_step


def test_a_trial_of_another_version_is_one_sentence(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w.graft") as workspace:
        workspace.add_plan(PLAN, "")
    with closing(sqlite3.connect(tmp_path / "w.graft" / "workspace.db")) as db, db:
        db.execute("UPDATE trials SET spec = json_set(spec, '$.unheard', 1)")
    with (
        Workspace.open(tmp_path / "w.graft", read_only=True) as workspace,
        pytest.raises(UserError, match="another version") as refused,
    ):
        workspace.trials()
    assert "Update" in refused.value.next_step


def test_an_older_workspace_is_migrated_by_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "w.graft"
    with Workspace.create(home) as workspace:
        workspace.add_plan(PLAN, "")
    newer = (*schema.MIGRATIONS, "ALTER TABLE models ADD COLUMN colour TEXT;")
    monkeypatch.setattr(schema, "MIGRATIONS", newer)
    with pytest.raises(UserError, match="earlier version"):
        Workspace.open(home, read_only=True)
    with Workspace.open(home) as workspace:
        assert workspace.info()["version"] == len(newer)
        assert len(workspace.models()) == 4
        with workspace._database.read() as db:
            db.execute("SELECT colour FROM models")


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "w.graft"
    Workspace.create(home).close()
    broken = "ALTER TABLE models ADD COLUMN colour TEXT; INSERT INTO nowhere VALUES (1);"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        with pytest.raises(UserError, match="nowhere"):
            Workspace.open(home)
    with Workspace.open(home) as workspace:
        assert workspace.info()["version"] == len(schema.MIGRATIONS)
        with workspace._database.read() as db:
            assert "colour" not in [row["name"] for row in db.execute("PRAGMA table_info(models)")]


def test_a_foreign_or_damaged_database_is_refused(tmp_path: Path) -> None:
    foreign, damaged = tmp_path / "foreign", tmp_path / "damaged"
    foreign.mkdir()
    damaged.mkdir()
    with closing(sqlite3.connect(foreign / "workspace.db")) as db:
        db.execute("CREATE TABLE x (y)")
    (damaged / "workspace.db").write_bytes(b"this is no database at all" * 100)
    for read_only in (True, False):
        with pytest.raises(UserError, match="not a Graftwork workspace"):
            Workspace.open(foreign, read_only=read_only)
        with pytest.raises(UserError, match="damaged"):
            Workspace.open(damaged, read_only=read_only)


def test_the_room_needs_no_torch() -> None:
    heavy = "{'torch', 'umap', 'numba', 'scipy', 'sklearn', 'h5py', 'PySide6'}"
    with child(f"print(sorted({heavy} & set(sys.modules)))") as process:
        assert process.communicate()[0] == "[]\n"


def test_info_counts(finished: Workspace) -> None:
    info = finished.info()
    assert info["trials"] == {"done": 4}
    assert info["rows"]["models"] == 4
    assert info["bytes"]["checkpoints"] > 0
    assert finished.trials()[0].spec == trial(A)
