"""Models that differ by their seed alone."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.analysis.trials import DerivedModel
from graftwork.views.points import Point
from graftwork.views.seeds import name_of_variants, variants
from graftwork.views.tradeoff import TradeoffPanel, draw, table

from .showing import around, rest, show

ACCURACIES = (0.2, 0.5, 0.4)
NONZEROS = (1000.0, 1200.0, 1100.0)


def made(name: str, parent: str = "source", seed: int | None = 0, **fields: Any) -> DerivedModel:
    given: dict[str, Any] = {"method": "prune.random", "version": 1, "parameters": {"amount": 0.5}} | fields
    return DerivedModel(name=name, parents=(parent,), seed=seed, **given)


def test_seeds_are_told_from_every_other_difference() -> None:
    models = [
        made("a", seed=0),
        made("b", seed=1),
        made("other amount", parameters={"amount": 0.9}),
        made("other parent", parent="another"),
        made("other method", method="prune.magnitude", seed=None),
        made("other data", references={"data": "d"}, parameters={"data": "name", "amount": 0.5}),
    ]
    specs = {model.identity: model for model in models}
    assert variants(list(specs), specs) == [[0, 1], [2], [3], [4], [5]]
    assert variants(["source", "another"], specs) == [[0], [1]]


def test_what_is_made_of_seeds_differs_by_seeds() -> None:
    parents = [made("a", seed=0), made("b", seed=1), made("c", seed=None, method="prune.magnitude")]
    trained: dict[str, Any] = {"method": "retrain.full", "references": {"data": "d"}}
    named = zip(parents, ("one", "two", "one"), strict=True)
    children = [made("x", parent=p.identity, parameters={"data": name}, **trained) for p, name in named]
    specs = {model.identity: model for model in (*parents, *children)}
    assert variants([child.identity for child in children], specs) == [[0, 1], [2]]


def test_variants_have_one_name() -> None:
    names = ["net/random-0.5-seed0/retrained", "net/random-0.5-seed12/retrained"]
    assert name_of_variants(names) == "net/random-0.5/retrained, 2 seeds"


@pytest.fixture
def seeded(session: Session) -> Session:
    """Return a session with three random variants of a network among its models."""
    snapshot = session.snapshot
    source = snapshot.by_name["resnet8"]
    models, trials, values = [], [], []
    record = next(trial for trial in snapshot.trials if trial.model == "resnet8/magnitude-0.3")
    for seed, (accuracy, nonzeros) in enumerate(zip(ACCURACIES, NONZEROS, strict=True)):
        spec = made(f"resnet8/random-0.5-seed{seed}", parent=source.identity, seed=seed)
        models.append(
            snapshot.by_name[record.model].replaced(identity=spec.identity, name=spec.name, method=spec.method)
        )
        trial = record.spec.replaced(model=spec)
        trials.append(record.replaced(model=spec.name, spec=trial))
        for measure, value in (("accuracy", accuracy), ("cost.nominal.nonzeros", nonzeros)):
            old = session.shown.by_model[record.model][0].values[measure]
            new = {"model": spec.name, "value": value, "low": value - 0.1, "high": value + 0.1}
            values.append(old.replaced(**new))
    session.snapshot = type(snapshot)(
        models=(*snapshot.models, *models),
        values=(*snapshot.values, *values),
        trials=(*snapshot.trials, *trials),
        columns=snapshot.columns,
        datasets=snapshot.datasets,
    )
    return session


@pytest.fixture
def panel(seeded: Session, qtbot: QtBot) -> TradeoffPanel:
    return show(qtbot, TradeoffPanel, seeded)


def bands(panel: TradeoffPanel) -> list[Point]:
    assert panel.state is not None
    return [point for point in panel.state.points if point.variants]


def test_random_variants_are_one_point_with_their_range(panel: TradeoffPanel) -> None:
    assert panel.state is not None
    assert len(panel.state.points) == 8
    (band,) = bands(panel)
    assert band.name == "resnet8/random-0.5, 3 seeds"
    assert (band.x, band.x_low, band.x_high) == (1100, 1000, 1200)
    assert band.y == pytest.approx(sum(ACCURACIES) / 3)
    assert (band.y_low, band.y_high) == (0.2, 0.5)
    assert band.bounds == "range of 3 seeds"
    assert "range over seeds" in panel._legend.text()
    assert panel._bands.opts["top"].tolist() == pytest.approx([0.5 - band.y])
    assert panel._bands.opts["left"].tolist() == [100]


def test_the_table_and_the_figure_say_it_in_words(panel: TradeoffPanel) -> None:
    assert panel.state is not None
    row = next(row for row in table(panel.state).rows if "seeds" in str(row[0]))
    assert row[2:5] == (1100, 1000, 1200)
    assert row[8] == "range of 3 seeds"
    figure = Figure()
    draw(figure, panel.state)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert "range over seeds" in [text.get_text() for text in legend.get_texts()]


def test_bands_are_switched_off_and_on(panel: TradeoffPanel, seeded: Session, qtbot: QtBot) -> None:
    box = panel.findChildren(QCheckBox)[0]
    assert box.isVisible()
    assert box.isChecked()
    box.click()
    rest(qtbot, seeded)
    assert panel.state is not None
    assert len(panel.state.points) == 10
    assert not bands(panel)
    assert "range over seeds" not in panel._legend.text()
    seeded.undo()
    rest(qtbot, seeded)
    assert box.isChecked()
    assert len(bands(panel)) == 1


def test_a_brush_over_a_band_selects_all_its_models(panel: TradeoffPanel, seeded: Session) -> None:
    (band,) = bands(panel)
    panel.plot.brushed.emit(around(np.array([(band.x, band.y)])), "replace")
    assert seeded.state.selection.models == set(band.variants)
    assert len(band.variants) == 3


def test_without_seeds_there_is_nothing_to_switch(session: Session, qtbot: QtBot) -> None:
    panel = show(qtbot, TradeoffPanel, session)
    assert not panel.findChildren(QCheckBox)[0].isVisible()
