"""Tooltips say what files say, as it is."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as Texts
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from graftwork.views.table import Table, TableModel
from graftwork.views.tips import as_tip

ODD = ["plain", "<b>bold</b> & more", "a < b", "<img src='x'>\nsecond line", "<script>", "&amp;"]


def seen(tip: str) -> str:
    """Return the text that Qt shows of a tooltip."""
    if not Texts.mightBeRichText(tip):
        return tip
    document = QTextDocument()
    document.setHtml(tip)
    return document.toPlainText()


@pytest.mark.parametrize("text", ODD)
def test_a_tip_shows_the_text_itself(text: str, qtbot: QtBot) -> None:
    assert seen(as_tip(text)) == text


def test_a_cell_of_a_table_says_a_class_as_it_is(qtbot: QtBot) -> None:
    model = TableModel(Table(("class",), [("<b>cat</b>",)]))
    assert seen(model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)) == "<b>cat</b>"
