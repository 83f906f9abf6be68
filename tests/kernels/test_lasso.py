"""The lasso against the plain test of every point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.kernels.lasso import pixel_kinds, points_in_lasso
from graftwork.kernels.raster import Frame, pixel_index, points_in_polygon

FRAME = Frame(-1.0, 3.0, -2.0, 2.0, 331, 257)


def scattered(seed: int, count: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = rng.uniform([-1.5, -2.5], [3.5, 2.5], (count, 2)).astype(np.float32)
    points[rng.integers(0, count, 5)] = np.nan
    return points


corner = st.tuples(st.floats(-2, 4, width=32), st.floats(-3, 3, width=32))


@given(st.lists(corner, min_size=0, max_size=12), st.integers(0, 3), st.sampled_from([1.0, 0.02, 1e6]))
def test_equals_the_test_of_every_point(corners: list[tuple[float, float]], seed: int, scale: float) -> None:
    polygon = np.array(corners, np.float64).reshape(-1, 2) * scale
    points = scattered(seed)
    found = points_in_lasso(points, pixel_index(points, FRAME), polygon, FRAME)
    np.testing.assert_array_equal(found, points_in_polygon(points, polygon))


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (128, 128), (700, 500)])
def test_frames_of_any_size(size: tuple[int, int]) -> None:
    frame = Frame(-1.0, 3.0, -2.0, 2.0, *size)
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    star = np.column_stack([np.cos(turn), np.sin(turn)]) * (1 + 0.5 * np.cos(7 * turn))[:, None]
    points = scattered(1)
    found = points_in_lasso(points, pixel_index(points, frame), star, frame)
    np.testing.assert_array_equal(found, points_in_polygon(points, star))


def test_few_pixels_are_near_the_outline() -> None:
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    circle = np.column_stack([1 + np.cos(turn), np.sin(turn)])
    kinds = pixel_kinds(circle, FRAME)
    assert len(kinds) == FRAME.size + 1
    assert (kinds == 1).mean() == pytest.approx(np.pi / 16, rel=0.2)
    assert (kinds == 2).mean() < 0.15
    assert kinds[-1] == 0
