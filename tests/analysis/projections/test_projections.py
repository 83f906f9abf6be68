"""Every projection, and what each of them promises."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.projections import PROJECTIONS
from graftwork.analysis.projections.umap import warm_up
from graftwork.kernels.principal import principal_plane

CLASSES = np.repeat(np.arange(3), 40)


def blobs(seed: int = 0, width: int = 10) -> np.ndarray:
    """Return three groups of samples that lie far apart."""
    draws = np.random.default_rng(seed)
    return (draws.normal(size=(3, width))[CLASSES] * 10 + draws.normal(size=(120, width))).astype(np.float32)


def ring() -> np.ndarray:
    """Return a loop of samples, which has one layout but for its rotation."""
    draws = np.random.default_rng(0)
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    circle = np.stack([3 * np.cos(angle), 2 * np.sin(angle)], axis=1) @ draws.normal(size=(2, 10))
    return (circle + 0.01 * draws.normal(size=circle.shape)).astype(np.float32)


def laid(name: str, features: list[np.ndarray], ticket: Quiet | None = None, **parameters: Any) -> list[np.ndarray]:
    projection = PROJECTIONS.get(name)
    return projection.function(features, projection.check(parameters), ticket or Quiet())


NAMES = sorted(PROJECTIONS.load())
pytestmark = pytest.mark.heavy("parts of UMAP are compiled when they are first asked for")


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Compile UMAP once for all tests; a warning on the way fails them."""
    warm_up()


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is(name: str) -> None:
    entry = PROJECTIONS.get(name).entry
    assert entry.title
    assert entry.citation
    assert entry.summary.endswith(".")
    json.dumps(entry.parameter_schema)


def test_these_are_registered() -> None:
    assert {"pca", "umap"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_layout_a_model_and_the_same_again(name: str) -> None:
    features = [blobs(0), blobs(1, width=6)]
    before = [x.copy() for x in features]
    first, again = laid(name, features), laid(name, features)
    for layout, other in zip(first, again, strict=True):
        assert layout.shape == (120, 2)
        assert layout.dtype == np.float32
        assert np.isfinite(layout).all()
        np.testing.assert_array_equal(layout, other)
    for x, kept in zip(features, before, strict=True):
        np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("name", NAMES)
def test_groups_stay_apart(name: str) -> None:
    (layout,) = laid(name, [blobs()])
    centres = np.array([layout[c == CLASSES].mean(axis=0) for c in range(3)])
    nearest = np.linalg.norm(layout[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == CLASSES).mean() > 0.95


@pytest.mark.parametrize("name", NAMES)
def test_a_turned_model_lies_on_the_first(name: str) -> None:
    x = ring()
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(10, 10)))
    first, second = laid(name, [x, (2 * x @ turn).astype(np.float32)])
    spread = np.linalg.norm(first - first.mean(axis=0), axis=1).mean()
    # Rings that are turned at random lie 1.3 spreads apart.
    assert np.linalg.norm(first - second, axis=1).mean() < 0.5 * spread


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("features", [np.zeros((20, 5)), np.ones((2, 5)), np.arange(20.0)[:, None]])
def test_poor_features(name: str, features: np.ndarray) -> None:
    for layout in laid(name, [features.astype(np.float32)] * 2):
        assert layout.shape == (len(features), 2)
        assert np.isfinite(layout).all()


@pytest.mark.parametrize("name", NAMES)
def test_broken_features_are_named(name: str) -> None:
    broken = blobs()
    broken[3:5, 0] = np.nan
    with pytest.raises(UserError, match="2 of 120 samples of model 2"):
        laid(name, [blobs(), broken])


@pytest.mark.parametrize("name", NAMES)
def test_stops_when_asked(name: str) -> None:
    with pytest.raises(Cancelled):
        laid(name, [blobs()], Quiet(stop=lambda: True))


def test_pca_is_the_principal_plane() -> None:
    np.testing.assert_array_equal(laid("pca", [blobs()])[0], principal_plane(blobs()))


def test_umap_seed_decides() -> None:
    first, other = laid("umap", [blobs()], seed=1)[0], laid("umap", [blobs()], seed=2)[0]
    assert not np.array_equal(first, other)


def test_umap_without_a_seed() -> None:
    (layout,) = laid("umap", [blobs()], seed=None)
    assert np.isfinite(layout).all()


def test_umap_is_imported_when_needed() -> None:
    code = "import sys, graftwork.analysis.projections.umap; print({'umap', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_umap_lays_out_a_part_of_many_samples_and_leaves_the_others_without_a_place() -> None:
    features = [blobs(0), blobs(1)]
    first, second = laid("umap", features, most=50)
    drawn = np.isfinite(first).all(axis=1)
    assert drawn.sum() == 50
    np.testing.assert_array_equal(np.isnan(second).any(axis=1), ~drawn)
    assert np.isnan(first[~drawn]).all()
    alone = laid("umap", [x[drawn] for x in features])
    np.testing.assert_array_equal(first[drawn], alone[0])
    np.testing.assert_array_equal(second[drawn], alone[1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [1, 2])
def test_models_with_equal_features_have_equal_layouts(name: str, place: int) -> None:
    features = [blobs(0), blobs(1), blobs(2)]
    features[place] = features[place - 1].copy()
    layouts = laid(name, features)
    np.testing.assert_allclose(layouts[place], layouts[place - 1], atol=1e-4)
