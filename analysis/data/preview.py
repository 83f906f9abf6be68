"""A few samples as a network would get them, to look at before a run."""

from typing import Any

import numpy as np

from ..trials import DataFields, DataSpec
from . import open_data

_SHOWN = 8  # numbers, or tokens, of a sample


def preview_of(fields: DataFields, count: int) -> dict[str, Any]:
    """Return a few prepared samples of a data set, spread over its classes.

    Returns
    -------
    dict
        ``names`` and ``classes`` of the samples; ``class_names``, all that the set has, in order; ``shape``, ``low``,
        ``high``, ``mean`` and ``deviation`` of what the network gets; ``pictures``, uint8 (samples, height, width, 3),
        of images; ``rows``, the first numbers or tokens of each sample, of anything else; ``remarks`` on how it was
        read.

    Raises
    ------
    UserError
        If the data cannot be read or do not fit the preparation.
    """
    limit = min(count, fields.limit or count)
    spec = DataSpec(content="", **fields.replaced(limit=limit).model_dump())
    with open_data(spec) as data:
        inputs = next(data.batches(limit)).numpy()
        values = inputs.astype(np.float64)
        classes = [data.classes[label] if label >= 0 else "" for label in data.labels]
        told: dict[str, Any] = {
            "kind": data.kind,
            "names": list(data.names),
            "classes": classes,
            "class_names": list(data.classes),
            "remarks": list(data.remarks),
            "shape": inputs.shape[1:],
        }
        told |= {"low": float(values.min()), "high": float(values.max())}
        told |= {"mean": float(values.mean()), "deviation": float(values.std())}
        if data.kind == "images":
            return told | {"pictures": data.pictures(np.arange(len(data)))}
        return told | {"rows": inputs[:, :_SHOWN].tolist()}
