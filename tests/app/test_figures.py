"""Figures: what is seen is what is drawn, from the window, from a script and from the command line."""

from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.session import Session
from graftwork.app import runtime
from graftwork.app.figures import drawn_views, write_figure
from graftwork.views.panel import Panel
from graftwork.views.plot import Plot

from ..views.showing import mask_of, rest, show

DRAWN = ("embedding", "geometry", "lineage", "samples", "tradeoff")
ZOOMED = {"embedding": 2, "geometry": 2, "tradeoff": 1}


@pytest.fixture
def looked(session: Session) -> Session:
    """Return a session in which another model, reference, axis and selection were chosen than the first ones."""
    session.learn(session.desk.submit("catalogue").result())  # type: ignore[union-attr]
    runtime.keep_catalogue(session.catalogue)
    models = [model.identity for model in session.snapshot.models]
    session.look("look", primary=models[3], pinned=models[1])
    session.set_option("tradeoff.y", "loss")
    session.select_samples(mask_of(30))
    session.select_models(models[1:3])
    return session


def zoom(panel: Panel) -> None:  # type: ignore[type-arg]
    for plot in panel.findChildren(Plot):
        seen, plot.zoomed = plot.seen, True
        plot.box.setRange(QRectF(seen.left(), seen.top(), seen.width() / 2, seen.height() / 3), padding=0)


@pytest.mark.parametrize("name", DRAWN)
def test_the_copied_script_draws_the_same_figure(
    name: str, looked: Session, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = show(qtbot, drawn_views()[name].panel, looked)
    zoom(panel)
    rest(qtbot, looked)
    assert sum(part is not None for part in panel.seen()) == ZOOMED.get(name, 0)
    with qtbot.waitSignal(panel.told):
        panel.export_figure(tmp_path / "seen.svg")
    monkeypatch.chdir(tmp_path)
    exec(compile(panel.as_python(), "script", "exec"), {"__name__": "__main__"})
    assert (tmp_path / f"{name}.svg").read_bytes() == (tmp_path / "seen.svg").read_bytes()


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_shows_the_selection_and_the_reference(
    name: str, looked: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = show(qtbot, drawn_views()[name].panel, looked)

    def figure() -> bytes:
        rest(qtbot, looked)
        return panel.info.save_figure(panel.state, tmp_path / "a.svg", panel.seen()).read_bytes()

    models = [model.identity for model in looked.snapshot.models]
    first = figure()
    looked.select_samples(mask_of(60))
    looked.select_models(models[:1])
    second = figure()
    looked.look("pin", pinned=models[2])
    third = figure()
    assert first != second
    assert second != third or name == "samples"  # it tells of the reference where the pointer rests


def test_classes_without_names_are_drawn(looked: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    view = drawn_views()["embedding"]
    monkeypatch.setattr(Session, "class_names", lambda self: ())
    looked.clear_selection()
    labels = looked.labels()
    while labels is None or not looked.idle():
        labels = looked.labels()
    from graftwork.views.figure import settled

    text = view.save_figure(settled(view.resolve, looked), tmp_path / "a.svg").read_text()
    assert text.count("<image") == 2  # the points of each plane


@pytest.mark.parametrize(
    ("view", "option", "sentence"),
    [
        ("tradeoff", ("tradeoff.y", "nothing.such"), "No model has both"),
        ("embedding", ("embedding.method", "umap"), "has not been computed"),
        ("fits", ("", ""), "view to draw"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    session: Session, tmp_path: Path, view: str, option: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        write_figure(session.workspace.path, view, tmp_path / "a.svg", [option])
    assert not (tmp_path / "a.svg").exists()
