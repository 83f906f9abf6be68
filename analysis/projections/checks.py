"""What projections share: whether features can be laid out at all."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...kernels.blocks import blocks
from ..errors import UserError


def check_finite(features: Sequence[NDArray[np.float32]]) -> None:
    """Check that every feature of every model is a number.

    Raises
    ------
    UserError
        If not; says which model and how many samples.
    """
    for index, x in enumerate(features):
        broken = sum(int((~np.isfinite(x[part])).any(axis=1).sum()) for part in blocks(x.shape))
        if broken:
            raise UserError(
                f"{broken} of {len(x)} samples of model {index + 1} have features that are not finite numbers.",
                "Leave this model out; its weights or its data are broken.",
            )
