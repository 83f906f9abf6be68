import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from graftwork.views.cloud import Cloud, _few, _many, inside
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


def reference(points: NDArray[np.float64], rect: QRectF, width: int, height: int) -> NDArray[np.int64]:
    grid = np.zeros((height, width), dtype=np.int64)
    for x, y in points:
        column = np.floor((x - rect.left()) * (width / rect.width()))
        row = np.floor((y - rect.top()) * (height / rect.height()))
        if 0 <= column < width and 0 <= row < height:
            grid[int(row), int(column)] += 1
    return grid


def test_counts_equal_the_plain_reference(plot: Plot, cloud: Cloud) -> None:
    points = RNG.normal(size=(20_000, 2))
    points[::500] = np.nan
    cloud.set_points(points, RNG.integers(0, 10, len(points)))
    plot.box.setRange(QRectF(-1, -1.5, 2.5, 2), padding=0)
    counts = cloud.counts()
    finite = points[np.isfinite(points).all(axis=1)]
    np.testing.assert_array_equal(counts, reference(finite, plot.seen, counts.shape[1], counts.shape[0]))


def colour_at(plot: Plot, x: float, y: float) -> QColor:
    place = plot.mapFromScene(plot.box.mapViewToScene(QPointF(x, y)))
    colour: QColor = plot.grab().toImage().pixelColor(place)
    return colour


def near(one: QColor, other: str) -> bool:
    want = QColor(other)
    away = (one.red() - want.red(), one.green() - want.green(), one.blue() - want.blue())
    return all(abs(part) < 60 for part in away)


@pytest.mark.parametrize("count", [300, 30_000])
def test_both_ways_of_counting_agree_with_a_loop(count: int) -> None:
    size = 400
    pixels = RNG.integers(0, size, count)
    codes = np.sort(RNG.integers(1, 10, count).astype(np.uint8))
    expected = np.zeros(size, dtype=np.int64)
    for pixel in range(size):
        tally = np.bincount(codes[pixels == pixel], minlength=16)
        expected[pixel] = (tally * 16 + np.arange(16)).max() if tally.any() else 0
    for count_them in (_few, _many):
        found = count_them(pixels, codes, size)
        np.testing.assert_array_equal(np.where(found >= 16, found, 0), expected)


def test_a_full_pixel_keeps_its_class() -> None:
    pixels, codes = np.zeros(10_000, dtype=np.intp), np.full(10_000, 3, dtype=np.uint8)
    assert _few(pixels, codes, 4)[0] == _many(pixels, codes, 4)[0] == 4095 * 16 + 3


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


def test_inside_agrees_with_a_ray_per_point() -> None:
    points = RNG.normal(size=(500, 2))
    angle = np.sort(RNG.uniform(0, 2 * np.pi, 40))
    polygon = np.c_[np.cos(angle), np.sin(angle)] * RNG.uniform(0.3, 2.0, (40, 1))

    def ray(x: float, y: float) -> bool:
        hit = False
        for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                hit = not hit
        return hit

    np.testing.assert_array_equal(inside(points, polygon), [ray(x, y) for x, y in points])


def test_an_empty_cloud_draws(plot: Plot, cloud: Cloud) -> None:
    cloud.set_points(np.empty((0, 2)))
    plot.grab()
    assert cloud.counts().sum() == 0
    assert cloud.nearest(0, 0) is None
