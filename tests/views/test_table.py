import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.views.table import Table, TableModel, TableSheet, text_of

TABLE = Table(("Model", "Accuracy"), (("a", 91.5), ("b", None), ("c", 88.0), ("d", 91.5)), ("", "%"))


def shown(model: TableModel, column: int) -> list[str]:
    return [model.data(model.index(row, column)) for row in range(model.rowCount())]


def test_missing_values_come_last_in_either_direction(qtmodeltester: object) -> None:
    model = TableModel(TABLE)
    model.sort(1, Qt.SortOrder.AscendingOrder)
    assert shown(model, 0) == ["c", "a", "d", "b"]
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert shown(model, 0) == ["a", "d", "c", "b"]


def test_headings_bear_units() -> None:
    model = TableModel(TABLE)
    assert model.headerData(1, Qt.Orientation.Horizontal) == "Accuracy (%)"


def test_a_click_on_a_heading_sorts(qtbot: QtBot) -> None:
    sheet = TableSheet()
    qtbot.addWidget(sheet)
    sheet.show_table(TABLE)
    sheet.resize(400, 300)
    sheet.show()
    header = sheet.horizontalHeader()
    x = header.sectionViewportPosition(1) + 8
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=header.rect().center().__class__(x, 8))
    column = [sheet.model().index(row, 0).data() for row in range(4)]
    assert column in (["c", "a", "d", "b"], ["a", "d", "c", "b"])


def test_columns_are_not_copied() -> None:
    x = np.arange(100_000.0)
    table = Table.of({"x": x, "class": x.astype(int) % 3}, ("°", ""))
    assert table.column(0) is x
    assert table.rows[5] == (5.0, 2)
    assert table.order(1)[:3].tolist() == [0, 3, 6]


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Table.of({"x": [1], "y": [1, 2]})


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    TABLE.write_csv(path)
    with path.open(newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["Model", "Accuracy (%)"],
            ["a", "91.5"],
            ["b", ""],
            ["c", "88.0"],
            ["d", "91.5"],
        ]
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


def test_csv_in_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        TABLE.write_csv(tmp_path / "nowhere" / "table.csv")


def test_a_failed_csv_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def broken() -> object:
        yield ("a", 1)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        Table(("x", "y"), broken()).write_csv(path)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (1234567, "1\u202f234\u202f567"),
        (0.123456, "0.1235"),
        (True, "yes"),
        ("x", "x"),
    ],
)
def test_values_as_a_person_reads_them(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (270896.0, "270\u202f896"),
        (np.float32(3.0), "3"),
        (1e12, "1\u202f000\u202f000\u202f000\u202f000"),
        (-0.0, "0"),
        (123456.7, "123\u202f457"),
        (0.98765, "0.9877"),
        (1e300, "1e+300"),
        (np.inf, "inf"),
        (-np.inf, "-inf"),
        (7, "7"),
    ],
)
def test_whole_numbers_are_written_as_such(value: float, text: str) -> None:
    assert text_of(value) == text


def test_a_column_of_whole_numbers_is_kept_as_such(tmp_path: Path) -> None:
    table = Table(("Model", "Parameters", "Share"), (("a", 270896.0, 1.0), ("b", None, 0.5), ("c", 12.0, np.nan)))
    table.write_csv(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().split() == ["Model,Parameters,Share", "a,270896,1.0", "b,,0.5", "c,12,nan"]
    columns = Table.of({"Sample": np.arange(2), "Norm": np.array([2.0, 3.0], np.float32)})
    columns.write_csv(tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text().split() == ["Sample,Norm", "0,2", "1,3"]


def test_the_column_that_gives_way_keeps_a_few_letters(qtbot: QtBot) -> None:
    sheet = TableSheet(elastic=0)
    qtbot.addWidget(sheet)
    sheet.resize(200, 100)
    sheet.show()
    sheet.show_table(Table(("Measure", "Value"), (("accuracy", "100.00 [98.42, 100.00] % of all that there is"),)))
    assert sheet.columnWidth(0) > 80
