"""A packed workspace opens elsewhere as it was; an archive from anybody does no harm."""

import stat
import zipfile
from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import Plan, TrialResult
from graftwork.analysis.workspace import Workspace, unpack

from .conftest import PLAN, PRUNED, A, run, write_checkpoint


def test_a_packed_workspace_comes_back(finished: Workspace, tmp_path: Path) -> None:
    finished.set_note(A.identity, "note")
    (finished.arrays / "cache.h5").write_text("not recorded")
    archive = finished.pack(tmp_path / "w.zip")
    home = unpack(archive, tmp_path / "other.graft")
    with Workspace.open(home) as copy:
        assert copy.values() == finished.values()
        assert copy.trials() == finished.trials()
        assert copy.note(A.identity) == "note"
        assert copy.check() == []
        assert not (copy.arrays / "cache.h5").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.graft", "w.graft", "w.zip"]


def keep(workspace: Workspace, name: str) -> None:
    """Let a training of the plan's first derived model have kept a checkpoint."""
    workspace.begin(PLAN.trials[2].identity)
    facts = {"training": {"kept": [{"step": 3, "file": name}]}}
    trial = PLAN.trials[2].identity
    workspace.finish(TrialResult(trial=trial, values=(), columns={}, checkpoint=None, facts=facts, seconds=1.0))


def test_checkpoints_kept_on_the_way_are_packed_and_checked(workspace: Workspace, tmp_path: Path) -> None:
    workspace.add_plan(Plan(title="", trials=PLAN.trials[:3]), "")
    folder = workspace.checkpoints / PRUNED.identity
    folder.mkdir()
    keep(workspace, f"{folder.name}/{write_checkpoint(folder, 'step3.safetensors')}")
    for one in PLAN.trials[:2]:
        run(workspace, one)
    home = unpack(workspace.pack(tmp_path / "w.zip"), tmp_path / "other.graft")
    with Workspace.open(home) as copy:
        assert copy.check() == []
        kept = copy.checkpoints / PRUNED.identity / "step3.safetensors"
        assert kept.read_bytes() == (folder / "step3.safetensors").read_bytes()
        kept.rename(kept.with_name("step4.safetensors"))
        assert copy.check() == [
            f"The file checkpoints/{folder.name}/step3.safetensors is missing.",
            f"The file checkpoints/{folder.name}/step4.safetensors belongs to no trial.",
        ]


def test_a_file_elsewhere_that_a_workspace_names_is_not_packed(workspace: Workspace, tmp_path: Path) -> None:
    workspace.add_plan(PLAN, "")
    keep(workspace, "../../secret")
    (tmp_path / "secret").touch()
    with pytest.raises(UserError, match="names the file"):
        workspace.pack(tmp_path / "w.zip")
    assert not (tmp_path / "w.zip").exists()


def test_packing_goes_beside_a_running_trial(workspace: Workspace, tmp_path: Path) -> None:
    workspace.add_plan(PLAN, "")
    run(workspace, PLAN.trials[0])
    workspace.begin(PLAN.trials[1].identity)
    with Workspace.open(workspace.path, read_only=True) as view:
        view.pack(tmp_path / "w.zip")
    with Workspace.open(unpack(tmp_path / "w.zip", tmp_path / "copy")) as copy:
        assert [t.state for t in copy.trials()] == ["done", "pending", "pending", "pending"]


def test_packing_that_fails_leaves_what_was_there(finished: Workspace, tmp_path: Path) -> None:
    target = tmp_path / "w.zip"
    target.write_text("earlier")
    finished.columns()[0].path.unlink()
    with pytest.raises(UserError, match="cannot be packed"):
        finished.pack(target)
    assert target.read_text() == "earlier"
    with pytest.raises(UserError, match="cannot be packed"):
        finished.pack(tmp_path / "none" / "w.zip")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w.graft", "w.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/tmp/evil",
        "arrays/../../evil",
        "arrays/sub/evil",
        "checkpoints/sub/../evil",
        "checkpoints/sub/sub/evil",
        "checkpoints/sub/",
        "arrays\\..\\evil",
        "checkpoints/C:evil",
        "arrays/",
        "arrays/.hidden",
        "workspace.lock",
        "evil",
        "Workspace.db",
        "arrays/a\x01",
    ],
)
def test_a_hostile_name_is_refused_before_anything_is_written(finished: Workspace, tmp_path: Path, name: str) -> None:
    archive = finished.pack(tmp_path / "w.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(name, "evil")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="holds"):
        unpack(archive, tmp_path / "new" / "w.graft")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_becomes_a_plain_file(finished: Workspace, tmp_path: Path) -> None:
    archive = finished.pack(tmp_path / "w.zip")
    link = zipfile.ZipInfo("arrays/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(link, "/etc/passwd")
    found = unpack(archive, tmp_path / "new") / "arrays" / "link"
    assert not found.is_symlink()
    assert found.read_text() == "/etc/passwd"


def test_the_same_name_twice_is_refused(finished: Workspace, tmp_path: Path) -> None:
    archive = finished.pack(tmp_path / "w.zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("arrays/a", "")
        file.writestr("arrays/A", "")
    with pytest.raises(UserError, match="no packed workspace"):
        unpack(archive, tmp_path / "new")


def test_what_is_no_archive_leaves_no_folder(finished: Workspace, tmp_path: Path) -> None:
    archive = finished.pack(tmp_path / "w.zip")
    content = bytearray(archive.read_bytes())
    stored = content.index(b"\x89HDF")
    content[stored + 8] ^= 0xFF  # the checksum no longer fits
    (tmp_path / "bent.zip").write_bytes(content)
    (tmp_path / "cut.zip").write_bytes(archive.read_bytes()[:-30])
    (tmp_path / "text.zip").write_text("text")
    with zipfile.ZipFile(tmp_path / "foreign.zip", "w") as file:
        file.writestr("workspace.db", "no database")
    for name in ("bent", "cut", "text", "foreign", "none"):
        with pytest.raises(UserError):
            unpack(tmp_path / f"{name}.zip", tmp_path / "new")
        assert not [p.name for p in tmp_path.iterdir() if p.name.startswith("new")]


def test_a_place_that_is_taken_or_too_small_is_refused(
    finished: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = finished.pack(tmp_path / "w.zip")
    with pytest.raises(UserError, match="already"):
        unpack(archive, finished.path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(UserError, match="MB left"):
        unpack(archive, tmp_path / "new")
