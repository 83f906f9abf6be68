"""What earlier versions may have mixed up is told, and measured again where that is asked for."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from graftwork.analysis.trials import MeasureSpec, Plan
from graftwork.analysis.workspace import Workspace, doubts, schema

from .conftest import BEFORE_NAMES, DATA, MERGED, PLAN, PRUNED, A, B, run, source, trial

BEFORE = 5
"""The version of the tables before identities covered all of a file."""


def aged(home: Path, change: str) -> Workspace:
    """Open a workspace that an earlier version wrote, with a change in it."""
    with closing(sqlite3.connect(home / "workspace.db")) as db:
        db.executescript(
            f"DROP TABLE aliases; DROP TABLE doubts; CREATE TABLE fingerprints (path); {change};"
            " ALTER TABLE measures DROP COLUMN dataless;"
            " ALTER TABLE trials DROP COLUMN overlap;"
            " ALTER TABLE trials DROP COLUMN remarks;"
            f" ALTER TABLE datasets DROP COLUMN classes; {BEFORE_NAMES}"
            f" PRAGMA user_version = {BEFORE}"
        )
    return Workspace.open(home)


def doubtful(workspace: Workspace) -> set[str]:
    found = {model.name: model.doubt for model in workspace.models() if model.doubt}
    assert sorted(found.values()) == sorted(workspace.check())
    return set(found)


def test_what_was_taken_for_the_same_by_a_probe_is_measured_again(finished: Workspace) -> None:
    finished.close()
    link = """UPDATE models SET facts = '{"computes_the_same_as": "a"}' WHERE name = 'b'"""
    with aged(finished.path, link) as workspace:
        assert doubtful(workspace) == {"b"}
        assert not any("computes_the_same_as" in model.facts for model in workspace.models())
        assert len(workspace.values()) == 8  # what was measured stays, until it is measured again
        workspace.add_plan(PLAN, "")
        assert [record.model for record in workspace.trials("pending")] == ["b"]
        run(workspace, PLAN.trials[1])
        assert doubtful(workspace) == set()


def test_what_was_compared_with_such_a_model_is_too(workspace: Workspace) -> None:
    compared = trial(A).replaced(reference=B.identity, inputs={B.identity: B})
    workspace.add_plan(Plan(title="", trials=(compared,)), "")
    run(workspace, compared)
    workspace.close()
    link = """UPDATE models SET facts = '{"computes_the_same_as": "c"}' WHERE name = 'b'"""
    with aged(workspace.path, link) as again:
        assert doubtful(again) == {"a"}


@pytest.mark.parametrize("gone", [True, False])
def test_large_files_that_were_known_by_samples_are_told_with_all_that_was_made_of_them(
    finished: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    monkeypatch.setattr(doubts, "LARGE", 1000)
    (tmp_path / "a.th").write_bytes(bytes(1001))
    finished.close()
    path, parameters = (tmp_path / "gone.th", 251) if gone else (tmp_path / "a.th", 1)
    known = f"UPDATE models SET file = '{path}', facts = '{{\"parameters\": {parameters}}}' WHERE name = 'a'"
    with aged(finished.path, known) as workspace:
        assert doubtful(workspace) == {"a", "a pruned", "merged"}
        assert {model.identity for model in workspace.models()} == {m.identity for m in (A, B, PRUNED, MERGED)}


def test_a_large_data_set_is_one_too(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "LARGE", 1000)
    (tmp_path / "set.zip").write_bytes(bytes(1001))
    one = trial(A)
    assert one.data
    one = one.replaced(data=one.data.replaced(path=str(tmp_path / "set.zip")))
    workspace.add_plan(Plan(title="", trials=(one,)), "")
    run(workspace, one)
    workspace.close()
    with aged(workspace.path, "SELECT 1") as again:
        assert doubtful(again) == {"a"}


def test_files_of_the_same_content_keep_each_of_their_names(workspace: Workspace) -> None:
    best, last = source("best", A.content), source("last", A.content)
    workspace.add_plan(Plan(title="", trials=(trial(best),), aliases={"last": last.identity}), "")
    (model,) = workspace.models()
    assert (model.name, model.aliases) == ("best", ("last",))
    other = source("last", "other content")
    workspace.add_plan(Plan(title="", trials=(trial(other), trial(A))), "")
    assert {m.name: m.aliases for m in workspace.models()} == {"best": ("last", "a"), "last #2": ()}


@pytest.mark.parametrize(
    ("family", "path", "expected"),
    [
        ("gpt2", "tokens.NPZ", {"a"}),
        ("transformers", "tokens.h5", {"a"}),
        ("vit", "pictures.npz", set()),
        ("bert", "texts.csv", set()),
    ],
)
def test_tokens_whose_zeros_were_taken_for_padding_are_told_until_they_are_measured_again(
    workspace: Workspace, family: str, path: str, expected: set[str]
) -> None:
    spec = trial(A).replaced(data=DATA.replaced(path=path))
    workspace.add_plan(Plan(title="", trials=(spec,)), "")
    run(workspace, spec)
    workspace.close()
    with closing(sqlite3.connect(workspace.path / "workspace.db")) as db:
        facts = json.dumps({"family": family, "network": "GPT2LMHeadModel"})
        db.execute("UPDATE models SET facts = ? WHERE name = 'a'", [facts])
        db.execute(f"PRAGMA user_version = {schema.MIGRATIONS.index(schema._PADDED)}")
        db.commit()
    with Workspace.open(workspace.path) as again:
        assert doubtful(again) == expected
        newer = spec.replaced(measures=(MeasureSpec(measure="accuracy", version=99),))
        again.add_plan(Plan(title="", trials=(newer,)), "")
        run(again, newer)
        assert doubtful(again) == set()
