"""Folders of checkpoints, as people have them."""

from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.app.importing import checkpoints_in, distinct_names


def test_files_below_and_folders_that_a_library_saved(tmp_path: Path) -> None:
    for name in ("run1/last.pt", "run2/last.pt", "run2/notes.txt", ".hidden/a.pt", "bert/config.json", "bert/a.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = checkpoints_in(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["bert", "run1/last.pt", "run2/last.pt"]
    assert distinct_names(found) == [f"{tmp_path.name}/bert", "run1/last", "run2/last"]


def test_names_are_short_where_they_can_be() -> None:
    assert distinct_names([Path("/a/x.pt"), Path("/a/y.pt")]) == ["x", "y"]
    assert distinct_names([]) == []


def test_a_path_that_is_no_text_is_refused() -> None:
    with pytest.raises(UserError, match=r"'/a/x\\udcff\.pt' is not UTF-8"):
        distinct_names([Path("/a/y.pt"), Path("/a/x\udcff.pt")])
