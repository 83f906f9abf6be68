"""A few samples, as they would reach a network."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graftwork.analysis.data import open_data
from graftwork.analysis.data.preview import preview_of
from graftwork.analysis.errors import UserError
from graftwork.analysis.trials import DataFields, DataSpec


def pictures(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("ant", "bee"):
        (folder / name).mkdir(parents=True)
        for number in range(5):
            pixels = rng.integers(0, 256, (20, 30, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def test_pictures_are_scaled_and_their_values_normalised(tmp_path: Path) -> None:
    fields = DataFields(name="a", path=str(pictures(tmp_path / "set")), resize=16, crop=12, normalise="imagenet")
    found = preview_of(fields, 4)
    with open_data(DataSpec(content="", **fields.replaced(limit=4).model_dump())) as data:
        expected = next(data.batches(4)).numpy()
    assert found["pictures"].shape == (4, 12, 12, 3)
    assert found["shape"] == (3, 12, 12)
    assert found["classes"] == ["ant", "ant", "bee", "bee"]
    assert found["class_names"] == ["ant", "bee"]
    assert found["mean"] == pytest.approx(expected.mean(), abs=1e-6)
    assert (found["low"], found["high"]) == (expected.min(), expected.max())


def test_rows_are_shown_by_their_first_numbers(tmp_path: Path) -> None:
    rows = np.arange(60, dtype=np.float32).reshape(5, 12)
    np.save(tmp_path / "rows.npy", rows)
    found = preview_of(DataFields(name="a", path=str(tmp_path / "rows.npy"), limit=2), 6)
    assert found["rows"] == rows[:2, :8].tolist()
    assert found["shape"] == (12,)
    assert "pictures" not in found


def test_a_preparation_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "set")
    with pytest.raises(UserError, match="smaller than its crop"):
        preview_of(DataFields(name="a", path=str(folder), crop=64), 4)
