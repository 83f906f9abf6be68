"""Names and order of classes: as files have them, and as a recipe declares them."""

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
from graftwork.analysis.data.labelled import encode
from graftwork.analysis.errors import UserError
from graftwork.analysis.recipe import DataInput
from graftwork.analysis.trials import DataSpec

Write = Callable[[Path, Sequence[Any]], Path]


def csv_file(root: Path, kinds: Sequence[Any]) -> Path:
    path = root / "set.csv"
    path.write_text("a,label\n" + "".join(f"{n},{kind}\n" for n, kind in enumerate(kinds)))
    return path


def json_lines(root: Path, kinds: Sequence[Any]) -> Path:
    path = root / "set.jsonl"
    path.write_text("".join(json.dumps({"text": "a", "label": kind}) + "\n" for kind in kinds))
    return path


def parquet(root: Path, kinds: Sequence[Any]) -> Path:
    pq.write_table(pa.table({"a": np.arange(len(kinds)), "label": kinds}), root / "set.parquet")
    return root / "set.parquet"


def npz(root: Path, kinds: Sequence[Any]) -> Path:
    np.savez(root / "set.npz", x=np.zeros((len(kinds), 2), np.float32), y=np.array(kinds))
    return root / "set.npz"


def hdf5(root: Path, kinds: Sequence[Any]) -> Path:
    with h5py.File(root / "set.h5", "w") as file:
        file["x"] = np.zeros((len(kinds), 2), np.float32)
        file["y"] = [kind.encode() if isinstance(kind, str) else kind for kind in kinds]
    return root / "set.h5"


@pytest.fixture(params=[csv_file, json_lines, parquet, npz, hdf5])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Sequence[Any]], Path]:
    return lambda kinds: request.param(tmp_path, kinds)


def labels(path: Path, **fields: Any) -> tuple[tuple[str, ...], list[int]]:
    with open_data(DataSpec(name="set", path=str(path), content="-", **fields)) as data:
        return data.classes, data.labels.tolist()


def test_declared_names_give_the_order(write: Callable[[Sequence[Any]], Path]) -> None:
    path = write(["pear", "kiwi", "pear"])
    assert labels(path) == (("kiwi", "pear"), [1, 0, 1])
    assert labels(path, classes=("pear", "kiwi")) == (("pear", "kiwi"), [0, 1, 0])
    assert labels(path, classes=("pear", "date", "kiwi")) == (("pear", "date", "kiwi"), [0, 2, 0])


def test_some_of_the_names_choose_samples(write: Callable[[Sequence[Any]], Path]) -> None:
    path = write(["pear", "kiwi", "plum", "pear"])
    assert labels(path, classes=("plum", "pear")) == (("kiwi", "pear", "plum"), [1, 2, 1])
    with pytest.raises(UserError, match=r"class of .* called 'plumb'"):
        labels(path, classes=("kiwi", "pear", "plumb"))


def test_labels_that_begin_at_one_may_be_declared(write: Callable[[Sequence[Any]], Path]) -> None:
    assert labels(write([1, 3, 2]), classes=("1", "2", "3")) == (("1", "2", "3"), [0, 2, 1])


def test_a_label_of_a_line_may_be_written_in_any_case(tmp_path: Path) -> None:
    path = json_lines(tmp_path, ["pear", "kiwi"])
    path.write_text(path.read_text().replace("label", "Label"))
    assert labels(path) == (("kiwi", "pear"), [1, 0])


def test_a_class_that_is_declared_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name one twice"):
        labels(csv_file(tmp_path, ["pear", "kiwi"]), classes=("pear", "kiwi", "pear"))


@pytest.mark.parametrize(
    ("values", "names", "found"),
    [
        ([-1, 10, 2], ("-1", "2", "10"), [0, 2, 1]),
        ([-1, 1], ("-1", "1"), [0, 1]),
        ([-1.0, 0.0], ("-1", "0"), [0, 1]),
        (["10", "9", "-3"], ("-3", "9", "10"), [2, 1, 0]),
        ([b"10", b"9"], ("9", "10"), [1, 0]),
        (["10", "9", "x"], ("10", "9", "x"), [0, 1, 2]),
        ([2, 0], ("0", "1", "2"), [2, 0]),
    ],
)
def test_whole_numbers_are_sorted_as_numbers(values: list[Any], names: tuple[str, ...], found: list[int]) -> None:
    encoded, classes = encode(np.array(values), "The labels")
    assert (classes, encoded.tolist()) == (names, found)


def test_a_recipe_may_name_classes_by_numbers() -> None:
    assert DataInput.model_validate({"name": "a", "path": "a.csv", "classes": [3, "1"]}).classes == ("3", "1")


def test_names_of_a_parquet_file_that_datasets_wrote(tmp_path: Path) -> None:
    features = {"label": {"names": ["pear", "date", "kiwi"], "_type": "ClassLabel"}}
    table = pa.table({"a": [1.0, 2.0], "label": [2, 0]})
    told = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(told), tmp_path / "set.parquet")
    assert labels(tmp_path / "set.parquet") == (("pear", "date", "kiwi"), [2, 0])
    assert labels(tmp_path / "set.parquet", classes=("kiwi", "date", "pear"))[1] == [0, 2]


def test_class_names_in_an_npz_count_its_labels_or_are_them(tmp_path: Path) -> None:
    rows = np.zeros((3, 2), np.float32)
    for kinds in ([1, 0, 1], ["pear", "kiwi", "pear"]):
        np.savez(tmp_path / "set.npz", x=rows, y=np.array(kinds), class_names=np.array(["kiwi", "pear", "date"]))
        assert labels(tmp_path / "set.npz") == (("kiwi", "pear", "date"), [1, 0, 1])
