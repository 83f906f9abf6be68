"""Procrustes against a known motion, scipy and the complex plane."""

import numpy as np
import pytest
from scipy.spatial import procrustes as scipy_procrustes

from graftwork.kernels.alignment import procrustes, procrustes_reference

RNG = np.random.default_rng(0)
TARGET = RNG.normal(size=(50, 2)) * [3, 1] + [5, -2]


@pytest.mark.parametrize("mirror", [1, -1])
def test_undoes_a_known_motion(mirror: int) -> None:
    angle = 1.1
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1, mirror])
    moved = 0.2 * TARGET @ turn + [100, 7]
    np.testing.assert_allclose(procrustes(moved, TARGET), TARGET, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_complex_plane(seed: int) -> None:
    layout = np.random.default_rng(seed).normal(size=TARGET.shape)
    np.testing.assert_allclose(procrustes(layout, TARGET), procrustes_reference(layout, TARGET), atol=1e-5)


def test_residual_is_scipys() -> None:
    layout = TARGET + RNG.normal(size=TARGET.shape)
    _, _, disparity = scipy_procrustes(TARGET, layout)
    residual = np.sum((procrustes(layout, TARGET) - TARGET) ** 2) / np.sum((TARGET - TARGET.mean(axis=0)) ** 2)
    assert residual == pytest.approx(disparity, rel=1e-4)


def test_a_single_point_goes_to_the_centre() -> None:
    found = procrustes(np.ones((50, 2)), TARGET)
    np.testing.assert_allclose(found, np.broadcast_to(TARGET.mean(axis=0), (50, 2)), rtol=1e-5)


def test_different_samples() -> None:
    with pytest.raises(ValueError, match="different samples"):
        procrustes(TARGET[:3], TARGET)
