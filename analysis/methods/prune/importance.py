"""How important classes of coupled channels are, by their weights."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ...jobs.protocol import Ticket
from ...models import Checkpoint
from ...models.coupling import Coupling


def magnitudes(parent: Checkpoint, coupling: Coupling, ticket: Ticket) -> dict[int, float]:
    """Return each class's mean of the norms of what it has of weights, each in units of its layer's mean.

    A weight counts once where a class has its outputs and once where it has its inputs. Classes that have nothing of a
    weight are left out.

    Raises
    ------
    UserError
        If a weight is not finite.
    """
    weights = parent.weights()
    found: dict[int, list[float]] = {}
    for done, weight in enumerate(weights):
        ticket.progress(done, len(weights), "norms of channels")
        for numbers, norms in _norms(parent, coupling, weight.name):
            for number, norm in zip(numbers.tolist(), norms.tolist(), strict=True):
                found.setdefault(number, []).append(norm)
    return {number: float(np.mean(norms)) for number, norms in found.items()}


def _norms(
    parent: Checkpoint, coupling: Coupling, name: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Yield the classes along each axis of a weight, with the norms of what they have of it."""
    called = coupling.called.get(name, name)
    cut = {axis: coupling.classes[axis] for axis in coupling.classes if axis.tensor == called}
    if not cut:
        return
    squares = parent.tensor(name).double().square()
    if not squares.isfinite().all():
        raise UserError(f"{parent.path.name} cannot be cut: '{name}' is not finite.", "Choose another model.")
    for axis, classes in cut.items():
        sums = squares.sum([other for other in range(squares.ndim) if other != axis.axis]).numpy()
        whole = np.sqrt(np.bincount(classes, sums))
        numbers = np.unique(classes[classes > 0])
        mean = whole[numbers].mean()
        yield numbers, whole[numbers] / (mean or 1.0)
