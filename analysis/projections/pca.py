"""The plane of greatest variance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...kernels.alignment import procrustes
from ...kernels.principal import principal_plane
from ..jobs.protocol import Ticket
from . import PROJECTIONS, Parameters
from .checks import check_finite


class PcaParameters(Parameters):
    """Principal components have no parameters."""


@PROJECTIONS.register(
    "pca",
    title="Principal components",
    citation="Jolliffe 2002, Principal Component Analysis, 2nd edition, section 1.1",
)
def pca(
    features: Sequence[NDArray[np.float32]],
    parameters: PcaParameters,
    ticket: Ticket,
) -> list[NDArray[np.float32]]:
    """Two directions of greatest variance, exact; later models are laid onto the first by Procrustes.

    Raises
    ------
    UserError
        If a feature is not a finite number.
    """
    check_finite(features)
    layouts: list[NDArray[np.float32]] = []
    for done, x in enumerate(features):
        ticket.progress(done, len(features), "principal components")
        plane = principal_plane(x)
        layouts.append(procrustes(plane, layouts[0]) if layouts else plane)
    return layouts
