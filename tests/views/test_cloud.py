import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from graftwork.views.cloud import Cloud
from graftwork.views.plot import Plot
from graftwork.views.theme import CLASS_HUES, look

RNG = np.random.default_rng(3)


@pytest.fixture
def plot(qtbot: QtBot) -> Plot:
    made = Plot()
    qtbot.addWidget(made)
    made.resize(420, 330)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def cloud(plot: Plot) -> Cloud:
    made = Cloud()
    plot.add(made)
    return made


def colour_at(plot: Plot, x: float, y: float) -> QColor:
    place = plot.mapFromScene(plot.box.mapViewToScene(QPointF(x, y)))
    colour: QColor = plot.grab().toImage().pixelColor(place)
    return colour


def near(one: QColor, other: str) -> bool:
    want = QColor(other)
    away = (one.red() - want.red(), one.green() - want.green(), one.blue() - want.blue())
    return all(abs(part) < 60 for part in away)


def test_a_pixel_shows_its_commonest_class(plot: Plot, cloud: Cloud) -> None:
    points = np.array([[0.0, 0.0]] * 30 + [[1.0, 1.0]] * 3)
    cloud.set_points(points, np.array([2] * 20 + [0] * 10 + [4] * 3))
    plot.fit()
    assert near(colour_at(plot, 0, 0), CLASS_HUES[2])
    assert near(colour_at(plot, 1, 1), CLASS_HUES[4])


def test_unselected_points_stay_in_grey(plot: Plot, cloud: Cloud) -> None:
    points = np.array([[0.0, 0.0]] * 9 + [[1.0, 1.0]] * 9)
    cloud.set_points(points, np.array([0] * 9 + [4] * 9))
    plot.fit()
    cloud.set_mask(np.arange(18) >= 9)
    assert near(colour_at(plot, 0, 0), look.theme.faded)
    assert near(colour_at(plot, 1, 1), CLASS_HUES[4])
    cloud.set_mask(np.zeros(18, dtype=bool))
    assert near(colour_at(plot, 0, 0), CLASS_HUES[0])


def test_bounds_and_the_nearest_point(plot: Plot, cloud: Cloud) -> None:
    cloud.set_points(np.array([[0.0, 0.0], [2.0, 4.0], [np.nan, 9.0]]))
    plot.fit()
    assert cloud.bounds() == QRectF(0, 0, 2, 4)
    assert cloud.bounds(selected=True) is None
    cloud.set_mask(np.array([False, True, False]))
    assert cloud.bounds(selected=True) == QRectF(2, 4, 0, 0)
    assert cloud.nearest(2.0, 4.0) == 1
    assert cloud.nearest(1.0, 2.0) is None


def test_an_empty_cloud_draws(plot: Plot, cloud: Cloud) -> None:
    cloud.set_points(np.empty((0, 2)))
    plot.grab()
    assert cloud.nearest(0, 0) is None


def test_few_and_many_selected_points_are_found_alike(cloud: Cloud) -> None:
    points, classes = RNG.normal(size=(4000, 2)), RNG.integers(0, 9, 4000)
    cloud.set_points(points, classes)
    for share in (0.01, 0.9):
        mask = RNG.random(4000) < share
        found = cloud._chosen(mask)
        np.testing.assert_array_equal(found, np.flatnonzero(mask[cloud._order]))


def test_a_lasso_gives_the_points_in_the_order_in_which_they_came(plot: Plot, cloud: Cloud) -> None:
    points = RNG.uniform(-1, 1, (5000, 2))
    cloud.set_points(points, RNG.integers(-1, 12, 5000))
    plot.fit()
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    np.testing.assert_array_equal(cloud.within(square), (np.abs(points) < 0.5).all(axis=1))
