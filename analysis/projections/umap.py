"""Neighbourhoods, laid out in the plane."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.alignment import procrustes
from ...kernels.principal import principal_plane
from ..jobs.protocol import Ticket
from ..registry import parameter
from . import PROJECTIONS, Parameters
from .checks import check_finite

_FEWEST = 4  # with fewer samples every layout shows the same neighbours


class UmapParameters(Parameters):
    """Parameters of UMAP."""

    neighbours: int = parameter(15, "How many neighbours a sample keeps close to.", unit="samples", ge=2)
    min_dist: float = parameter(0.1, "How near each other samples may lie in the layout.", ge=0, lt=1)
    most: int = parameter(
        50_000,
        "Of more samples, so many are drawn and laid out; the rest has no place.",
        unit="samples",
        ge=4,
    )
    seed: int | None = parameter(0, "Seeds the layout; without one it uses all cores and varies from run to run.", ge=0)


@PROJECTIONS.register(
    "umap",
    title="UMAP",
    citation="McInnes, Healy and Melville 2018, UMAP, arXiv:1802.03426",
    version=3,
)
def umap(
    features: Sequence[NDArray[np.float32]],
    parameters: UmapParameters,
    ticket: Ticket,
) -> list[NDArray[np.float32]]:
    """Layout that keeps neighbours near; it starts from principal components, later models from the first one's.

    Later models move in smaller steps, so that samples stay where they were unless their neighbours have changed; what
    comes out is laid onto the first by Procrustes. Models with equal features have equal layouts. Samples that were not
    drawn, the same of every model, have nan.

    Raises
    ------
    UserError
        If a feature is not a finite number.
    """
    check_finite(features)
    drawn = _drawn(len(features[0]), parameters)
    layouts: list[NDArray[np.float32]] = []
    for done, model in enumerate(features):
        ticket.progress(done, len(features), "UMAP")
        x = np.asarray(model[drawn])
        twin = next((twin for twin in range(done) if np.array_equal(features[twin][drawn], x)), None)
        if twin is not None:
            layouts.append(layouts[twin])
        elif layouts:
            moved = _fit(x, layouts[0], parameters, n_epochs=200, learning_rate=0.25)
            layouts.append(procrustes(moved, layouts[0]))
        else:
            layouts.append(_fit(x, principal_plane(x), parameters))
        ticket.check()
    return [_among(len(features[0]), drawn, layout) for layout in layouts]


def warm_up() -> None:
    """Compile what UMAP needs, seeded and not, on a tiny example; takes tens of seconds on a machine's first time."""
    x = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    for seed in (0, None):
        _fit(x, x[:, :2], UmapParameters(neighbours=5, seed=seed), force_approximation_algorithm=True)


def _drawn(samples: int, parameters: UmapParameters) -> NDArray[np.int64]:
    """Return which samples are laid out, ascending: all, or as many as may be."""
    if samples <= parameters.most:
        return np.arange(samples)
    rng = np.random.default_rng(parameters.seed)
    return np.sort(rng.choice(samples, parameters.most, replace=False, shuffle=False))


def _among(samples: int, drawn: NDArray[np.int64], layout: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the layout of all samples, (samples, 2), from that of those that were drawn."""
    whole = np.full((samples, 2), np.nan, np.float32)
    whole[drawn] = layout
    return whole


def _fit(
    x: NDArray[np.float32],
    start: NDArray[np.float32],
    parameters: UmapParameters,
    **settings: Any,
) -> NDArray[np.float32]:
    if len(x) < _FEWEST:
        return start
    with warnings.catch_warnings():
        # Importing it and fitting with a seed both warn, about what is meant here.
        warnings.simplefilter("ignore")
        from umap import UMAP

        reducer = UMAP(
            n_neighbors=min(parameters.neighbours, len(x) - 1),
            min_dist=parameters.min_dist,
            init=_spread(start),
            random_state=parameters.seed,
            n_jobs=-1 if parameters.seed is None else 1,
            **settings,
        )
        return np.asarray(reducer.fit_transform(x), np.float32)


def _spread(start: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a start whose flat directions are drawn at random: UMAP divides by their extent."""
    flat = np.ptp(start, axis=0) == 0
    drawn = np.random.default_rng(0).normal(size=start.shape).astype(np.float32)
    return np.where(flat, drawn, start)
