"""Samples are known again under other names, in other files and otherwise prepared."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.data.contents import Contents, as_text, contents_of, from_text, overlap
from graftwork.analysis.trials import DataSpec


def digits(**changes: Any) -> Contents:
    return _contents(DataSpec(**{"name": "a", "path": "digits", "content": "digits", **changes}))


def _contents(spec: DataSpec) -> Contents:
    return contents_of(spec, open_data(spec))


def share(measured: Contents, learnt: Contents) -> float:
    return overlap(measured, from_text(as_text(learnt)))


def test_hashes_survive_being_text() -> None:
    found = digits(limit=50)
    assert np.array_equal(from_text(as_text(found)), np.unique(found))


def test_parts_of_the_digits() -> None:
    test, train, whole = (digits(split=split) for split in ("test", "train", None))
    assert share(test, train) == 0
    assert share(test, whole) == 1
    assert share(whole, test) == pytest.approx(364 / 1797)
    assert share(test, digits(split="test", limit=91)) == pytest.approx(0.25)


@pytest.mark.parametrize("change", [{"name": "b"}, {"normalise": "digits"}, {"normalise": ((0.5,), (0.1,))}])
def test_names_and_normalisation_do_not_matter(change: dict[str, Any]) -> None:
    assert share(digits(split="test", **change), digits(split="test")) == 1


@pytest.mark.parametrize("kind", ["float32", "uint8"])
def test_the_same_images_in_another_file(kind: str, tmp_path: Path) -> None:
    data = open_data(DataSpec(name="a", path="digits", content="digits", split="test"))
    assert isinstance(data, Prepared)
    pictures = data.pictures(np.arange(40))[..., 0]
    images = pictures if kind == "uint8" else pictures.astype(np.float32) / 255
    np.savez(tmp_path / "a.npz", images=images, labels=data.labels[:40])
    assert share(_contents(DataSpec(name="c", path=str(tmp_path / "a.npz"), content="other")), digits()) == 1


def test_another_size_of_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    for number in range(4):
        Image.fromarray(np.full((8, 6), number, np.uint8)).save(tmp_path / "one" / f"{number}.png")
    plain = DataSpec(name="a", path=str(tmp_path), content="x")
    small = DataSpec(name="b", path=plain.path, content="x", resize=(4, 4), channels=3)
    assert share(_contents(small), _contents(plain)) == 1


@pytest.mark.parametrize("rows", [np.array([[0, 1.5], [-2, 3]], np.float32), np.array([[5, 6, 7], [7, 6, 5]])])
def test_rows_of_numbers_and_tokens(rows: np.ndarray[Any, Any], tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", rows)
    np.save(tmp_path / "b.npy", np.concatenate([-rows[:1] * -1, rows[1:] + 1]))
    first, second = (_contents(DataSpec(name=n, path=str(tmp_path / f"{n}.npy"), content=n)) for n in "ab")
    assert share(first, second) == 0.5
