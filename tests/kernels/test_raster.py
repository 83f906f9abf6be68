"""Pixels against one point at a time."""

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


@given(clouds, st.integers(1, 15), st.integers(0, 2**32 - 1))
def test_marks_equal_the_reference(points: np.ndarray, highest: int, seed: int) -> None:
    points = np.round(points)  # so that pixels hold many points, and ties
    codes = np.sort(np.random.default_rng(seed).integers(1, highest + 1, len(points)).astype(np.uint8))
    pixels = raster.pixel_index(points, FRAME)
    expected = raster.marks_reference(pixels, codes, FRAME)
    for found in (raster._marks_by_sorting(pixels, codes, FRAME), raster._marks_by_code(pixels, codes, FRAME)):
        np.testing.assert_array_equal(found[:-1].reshape(10, 20), expected)
    np.testing.assert_array_equal(raster.marks(pixels, codes, FRAME), expected)


@pytest.mark.parametrize("count", [10, 10_000])
def test_a_full_pixel_keeps_its_code(count: int) -> None:
    pixels, codes = np.zeros(count, np.intp), np.full(count, 3, np.uint8)
    assert raster.marks(pixels, codes, FRAME)[0, 0] == min(count, raster.MOST) * raster.CODES + 3


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_growing_equals_the_reference(size: int) -> None:
    image = np.random.default_rng(size).integers(0, 900, (9, 13)).astype(np.uint16)
    image[image < 700] = 0
    found = raster.grown(image, size)
    np.testing.assert_array_equal(found, raster.grown_reference(image, size))
    assert np.count_nonzero(found) >= np.count_nonzero(image)
    assert size == 1 or np.count_nonzero(found) > np.count_nonzero(image)


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
    codes = np.ones(30, np.uint8)
    raster.grown(raster.marks(pixels, codes, FRAME), 3)
    raster.points_in_polygon(points, points[:5])
    np.testing.assert_array_equal(points, before)
    np.testing.assert_array_equal(pixels, kept)
