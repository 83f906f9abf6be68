"""The column of the samples' weights: what it must hold, and that it is nothing else."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from ..weights import WEIGHT
from .source import Source

_NEXT = "Weights are numbers from 0 on, one for each sample."


def as_weights(spec: DataSpec, values: NDArray[Any], label: str | None) -> NDArray[np.float64]:
    """Return the values of the column of weights as numbers, (samples,).

    Parameters
    ----------
    spec : DataSpec
        With a column of weights.
    values : array, shape (samples,)
        What it holds.
    label : str or None
        The column of the classes.

    Raises
    ------
    UserError
        If the column is something else as well, or a value is no number, not finite, or below 0.
    """
    _refuse_two_roles(spec, label)
    what = f"The column '{spec.weight}' of '{spec.path}'"
    if values.dtype.kind not in "biuf":
        raise UserError(f"{what} holds more than numbers, and so no weights.", _NEXT)
    weights = values.astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise UserError(f"{what} has the weight {weights[bad[0]]:g} in sample {bad[0] + 1}.", _NEXT)
    return weights


def require_weights(spec: DataSpec, source: Source, chosen: NDArray[np.int64]) -> None:
    """Demand that declared weights are there, and that some of the chosen samples have one.

    Raises
    ------
    UserError
        If they are not, or all are 0.
    """
    if spec.weight is None:
        return
    if WEIGHT not in source.further:
        raise UserError(
            f"'{spec.path}' has no columns, and so none of weights.", f'Leave out weight = "{spec.weight}".'
        )
    if not source.further[WEIGHT][chosen].any():
        raise UserError(f"All samples of '{spec.path}' have the weight 0 in '{spec.weight}'.", _NEXT)


def _refuse_two_roles(spec: DataSpec, label: str | None) -> None:
    roles = {
        "labels": (label, *spec.labels),
        "groups": spec.groups,
        "text": (spec.text,),
        "inputs": spec.columns or (),
    }
    for role, names in roles.items():
        if spec.weight in names:
            raise UserError(
                f"The column '{spec.weight}' of '{spec.path}' is declared as weights and holds the {role}.",
                "Name another column as weight, or leave it out.",
            )
