"""UMAP: neighbourhoods kept in the plane."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...kernels.alignment import align
from ..errors import UserError
from ..jobs.protocol import Ticket
from ..registry import Parameters, parameter
from . import PROJECTIONS
from .pca import principal_components

_SPREAD = 10.0


class UmapParameters(Parameters):
    """Parameters of UMAP."""

    neighbours: int = parameter(15, "Neighbours a sample is tied to.", unit="samples", ge=2, le=200)
    min_dist: float = parameter(0.1, "Least distance between samples in the plane.", ge=0, le=1)
    seed: int | None = parameter(None, "Makes the layout repeatable, at a third of the speed.", ge=0)


@PROJECTIONS.register(
    "umap",
    title="UMAP",
    citation="McInnes, Healy and Melville 2018, UMAP: Uniform Manifold Approximation and Projection",
)
def umap(
    features: Sequence[NDArray[np.float32]], parameters: UmapParameters, ticket: Ticket
) -> list[NDArray[np.float32]]:
    """Lay each model's features out by UMAP; later models start at the first one's layout and are aligned to it."""
    if len(features[0]) <= parameters.neighbours:
        raise UserError(
            f"UMAP with {parameters.neighbours} neighbours needs more than {len(features[0])} samples.",
            "Choose the principal components, or fewer neighbours.",
        )
    layouts: list[NDArray[np.float32]] = []
    for done, matrix in enumerate(features):
        ticket.progress(done, len(features), "UMAP")
        start = layouts[0] if layouts else _start(matrix)
        layout = _fit(matrix, start, parameters)
        layouts.append(align(layout, layouts[0]).astype(np.float32) if layouts else layout)
    return layouts


def warm_up() -> None:
    """Compile what UMAP compiles, on a small set."""
    random = np.random.default_rng(0)
    features = random.standard_normal((64, 8), dtype=np.float32)
    _fit(features, _start(features), UmapParameters())


def _start(features: NDArray[np.float32]) -> NDArray[np.float32]:
    layout = principal_components(features)
    size = np.abs(layout).max() or 1.0
    return (layout * (_SPREAD / size)).astype(np.float32)


def _fit(features: NDArray[np.float32], start: NDArray[np.float32], parameters: UmapParameters) -> NDArray[np.float32]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own remarks on threads and on numba
        from umap import UMAP

        model = UMAP(
            n_neighbors=parameters.neighbours,
            min_dist=parameters.min_dist,
            init=start,
            random_state=parameters.seed,
            n_jobs=1 if parameters.seed is not None else -1,
        )
        layout: NDArray[np.float32] = model.fit_transform(features).astype(np.float32)
    return layout
