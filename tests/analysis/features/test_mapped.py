"""Columns of several files, mapped while they are looked at."""

from pathlib import Path

import numpy as np

from graftwork.analysis.features.store import Mapped, write_columns


def mappings(path: Path) -> int:
    return Path("/proc/self/maps").read_text().count(str(path)) if Path("/proc/self/maps").exists() else 0


def test_columns_are_mapped_one_at_a_time(tmp_path: Path) -> None:
    values = [np.arange(12, dtype=np.float32).reshape(4, 3) + number for number in range(2)]
    places = []
    for number, array in enumerate(values):
        write_columns(tmp_path / f"{number}.h5", {"features": array})
        places.append((str(tmp_path / f"{number}.h5"), "features"))
    mapped = Mapped(places)
    assert len(mapped) == 2
    for expected, found in zip(values, mapped, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(mapped[1:][0], values[1])
    del found
    assert mappings(tmp_path) == 0
