"""Numbers and text, in the files that people have them in; each made by the library that writes it."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import DataSpec

DRAWS = np.random.default_rng(0)
ROWS = DRAWS.normal(size=(40, 3)).astype(np.float32)
LABELS = DRAWS.integers(0, 4, 40)
KINDS = ("plum", "kiwi", "pear", "date")


def spec(path: Path, **fields: Any) -> DataSpec:
    return DataSpec(name="set", path=str(path), content="content", **fields)


def opened(path: Path, **fields: Any) -> Prepared:
    return open_data(spec(path, **fields))


def whole(data: Prepared, size: int = 7, start: int = 0) -> np.ndarray:
    return np.concatenate([np.asarray(batch) for batch in data.batches(size, start)])


def write_csv(path: Path, delimiter: str = ",", bom: bool = False) -> Path:
    with path.open("w", newline="", encoding="utf-8-sig" if bom else "utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(["a", "kind", "b", "who", "w", "note", "c"])
        for row, label in zip(ROWS.tolist(), LABELS, strict=True):
            writer.writerow([row[0], KINDS[label], row[1], label % 2, 0.5, 'said "so",\nhe', row[2]])
    return path


FIELDS: dict[str, Any] = {"label": "kind", "groups": ("who",), "weight": "w", "columns": ("a", "b", "c")}


@pytest.mark.parametrize(("delimiter", "bom"), [(",", False), (";", True), ("\t", False)])
def test_csv(delimiter: str, bom: bool, tmp_path: Path) -> None:
    data = opened(write_csv(tmp_path / "a.csv", delimiter, bom), **FIELDS)
    np.testing.assert_array_equal(whole(data), ROWS)
    assert data.kind == "numbers"
    assert data.classes == tuple(sorted(KINDS))
    assert [data.classes[label] for label in data.labels] == [KINDS[label] for label in LABELS]
    assert data.further["group.who"].tolist() == (LABELS % 2).tolist()
    assert data.further["weight"].tolist() == [0.5] * 40


def test_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    columns = {"a": ROWS[:, 0], "b": ROWS[:, 1], "c": ROWS[:, 2], "label": LABELS, "text": [KINDS[i] for i in LABELS]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    data = opened(tmp_path / "a.parquet")
    np.testing.assert_array_equal(whole(data), ROWS)
    np.testing.assert_array_equal(data.labels, LABELS)
    words = opened(tmp_path / "a.parquet", text="text", length=4)
    assert bytes((whole(words)[0] - 1).astype(np.uint8)).decode() == KINDS[LABELS[0]][:4]


def test_numbers_in_hdf5_and_npy(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("features", data=ROWS, chunks=(8, 3))
        file["labels"] = LABELS
        file["site"] = LABELS // 2
    np.save(tmp_path / "b.npy", ROWS)
    np.save(tmp_path / "b.labels.npy", LABELS)
    for path, fields in ((tmp_path / "a.h5", {"groups": ("site",)}), (tmp_path / "b.npy", {})):
        with opened(path, **fields) as data:
            np.testing.assert_array_equal(whole(data), ROWS)
            np.testing.assert_array_equal(whole(data, 9, 18), ROWS[18:])
            np.testing.assert_array_equal(data.labels, LABELS)
            assert data.classes == ("0", "1", "2", "3")
        with opened(path, limit=8, classes=("1", "3")) as some:
            chosen = np.flatnonzero(np.isin(LABELS, (1, 3)))
            assert set(map(tuple, whole(some).tolist())) <= set(map(tuple, ROWS[chosen].tolist()))
            assert len(some) == 8
            assert np.bincount(some.labels, minlength=4).tolist() == [0, 4, 0, 4]


@pytest.mark.parametrize("layout", ["hw", "hwc", "chw"])
def test_images_in_hdf5(layout: str, tmp_path: Path) -> None:
    pixels = DRAWS.integers(0, 256, (6, 3, 5, 4)).astype(np.uint8)
    stored = {"hw": pixels[:, 0], "hwc": pixels.transpose(0, 2, 3, 1), "chw": pixels}[layout]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = stored
    with opened(tmp_path / "a.h5") as data:
        expected = pixels[:, :1] if layout == "hw" else pixels
        np.testing.assert_array_equal(whole(data, 4), expected / np.float32(255))
        assert data.pictures(np.arange(2)).shape == (2, 5, 4, 3)
        assert set(data.labels) == {-1}
        assert data.classes == ()


def test_tokens_and_lines(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(12).reshape(3, 4))
    data = opened(tmp_path / "a.npy")
    assert (data.kind, data.pad) == ("tokens", None)
    np.testing.assert_array_equal(whole(data, 2), np.arange(12).reshape(3, 4))
    (tmp_path / "a.txt").write_text("Grün\n\nok\n", encoding="utf-8")
    lines = opened(tmp_path / "a.txt", length=6)
    assert whole(lines).tolist() == [[72, 115, 196, 189, 111, 0], [112, 108, 0, 0, 0, 0]]
    assert lines.names == ("Grün", "ok")
    with pytest.raises(ValueError, match="no pictures"):
        lines.pictures(np.arange(1))


def test_json_lines_with_a_vocabulary_of_characters(tmp_path: Path) -> None:
    rows = [{"text": "abba", "label": "b", "site": 1}, {"text": "bc", "label": "a", "site": 2}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "vocabulary.json").write_text(json.dumps(["a", "b", "c"]))
    data = opened(tmp_path / "a.jsonl", tokenizer=str(tmp_path / "vocabulary.json"), length=3, groups=("site",))
    assert whole(data).tolist() == [[0, 1, 1], [1, 2, 3]]
    assert (data.pad, data.classes, data.labels.tolist()) == (3, ("a", "b"), [1, 0])
    assert data.further["group.site"].tolist() == [b"1", b"2"]


def test_a_tokenizer_file(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {"[PAD]": 0, "[UNK]": 1, "cut": 2, "and": 3, "join": 4}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.enable_padding(length=9)
    made.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "a.txt").write_text("cut and join\njoin nothing\n")
    data = opened(tmp_path / "a.txt", tokenizer=str(tmp_path / "tokenizer.json"), length=4)
    assert whole(data).tolist() == [[2, 3, 4, 0], [4, 1, 0, 0]]


# Scaling


def test_images_of_mixed_sizes_are_scaled_as_declared(tmp_path: Path) -> None:
    made = []
    for number, (width, height) in enumerate(((31, 20), (18, 40))):
        (tmp_path / "set" / "a").mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(DRAWS.integers(0, 256, (height, width, 3)).astype(np.uint8))
        image.save(tmp_path / "set" / "a" / f"{number}.png")
        made.append(image)
    with pytest.raises(UserError, match="such as by resize = 256 and crop = 224"):
        whole(opened(tmp_path / "set"))
    found = whole(opened(tmp_path / "set", resize=16, crop=12))
    # The shorter side to 16, the longer one rounded down; then twelve pixels from the middle.
    first = made[0].resize((24, 16), Image.Resampling.BILINEAR).crop((6, 2, 18, 14))
    second = made[1].resize((16, 35), Image.Resampling.BILINEAR).crop((2, 12, 14, 24))
    for row, image in enumerate((first, second)):
        np.testing.assert_array_equal(found[row], np.asarray(image).transpose(2, 0, 1) / np.float32(255))
    assert whole(opened(tmp_path / "set", resize=(8, 10))).shape == (2, 3, 8, 10)
    assert whole(opened(tmp_path / "set", resize=(8, 10), channels=1)).shape == (2, 1, 8, 10)
    with pytest.raises(UserError, match="smaller than its crop"):
        whole(opened(tmp_path / "set", crop=25))


# A million samples

MILLION = """
import resource, sys
from pathlib import Path
from graftwork.analysis.data import open_data
from graftwork.analysis.trials import DataSpec
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = open_data(DataSpec(name="set", path=sys.argv[1], content="-"))
total = sum(len(batch) for batch in data.batches(8192))
print(total, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.heavy("a million samples")
@pytest.mark.skipif(sys.platform == "win32", reason="asks the system for memory")
def test_a_million_samples_stay_on_the_disk(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (1_000_000, 64), np.float32, chunks=(50_000, 64), fillvalue=1.0)
        file["y"] = np.arange(1_000_000) % 10
    done = subprocess.run(
        [sys.executable, "-c", MILLION, str(tmp_path / "a.h5")], capture_output=True, text=True, check=True
    )
    count, grown = map(int, done.stdout.split())
    assert count == 1_000_000
    assert grown < 230  # MiB; the rows themselves are 244


def test_a_zero_byte_behind_a_number_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,y\n1\0,0\n2,1\0\n")
    data = opened(tmp_path / "a.csv")
    assert whole(data).tolist() == [[1.0], [2.0]]
    assert data.labels.tolist() == [0, 1]
