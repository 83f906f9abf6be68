"""Fits in the window: listed in words, drawn over the models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.views.curves import Curve, curve_at, curves_of
from graftwork.views.fits import FitsPanel, FitsState, as_html, resolve
from graftwork.views.tradeoff import TradeoffPanel, draw

from .showing import keep_fit, rest, show


@pytest.fixture
def tradeoff(session: Session, qtbot: QtBot) -> TradeoffPanel:
    """Return the trade-off of a workspace with a fit of its axes."""
    keep_fit(session)
    session.refresh()
    return show(qtbot, TradeoffPanel, session)


def line(y: float, title: str = "a") -> Curve:
    return Curve(title, title, title, x=(0.0, 10.0), y=(y, y + 10), low=(y - 1, y + 9), high=(y + 1, y + 11))


def test_fits_are_told_in_words_with_what_they_are_from(session: Session, qtbot: QtBot) -> None:
    keep_fit(session)
    session.refresh()
    panel = show(qtbot, FitsPanel, session)
    assert panel.state is not None
    (fit,) = panel.state.fits
    assert fit.source == "7 models, accuracy by cost.nominal.nonzeros, grouped by method"
    text = panel._text.text()
    assert "crossing at n = 3." in text
    assert "Something &lt;else&gt;." in text
    rows = panel.table().rows
    assert rows[0] == ("law", "fit.power_law.beta.group.prune.magnitude", -0.5, -0.6, -0.4, "", "")
    assert tuple(row[-1] for row in rows[1:]) == fit.remarks


def test_why_a_fit_failed_and_that_another_is_out_of_date_is_told(session: Session) -> None:
    keep_fit(session, y="loss", problem="A law needs 4 sizes.")
    spec = keep_fit(session)
    session.workspace.finish_fit(spec.identity, "other inputs", session.workspace.fits()[1].result)
    session.refresh()
    state = resolve(session)
    assert isinstance(state, FitsState)
    assert [fit.problem for fit in state.fits] == [
        "A law needs 4 sizes. Measure more models.",
        "What it is fitted to has changed. Run the recipe again.",
    ]
    assert all(not fit.remarks and not fit.values for fit in state.fits)
    assert 'color:#abcdef">A law needs' in as_html(state, "#000000", "#abcdef")
    assert curves_of(session.snapshot.fits, "cost.nominal.nonzeros", "accuracy") == ()


def test_a_fit_of_the_axes_is_drawn_and_goes_with_them(tradeoff: TradeoffPanel, session: Session, qtbot: QtBot) -> None:
    assert tradeoff.state is not None
    (curve,) = tradeoff.state.curves
    lower, upper, _, drawn = tradeoff._curves.items
    np.testing.assert_array_equal(np.array(drawn.getData()), np.array([curve.x, curve.y]))
    assert (tuple(lower.getData()[1]), tuple(upper.getData()[1])) == (curve.low, curve.high)
    assert "law:&nbsp;prune.magnitude" in tradeoff._legend.text()
    session.set_option("tradeoff.y", "loss")
    rest(qtbot, session)
    assert not tradeoff._curves.items
    assert "law" not in tradeoff._legend.text()


def test_a_curve_says_what_it_is_where_it_is_pointed_at(tradeoff: TradeoffPanel) -> None:
    place = tradeoff.plot.box.mapViewToScene(QPointF(1e4, 0.6))
    tradeoff._on_mouse_moved(place)
    told = tradeoff.plot.toolTip().splitlines()
    assert told == ["law", "prune.magnitude: It falls.", "prune.magnitude and merge.linear: crossing at n = 3."]
    tradeoff._on_mouse_moved(place + QPointF(0, 60))
    assert tradeoff.plot.toolTip() == ""


@pytest.mark.parametrize(("place", "found"), [((5, 5.4), "a"), ((5, 24.9), "b"), ((5, 15), None), ((-2, -2), None)])
def test_the_nearest_curve_is_found_within_its_pixels(place: tuple[float, float], found: str | None) -> None:
    near = curve_at([line(0), line(20, "b")], place, (1.0, 1.0), near=2)
    assert (near.title if near else None) == found
    assert curve_at([], place, (1.0, 1.0)) is None


def test_near_is_in_pixels_and_not_in_units() -> None:
    assert curve_at([line(0)], (5, 10), (1.0, 1.0), near=2) is None
    assert curve_at([line(0)], (5, 10), (10.0, 10.0), near=2)


def test_figures_for_print_have_the_curve_and_its_band(tradeoff: TradeoffPanel, tmp_path: Path) -> None:
    assert tradeoff.state is not None
    figure = Figure()
    draw(figure, tradeoff.state)
    axes: Any = figure.axes[0]
    (curve,) = tradeoff.state.curves
    assert axes.get_legend().get_texts()[-1].get_text() == "law: prune.magnitude"
    assert any(np.array_equal(drawn.get_ydata(), curve.y) for drawn in axes.lines)
    (band,) = [part for part in axes.collections if type(part).__name__ == "FillBetweenPolyCollection"]
    assert band.get_paths()[0].vertices[:, 1].max() == curve.high[-1]
    written = tradeoff.info.save_figure(tradeoff.state, tmp_path / "a.svg")
    assert "law: prune.magnitude" in written.read_text("utf-8")
