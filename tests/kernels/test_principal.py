"""Principal components against sklearn and the singular value decomposition."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from graftwork.kernels.principal import principal_plane, principal_plane_reference

FEATURES = (np.random.default_rng(0).normal(size=(200, 12)) * np.arange(1, 13) + 50).astype(np.float32)


def test_equals_the_reference() -> None:
    np.testing.assert_allclose(principal_plane(FEATURES), principal_plane_reference(FEATURES), atol=2e-3)


def test_equals_sklearn_up_to_sign() -> None:
    expected = PCA(2, svd_solver="full").fit_transform(FEATURES.astype(np.float64))
    found = principal_plane(FEATURES)
    signs = np.sign(np.sum(found * expected, axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=2e-3)


def test_sign_does_not_follow_the_order_of_samples() -> None:
    order = np.random.default_rng(1).permutation(len(FEATURES))
    np.testing.assert_allclose(principal_plane(FEATURES[order]), principal_plane(FEATURES)[order], atol=2e-3)


@pytest.mark.parametrize("features", [np.ones((5, 3), np.float32), np.zeros((4, 1), np.float32)])
def test_no_variance_is_one_point(features: np.ndarray) -> None:
    assert not principal_plane(features).any()


def test_one_feature_lies_on_a_line() -> None:
    plane = principal_plane(np.array([[0.0], [2.0]], np.float32))
    np.testing.assert_allclose(plane, [[-1, 0], [1, 0]])
