"""Accuracy of subsets and paired tests from what a workspace keeps."""

import threading
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from graftwork.analysis.correctness import Correctness, read_rows
from graftwork.analysis.errors import UserError
from graftwork.analysis.features.store import Columns, read_column, write_columns
from graftwork.kernels.intervals.shares import share_interval
from graftwork.kernels.packed import pack

RIGHT = np.random.default_rng(0).random((3, 201)) < [[0.9], [0.7], [0.7]]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for number, row in enumerate(RIGHT):
        write_columns(tmp_path / f"{number}.h5", {"correct": row, "other": np.arange(201)})
    return [tmp_path / f"{number}.h5" for number in range(3)]


@pytest.fixture
def correctness(files: list[Path]) -> Correctness:
    return Correctness(("a", "b", "c"), read_rows(files), 201)


def test_truth_values_take_an_eighth_and_come_back(files: list[Path]) -> None:
    with h5py.File(files[0]) as file:
        assert file["correct"].shape == (26,)
    np.testing.assert_array_equal(read_column(files[0], "correct"), RIGHT[0])
    columns = Columns(files[0])
    np.testing.assert_array_equal(columns["correct"], RIGHT[0])
    np.testing.assert_array_equal(columns["other"], np.arange(201))


def test_files_that_were_written_unpacked_are_read(files: list[Path]) -> None:
    with h5py.File(files[1], "w") as file:
        file["correct"] = RIGHT[1].astype(np.uint8)
    np.testing.assert_array_equal(read_rows(files), pack(RIGHT))
    np.testing.assert_array_equal(read_column(files[1], "correct"), RIGHT[1])


def test_a_subsets_accuracy_is_that_of_its_samples(correctness: Correctness) -> None:
    within = np.arange(201) % 4 == 1
    for chosen in (within, None):
        rows = RIGHT if chosen is None else RIGHT[:, chosen]
        expected = {n: share_interval(int(row.sum()), len(row)) for n, row in zip("abc", rows, strict=True)}
        assert correctness.accuracies(chosen) == expected
    assert correctness.accuracies(np.zeros(201, bool)) == {}


def test_differences_are_said_in_words(correctness: Correctness) -> None:
    clear = correctness.difference("b", "a")
    assert clear.distinguishable
    assert clear.verdict.startswith(f"more accurate by {RIGHT[0].mean() - RIGHT[1].mean():.2%}")
    assert correctness.difference("a", "b").verdict.startswith("less accurate")
    assert correctness.difference("b", "c").verdict.startswith("not distinguishable")
    same = correctness.difference("a", "a").p
    assert same
    assert same.exact == 1
    with pytest.raises(UserError, match="'d'"):
        correctness.difference("a", "d")


WEIGHTS = np.random.default_rng(1).integers(0, 5, 201) / 4


@pytest.mark.parametrize("within", [None, np.arange(201) % 4 == 1])
def test_weighted_accuracies_and_differences_are_those_of_the_weighted_samples(files: list[Path], within: Any) -> None:
    weighted = Correctness(("a", "b", "c"), read_rows(files), 201, WEIGHTS)
    own = WEIGHTS if within is None else WEIGHTS * within
    for name, row in zip("abc", RIGHT, strict=True):
        np.testing.assert_array_equal(weighted.right(name), row)
        assert weighted.accuracies(within)[name].mean == pytest.approx(np.average(row, weights=own))
    found = weighted.difference("b", "a", within)
    assert found.p is None
    assert found.gain.mean == pytest.approx(np.average(RIGHT[0].astype(int) - RIGHT[1], weights=own))
    assert found.table == weighted.difference("b", "a", within).table
    assert found.distinguishable == (found.gain.low > 0 or found.gain.high < 0)
    assert "(weighted, 95 % interval " in found.verdict
    assert weighted.difference("b", "b").verdict.startswith("not distinguishable (weighted")


def test_a_part_without_weight_has_no_accuracy(files: list[Path]) -> None:
    assert Correctness(("a", "b", "c"), read_rows(files), 201, WEIGHTS).accuracies(WEIGHTS == 0) == {}


def test_the_session_gives_accuracies_of_what_is_selected(session: Any, wait: Any) -> None:
    wait(lambda: session.accuracies() is not None)
    table = {name: rows[0].values for name, rows in session.shown.by_model.items()}
    whole = session.accuracies()
    assert len(whole) == 7
    for model in session.snapshot.models:
        value = table[model.name]["accuracy"]
        assert whole[model.identity] == pytest.approx((value.value, value.low, value.high))
    session.select_samples(session.labels() == 0)
    wait(lambda: session.accuracies() != whole and session.idle())
    for model in session.snapshot.models:
        value = table[model.name]["accuracy.class.0"]
        assert session.accuracies()[model.identity].mean == pytest.approx(value.value)


def test_a_reader_computes_the_accuracies_of_the_latest_selection_while_the_former_stay(
    session: Any, wait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(lambda: session.accuracies() is not None and session.idle())
    whole, labels = session.accuracies(), session.labels()
    begun, go_on = threading.Event(), threading.Event()
    asked: list[tuple[str, int]] = []
    compute = Correctness.accuracies

    def slow(self: Correctness, within: Any = None) -> Any:
        asked.append((threading.current_thread().name, int(within.sum())))
        begun.set()
        assert go_on.wait(20)
        return compute(self, within)

    monkeypatch.setattr(Correctness, "accuracies", slow)
    for size in (3, 5, 7):
        session.select_samples(np.arange(len(labels)) < size)
        assert session.accuracies() == whole
        assert begun.wait(20)
    heard: list[str] = []
    session.changed.connect(heard.append)
    go_on.set()
    wait(lambda: session.accuracies() and session.idle() and len(asked) > 1)
    assert [size for _, size in asked] == [3, 7], "the selection in between was gone before its turn"
    assert all(name.startswith("graftwork reader") for name, _ in asked)
    assert heard == ["arrays", "arrays"]
    wait(lambda: all(session.column(model, "correct") is not None for model in whole))
    expected = {model: session.column(model, "correct")[:7].mean() for model in whole}
    assert {model: found.mean for model, found in session.accuracies().items()} == pytest.approx(expected)


@pytest.fixture
def wait() -> Any:
    def until(ready: Any) -> None:
        end = time.monotonic() + 20
        while not ready():
            assert time.monotonic() < end
            time.sleep(0.01)

    return until
