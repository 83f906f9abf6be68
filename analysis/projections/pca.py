"""Principal components: the plane of largest variance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...kernels.alignment import align
from ..jobs.protocol import Ticket
from ..registry import Parameters
from . import PROJECTIONS


class PcaParameters(Parameters):
    """It has none."""


@PROJECTIONS.register("pca", title="Principal components", citation="Pearson 1901; Hotelling 1933")
def pca(
    features: Sequence[NDArray[np.float32]], parameters: PcaParameters, ticket: Ticket
) -> list[NDArray[np.float32]]:
    """Project each model's features on their two principal components, in the first one's frame."""
    layouts: list[NDArray[np.float64]] = []
    for done, matrix in enumerate(features):
        ticket.progress(done, len(features), "principal components")
        layout = principal_components(matrix)
        layouts.append(align(layout, layouts[0]) if layouts else layout)
    return [layout.astype(np.float32) for layout in layouts]


def principal_components(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the scores on the first two components, (samples, width) to (samples, 2).

    From the covariance's eigenvectors, in float64; each vector's largest entry is positive. One column of zeros is
    added where the features have one dimension.
    """
    centred = features - features.mean(0, dtype=np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2]
    largest = np.abs(axes).argmax(0)
    axes = axes * np.sign(axes[largest, np.arange(axes.shape[1])])
    scores = centred @ axes
    return np.pad(scores, ((0, 0), (0, 2 - scores.shape[1])))
