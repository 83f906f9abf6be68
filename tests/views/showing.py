"""Showing a view on a session, and waiting until it stands still."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.analysis.sets.gathering import inputs_of
from graftwork.analysis.trials import FitEntry, FitResult, FitSpec, FittedCurve, Plan, Value
from graftwork.views.panel import Panel, load_views

Shown = TypeVar("Shown", bound=Panel[Any])
VIEWS = load_views()


def show(qtbot: QtBot, kind: type[Shown], session: Session) -> Shown:
    """Return a shown view, once everything that it loads is there."""
    panel = kind()
    qtbot.addWidget(panel)
    panel.resize(640, 480)
    panel.show()
    panel.bind(session)
    rest(qtbot, session)
    return panel


def rest(qtbot: QtBot, session: Session) -> None:
    """Wait until nothing is loaded, written or redrawn any more."""
    session.write(lambda _: None).result()
    for _ in range(3):
        qtbot.wait(5)
        qtbot.waitUntil(session.idle)
    qtbot.wait(5)


def keep_fit(
    session: Session,
    x: str = "cost.nominal.nonzeros",
    y: str = "accuracy",
    problem: str = "",
    data: str | None = None,
) -> FitSpec:
    """Keep a fit of all models in the session's workspace, with the curve of one group; ``problem``: why it failed."""
    space = session.workspace
    entry = FitEntry(name="all", models=tuple(model.identity for model in space.models()))
    spec = FitSpec(name="law", fit="fit.power_law", version=1, of=(entry,), x=x, y=y, by="method", data=data)
    space.add_plan(Plan(title="Fits", trials=(), fits=(spec,)), "")
    if problem:
        space.fail_fit(spec.identity, inputs_of(space, spec), problem, "Measure more models.")
        return spec
    places, middle = np.array([1e3, 1e4, 5e4]), np.array([0.2, 0.6, 0.8])
    band = {"x": places, "y": middle, "low": middle - 0.1, "high": middle + 0.1}
    curve = FittedCurve(group="prune.magnitude", words="It falls.", **{k: tuple(v) for k, v in band.items()})
    value = Value(measure="fit.power_law.beta.group.prune.magnitude", value=-0.5, low=-0.6, high=-0.4)
    remarks = ("prune.magnitude and merge.linear: crossing at n = 3.", "Something <else>.")
    result = FitResult(values=(value,), remarks=remarks, curves=(curve,))
    space.finish_fit(spec.identity, inputs_of(space, spec), result)
    return spec


def around(points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the corners of a rectangle around points (n, 2)."""
    (x0, y0), (x1, y1) = points.min(axis=0) - 1e-3, points.max(axis=0) + 1e-3
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)


def mask_of(count: int, size: int = 100) -> NDArray[np.bool_]:
    """Return a selection of the first samples."""
    return np.arange(size) < count
