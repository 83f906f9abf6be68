"""What commands say of a workspace with two data sets."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.measured import rows_of, rows_on
from graftwork.analysis.workspace import ValueRecord, Workspace
from graftwork.app import results, runtime
from graftwork.app.cli import run_command


def value(model: str, measure: str, number: float, **fields: Any) -> ValueRecord:
    own: dict[str, Any] = {"parents": (), "operation": None, "params": {}, "seed": 0, "data": None, "unit": ""}
    return ValueRecord(model=model, measure=measure, value=number, low=None, high=None, **{**own, **fields})


VALUES = (
    value("a", "accuracy", 0.5, data="train"),
    value("a", "cost.nominal.macs", 7.0),
    value("a", "accuracy", 0.25, data="test"),
    value("a", "accuracy", 0.125, data="test", measure_seed=3),
    value("b", "cost.nominal.macs", 9.0),
    value("c", "accuracy", 0.75, data="train", overlap=0.5),
)


def table(*values: ValueRecord, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    class Space:
        def values(self) -> tuple[ValueRecord, ...]:
            return values

        def models(self) -> tuple[()]:
            return ()

    results.print_results(Space())  # type: ignore[arg-type]
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_the_table_has_a_row_for_each_data_set_and_seed(capsys: pytest.CaptureFixture[str]) -> None:
    heading, *rows = table(*VALUES[:5], capsys=capsys)
    assert heading == ["model", "data", "seed", "accuracy", "cost.nominal.macs"]
    assert rows == [
        ["a", "train", "0", "0.5", "7"],
        ["a", "test", "0", "0.25", "7"],
        ["a", "test", "3", "0.125", "7"],
        ["b", "–", "0", "–", "9"],
    ]


def test_where_nothing_has_to_be_told_apart_there_is_no_column_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert table(*VALUES[:2], capsys=capsys)[0] == ["model", "accuracy", "cost.nominal.macs"]


def test_what_a_model_has_learnt_from_is_told_with_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    heading, first, second, *said = table(*VALUES[:1], VALUES[5], capsys=capsys)
    assert heading == ["model", "learnt", "from", "accuracy"]
    assert (first, second) == (["a", "–", "0.5"], ["c", "50", "%", "0.75"])
    assert "trained" in said[0]


def test_rows_on_one_data_set_have_what_no_data_went_into() -> None:
    assert [(row.model, row.data, row.seed) for row in rows_on(VALUES, "train")] == [
        ("a", "train", 0),
        ("b", None, 0),
        ("c", "train", 0),
    ]
    assert len(rows_of(VALUES)) == 5
    assert rows_of(()) == ()


def test_a_seed_and_an_overlap_are_told_where_there_is_one() -> None:
    assert "measure_seed" not in VALUES[0].model_dump()
    assert "overlap" not in VALUES[0].model_dump()
    assert VALUES[3].model_dump()["measure_seed"] == 3
    assert VALUES[5].model_dump()["overlap"] == 0.5


@pytest.fixture
def home(two_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, still_worker: Any) -> Path:
    @contextmanager
    def one_worker() -> Iterator[Any]:
        yield still_worker

    monkeypatch.setattr(runtime, "one_worker", one_worker)
    return shutil.copytree(two_sets, tmp_path / "two.graft")


def test_a_card_names_the_data_of_each_value(home: Path, tmp_path: Path) -> None:
    assert run_command(["card", "high", "-w", str(home), "-o", str(tmp_path / "a.json")]) == 0
    measures = json.loads((tmp_path / "a.json").read_text())["measures"]
    assert {m["data"] for m in measures if m["measure"] == "accuracy"} == {"test", "animals"}
    costs = {m["measure"].rpartition(".")[2]: m["data"] for m in measures if m["measure"].startswith("cost.nominal.")}
    assert costs == {"parameters": None, "nonzeros": None, "bytes": None, "macs": "test", "activations": "test"}


def test_a_card_says_what_was_learnt_from(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(home) as space, space._write("trials") as db:
        db.execute("UPDATE trials SET overlap = 0.5, seed = seed + (data = (SELECT min(data) FROM trials))")
    assert run_command(["card", "high", "-w", str(home)]) == 0
    text = capsys.readouterr().out
    assert "| Measure | Value (95 % interval) | Data | Seed | Remark |" in text
    assert "It has learnt from 50 % of the samples that it is measured on." in text


def test_a_card_and_a_table_say_what_was_remarked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(home) as space, space._write("trials") as db:
        db.execute("""UPDATE trials SET remarks = '["Nobody looked."]' WHERE data = (SELECT min(data) FROM trials)""")
    for command in (["card", "high", "-w", str(home)], ["measures", "-w", str(home)]):
        assert run_command(command) == 0
        assert "Nobody looked." in capsys.readouterr().out
    assert run_command(["measures", "-w", str(home), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len({row["data"] for row in rows if row.get("remarks") == ["Nobody looked."]}) == 1
    assert not any("remarks" in row for row in rows if row["data"] is None)


def test_a_difference_is_of_one_data_set_each(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = ["difference", "resnet8", "high", "-w", str(home)]
    assert run_command([*pair, "--json"]) == 0
    assert [(d["data"], d["samples"]) for d in json.loads(capsys.readouterr().out)] == [("test", 100), ("animals", 24)]
    assert run_command([*pair, "--json", "--data", "animals"]) == 0
    assert [d["data"] for d in json.loads(capsys.readouterr().out)] == ["animals"]
    assert run_command([*pair, "--data", "animal"]) == 2
    assert "Did you mean 'animals'?" in capsys.readouterr().err


def test_a_difference_across_data_sets_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(home) as space, space._write("columns") as db:
        db.execute(
            "DELETE FROM columns WHERE (model, data) IN (SELECT m.identity, d.identity FROM models m, datasets d"
            " WHERE (m.name, d.name) IN (('high', 'test'), ('resnet8', 'animals')))"
        )
    assert run_command(["difference", "resnet8", "high", "-w", str(home)]) == 2
    assert "resnet8 on test, animals; high on test, animals" in capsys.readouterr().err


@pytest.mark.heavy("the command as people call it, with workers of its own")
@pytest.mark.parametrize("name", ["test", "animals"])
def test_a_figure_is_of_the_data_set_that_is_named(name: str, home: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "a.svg"
    arguments = ["figure", "-w", str(home), "--view", "lineage", "-o", str(drawn), "--data", name]
    assert run_command(arguments) == 0
    with Workspace.open(home, read_only=True) as space:
        own = next(v.value for v in space.values() if (v.model, v.data, v.measure) == ("high", name, "accuracy"))
    text = drawn.read_text()
    assert f"on {name}" in text
    assert f"{100 * own:.1f} %" in text


def test_a_figure_of_a_data_set_that_is_not_there_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["figure", "-w", str(home), "--view", "lineage", "-o", str(home / "a.svg"), "--data", "tests"]
    assert run_command(arguments) == 2
    assert "Did you mean 'test'?" in capsys.readouterr().err


@pytest.mark.parametrize(("other", "said"), [(2, []), (1, ["Latencies", "do", "not", "compare:"])])
def test_latencies_of_other_threads_are_told_apart(
    other: int, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    timed = [value(m, "cost.measured.threads", n, unit="threads") for m, n in (("a", 2), ("b", other))]
    heading, first, second, *remarks = table(*timed, capsys=capsys)
    assert (heading[-1], first[1:], second[1:]) == ("cost.measured.threads", ["2", "threads"], [str(other), "threads"])
    assert [word for line in remarks for word in line][:4] == said
