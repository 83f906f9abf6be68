"""What holds for every view."""

import csv
import gc
import weakref
from importlib.resources import files
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.views.notice import Notice
from graftwork.views.panel import ViewInfo
from graftwork.views.theme import look

from .showing import VIEWS, keep_fit, mask_of, rest, show

STARTS = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
SILENT = {"jobs", "selections"}  # they have something to say of an empty workspace, too
each = pytest.mark.parametrize("info", VIEWS, ids=lambda info: info.id)


@pytest.fixture(name="session")
def _session(session: Session) -> Session:
    """Return the session on a workspace with a fit, so that every view has something to show."""
    keep_fit(session)
    session.refresh()
    return session


def filled(session: Session) -> None:
    """Keep something, so that every table has rows."""
    session.select_samples(mask_of(30))
    session.keep_selection("thirty")


@each
def test_an_empty_workspace_has_a_next_step(info: ViewInfo, empty_session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, info.panel, empty_session)
    found = info.resolve(empty_session)
    if info.id in SILENT:
        assert panel.shows == "content"
        return
    assert panel.shows == "empty"
    assert isinstance(found, Notice)
    assert found.sentence.endswith(".")
    assert found.next_step


@each
def test_measured_models_are_shown(info: ViewInfo, session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, info.panel, session)
    if info.id == "samples" and panel.shows == "empty":
        session.select_samples(mask_of(5))
        rest(qtbot, session)
    assert panel.shows == "content"
    assert panel.grab().toImage().width() == panel.width()


@each
def test_the_table_twin_has_rows_as_wide_as_its_heading(
    info: ViewInfo, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    filled(session)
    panel = show(qtbot, info.panel, session)
    panel.twin_action.trigger()
    assert panel.shows == "table"
    table = panel.table()
    assert len(table.rows) > 0
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert table.units == () or len(table.units) == len(table.columns)
    with qtbot.waitSignal(panel.told):
        panel.export_table(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == list(table.headings)
    assert len(rows) == 1 + len(table.rows)


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("info", [info for info in VIEWS if info.draw], ids=lambda info: info.id)
def test_figures(info: ViewInfo, kind: str, session: Session, qtbot: QtBot, tmp_path: Path) -> None:
    filled(session)
    panel = show(qtbot, info.panel, session)
    written = info.save_figure(panel.state, tmp_path / f"a.{kind}").read_bytes()
    assert written.startswith(STARTS[kind])
    assert len(written) > 2000


@each
def test_help_is_written(info: ViewInfo) -> None:
    text = (files("graftwork.assets") / "help" / f"{info.id}.md").read_text("utf-8")
    assert text.startswith("# ")
    assert len(text.split()) > 30


@each
def test_a_selection_made_elsewhere_is_taken_over_in_silence(info: ViewInfo, session: Session, qtbot: QtBot) -> None:
    session.select_samples(mask_of(3))
    panel = show(qtbot, info.panel, session)
    before, heard = panel.state, list[str]()
    session.changed.connect(heard.append)
    session.select_samples(mask_of(20))
    session.select_models([session.snapshot.models[0].identity])
    rest(qtbot, session)
    assert [change for change in heard if change == "state"] == ["state", "state"]
    if info.id not in {"jobs", "inspector", "fits"}:
        assert panel.state is not before
        assert panel.state != before


@each
def test_it_closes_without_leaks(info: ViewInfo, session: Session, qtbot: QtBot) -> None:
    panel = info.panel()
    panel.bind(session)
    panel.show()
    rest(qtbot, session)
    gone = weakref.ref(panel)
    panel.close()
    panel.deleteLater()
    del panel
    qtbot.wait(10)
    session.select_samples(mask_of(7))
    look.apply("dark")
    look.apply("light")
    rest(qtbot, session)
    gc.collect()
    assert gone() is None


@each
def test_both_themes_change_the_picture(info: ViewInfo, session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, info.panel, session)
    pictures = []
    for theme in ("light", "dark", "light"):
        look.apply(theme)
        rest(qtbot, session)
        pictures.append(panel.grab().toImage())
    light, dark, again = (picture.pixelColor(8, picture.height() - 8).lightness() for picture in pictures)
    assert light > dark + 60
    assert again == light
