"""Pixels against one point at a time."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from graftwork.kernels import raster
from graftwork.kernels.raster import Frame

FRAME = Frame(left=-1, right=1, bottom=-0.5, top=0.5, width=20, height=10)
coordinates = st.floats(-1.5, 1.5) | st.just(float("nan")) | st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0])
clouds = st.integers(0, 60).flatmap(lambda n: arrays(np.float64, (n, 2), elements=coordinates))


def cloud(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 2)) * 0.4


def test_corners() -> None:
    points = np.array([[-1, 0.5], [0.99, -0.49], [1.0, 0.0], [0.0, -0.5], [np.nan, 0.0]])
    outside = FRAME.size
    assert raster.pixel_index(points, FRAME).tolist() == [0, 199, outside, outside, outside]


@given(clouds)
def test_pixels_equal_the_reference(points: np.ndarray) -> None:
    np.testing.assert_array_equal(raster.pixel_index(points, FRAME), raster.pixel_index_reference(points, FRAME))


@given(clouds, st.randoms())
def test_counts_equal_the_reference(points: np.ndarray, random: Random) -> None:
    pixels = raster.pixel_index(points, FRAME)
    among = np.array([random.random() < 0.5 for _ in points], bool)
    for mask in (None, among):
        image = raster.counts(pixels, FRAME, mask)
        np.testing.assert_array_equal(image, raster.counts_reference(pixels, FRAME, mask))
        assert image.shape == (10, 20)


@given(clouds, st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_majority_equals_the_reference(points: np.ndarray, classes: int, seed: int) -> None:
    points = np.round(points)  # so that pixels hold many points, and ties
    labels = np.random.default_rng(seed).integers(0, classes, len(points))
    pixels = raster.pixel_index(points, FRAME)
    np.testing.assert_array_equal(
        raster.majority(pixels, labels, classes, FRAME), raster.majority_reference(pixels, labels, classes, FRAME)
    )


def test_density_goes_from_none_to_the_fullest() -> None:
    assert raster.density(np.array([[0, 1, 3]])).tolist() == [[0, 0.5, 1]]
    assert raster.density(np.zeros((1, 2), np.intp)).tolist() == [[0, 0]]


def test_a_window_holds_its_points() -> None:
    points = cloud(500)
    pixels = raster.pixel_index(points, FRAME)
    found = raster.points_in_window(raster.lookup(pixels, FRAME), FRAME, (3, 12), (2, 7))
    column, row = FRAME.columns(points[:, 0]), FRAME.rows(points[:, 1])
    expected = np.flatnonzero((column >= 3) & (column < 12) & (row >= 2) & (row < 7))
    assert found.tolist() == expected.tolist()
    assert len(found) > 10


def test_a_window_outside_is_empty() -> None:
    lookup = raster.lookup(raster.pixel_index(cloud(50), FRAME), FRAME)
    assert len(raster.points_in_window(lookup, FRAME, (30, 40), (0, 5))) == 0
    assert len(raster.points_in_window(lookup, FRAME, (0, 5), (-9, 0))) == 0


@pytest.mark.parametrize("radius", [0.3, 1.0, 4.0])
def test_nearest_equals_the_reference(radius: float) -> None:
    points = cloud(200, 3)
    lookup = raster.lookup(raster.pixel_index(points, FRAME), FRAME)
    hits = 0
    for position in np.random.default_rng(4).uniform([-2, -2], [22, 12], (100, 2)):
        where = (float(position[0]), float(position[1]))
        found = raster.nearest_point(lookup, points, FRAME, where, radius)
        assert found == raster.nearest_point_reference(points, FRAME, where, radius)
        hits += found is not None
    assert hits > 0


@given(clouds, st.integers(0, 12).flatmap(lambda k: arrays(np.float64, (k, 2), elements=st.floats(-1, 1, width=16))))
def test_polygon_equals_the_reference(points: np.ndarray, polygon: np.ndarray) -> None:
    found = raster.points_in_polygon(points, polygon)
    expected = raster.points_in_polygon_reference(points, polygon) if len(polygon) > 2 else np.zeros(len(points), bool)
    np.testing.assert_array_equal(found, expected)


def test_a_square_and_its_border() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    points = np.array([[0.5, 0.5], [1.5, 0.5], [0.5, -0.1], [np.nan, 0.5]])
    assert raster.points_in_polygon(points, square).tolist() == [True, False, False, False]
    # Four squares that meet in a point share it out: exactly one owns it.
    corners = [square + shift for shift in ([0, 0], [-1, 0], [0, -1], [-1, -1])]
    assert sum(bool(raster.points_in_polygon(np.zeros((1, 2)), c)[0]) for c in corners) == 1


def test_the_heart_of_a_star_is_outside() -> None:
    angles = np.pi / 2 + 4 * np.pi / 5 * np.arange(5)
    star = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert raster.points_in_polygon(np.array([[0.0, 0.0], [0.0, 0.8]]), star).tolist() == [False, True]


def test_float32_points_like_float64() -> None:
    points = cloud(2000).astype(np.float32)
    circle = np.stack([np.cos(np.linspace(0, 6, 50)), np.sin(np.linspace(0, 6, 50))], axis=1) * 0.5
    np.testing.assert_array_equal(
        raster.points_in_polygon(points, circle), raster.points_in_polygon_reference(points, circle)
    )


def test_arguments_stay_as_they_were() -> None:
    points = cloud(30)
    before = points.copy()
    pixels = raster.pixel_index(points, FRAME)
    kept = pixels.copy()
    labels = np.zeros(30, np.int64)
    raster.majority(pixels, labels, 1, FRAME)
    raster.lookup(pixels, FRAME)
    raster.points_in_polygon(points, points[:5])
    np.testing.assert_array_equal(points, before)
    np.testing.assert_array_equal(pixels, kept)
