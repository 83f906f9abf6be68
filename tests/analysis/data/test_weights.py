"""Weights of samples: read from every kind of file that has columns, and refused where they are none."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graftwork.analysis.data import open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import DataSpec
from graftwork.analysis.weights import WEIGHT, relative, some, weights_of

ROWS, LABELS = [[0.5, 2.0], [-1.5, 3.0], [4.0, 0.25], [1.0, 1.0]], [1, 0, 1, 0]
Write = Callable[[Path, Sequence[Any]], Path]


def columns(weights: Sequence[Any]) -> dict[str, Sequence[Any]]:
    first, second = zip(*ROWS, strict=True)
    return {"a": first, "b": second, "label": LABELS, "w": weights}


def csv(root: Path, weights: Sequence[Any]) -> Path:
    rows = zip(*columns(weights).values(), strict=True)
    (root / "set.csv").write_text("\n".join(["a,b,label,w", *(",".join(map(str, row)) for row in rows)]) + "\n")
    return root / "set.csv"


def parquet(root: Path, weights: Sequence[Any]) -> Path:
    pq.write_table(pa.table({name: list(column) for name, column in columns(weights).items()}), root / "set.parquet")
    return root / "set.parquet"


def npz(root: Path, weights: Sequence[Any]) -> Path:
    np.savez(root / "set.npz", x=np.array(ROWS, np.float32), labels=LABELS, w=np.array(weights))
    return root / "set.npz"


def hdf5(root: Path, weights: Sequence[Any]) -> Path:
    with h5py.File(root / "set.h5", "w") as file:
        file["x"], file["labels"] = np.array(ROWS, np.float32), LABELS
        file["w"] = [str(weight) for weight in weights] if isinstance(weights[0], str) else weights
    return root / "set.h5"


def lines(root: Path, weights: Sequence[Any]) -> Path:
    rows = ({"text": "ab", "label": label, "w": weight} for label, weight in zip(LABELS, weights, strict=True))
    (root / "set.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return root / "set.jsonl"


KINDS: dict[str, Write] = {write.__name__: write for write in (csv, parquet, npz, hdf5, lines)}
every = pytest.mark.parametrize("kind", KINDS)


def opened(path: Path, **fields: Any) -> Any:
    return open_data(DataSpec(name="set", path=str(path), content="-", **({"weight": "w"} | fields)))


@every
@pytest.mark.parametrize("weights", [[1, 2, 0, 5], [0.5, 1e-3, 2.25, 1e30]])
def test_weights_are_read_and_are_no_input(kind: str, weights: list[float], tmp_path: Path) -> None:
    with opened(KINDS[kind](tmp_path, weights)) as data:
        assert data.further[WEIGHT].dtype == np.float64
        np.testing.assert_allclose(data.further[WEIGHT], weights, rtol=1e-7)
        assert data.labels.tolist() == LABELS
        if data.kind == "numbers":
            assert next(data.batches(9)).tolist() == ROWS


@every
@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0, -0.5, 1.0, 1.0], "has the weight -0.5 in sample 2"),
        ([1.0, 1.0, float("inf"), 1.0], "has the weight inf in sample 3"),
        ([0.0] * 4, "All samples of .* have the weight 0 in 'w'"),
        (["a", "b", "c", "d"], "holds more than numbers, and so no weights"),
    ],
)
def test_what_is_no_weight_is_refused(kind: str, weights: list[Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        opened(KINDS[kind](tmp_path, weights))


@pytest.mark.parametrize("kind", ["parquet", "npz", "hdf5", "lines"])
def test_a_weight_that_is_not_a_number_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has the weight nan in sample 4|holds more than numbers"):
        opened(KINDS[kind](tmp_path, [1.0, 1.0, 1.0, float("nan")]))


@pytest.mark.parametrize("cell", ["", "nan", "?"])
def test_a_cell_without_a_weight_is_refused(cell: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'w'"):
        opened(csv(tmp_path, [1, cell, 2, 3]))


@pytest.mark.parametrize("text", ["true", "1" + "0" * 400, "NaN", '"1"'])
def test_what_json_writes_beside_numbers_is_no_weight(text: str, tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f'{{"text": "a", "w": {text}}}\n{{"text": "b", "w": 1}}\n')
    with pytest.raises(UserError, match="The column 'w'"):
        opened(path)


@every
@pytest.mark.parametrize(
    ("fields", "role"),
    [
        ({"label": "w"}, "labels"),
        ({"labels": ("w",)}, "labels"),
        ({"groups": ("w",)}, "groups"),
        ({"columns": ("a", "w")}, "inputs"),
    ],
)
def test_a_column_has_one_role(kind: str, fields: dict[str, Any], role: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"declared as weights and holds the {role}"):
        opened(KINDS[kind](tmp_path, [1, 2, 1, 1]), **fields)


@every
def test_labels_that_nobody_declared_are_no_weights_either(kind: str, tmp_path: Path) -> None:
    label = "labels" if kind in {"npz", "hdf5"} else "label"
    with pytest.raises(UserError, match="declared as weights and holds the labels"):
        opened(KINDS[kind](tmp_path, [1, 2, 1, 1]), weight=label)


def test_only_samples_that_are_chosen_need_a_weight_above_0(tmp_path: Path) -> None:
    path = csv(tmp_path, [1, 0, 1, 0])
    assert len(opened(path, classes=("1",)).labels) == 2
    with pytest.raises(UserError, match="have the weight 0"):
        opened(path, classes=("0",))


@pytest.mark.parametrize("path", ["digits", "lines.txt"])
def test_what_has_no_columns_has_no_weights(path: str, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("one\ntwo\n")
    with pytest.raises(UserError, match="has no columns, and so none of weights"):
        opened(Path(path) if path == "digits" else tmp_path / path)


def test_weights_are_relative_however_large_they_are() -> None:
    np.testing.assert_allclose(relative(np.array([1e308, 5e307, 0])), [1, 0.5, 0])
    np.testing.assert_allclose(relative(np.array([3e-320, 0])), [1, 0])
    np.testing.assert_array_equal(relative(np.array([2, 2], np.int8)), [1, 1])
    assert weights_of({}) is None
    assert some(None, np.array([0])) is None
