"""Groups of samples, as the data declare them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError, unknown
from . import Evidence

_MOST = 1000
_COLUMN = "group."


@dataclass(frozen=True)
class Groups:
    """Names of the groups, and the index of each sample's, (samples,)."""

    names: tuple[str, ...]
    index: NDArray[np.int64]


def groups_of(evidence: Evidence, wanted: str) -> Groups:
    """Return the groups of a column that the data declare; the first such column if ``wanted`` is empty.

    Raises
    ------
    UserError
        If there is no such column, or it does not group the samples.
    """
    further = evidence.data.further if evidence.data else {}
    columns = {name.removeprefix(_COLUMN): name for name in further if name.startswith(_COLUMN)}
    if not columns:
        raise UserError("The data have no column of groups.", 'Declare one: groups = ["NAME"] below [[data]].')
    if wanted and wanted not in columns:
        raise unknown("column of groups called", wanted, list(columns))
    name = wanted or next(iter(columns))
    names, index = np.unique(further[columns[name]], return_inverse=True)
    if not 1 < len(names) <= _MOST:
        raise UserError(
            f"The number of groups in the column '{name}' is {len(names):,}.",
            f"Choose a column of 2 to {_MOST:,} groups.",
        )
    return Groups(tuple(map(_text, names.tolist())), index)


def _text(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
