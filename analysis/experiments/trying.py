"""A network tried on samples of a data set's shape, where no statement of its own says what it takes."""

import torch
from torch import Tensor

from ..errors import UserError
from ..models import Architecture, Checkpoint
from ..models.attempt import failure
from ..models.intake import Samples, mending
from .outlook import zeroed

_BATCH = 2  # one sample alone is a case of its own for code that squeezes


def require_runs(model: str, checkpoint: Checkpoint, samples: Samples) -> None:
    """Demand that a network which states no sizes runs on samples of a data set's shape.

    A library's runs without its values, and is refused only where it does run on what it states; a person's own code
    runs as it is, once.

    Raises
    ------
    UserError
        If it does not.
    """
    architecture = checkpoint.architecture
    if architecture is None or architecture.sizes:
        return
    own = architecture.family == "own"
    network = checkpoint.network() if own else zeroed(checkpoint.skeleton()).eval()
    said = failure(network, _like(samples))
    if said is not None and (own or failure(network, architecture.example(_BATCH)) is None):
        raise _refused(model, architecture, samples, said if own else "")


def _like(samples: Samples) -> Tensor:
    """Return a batch of a data set's shape: zeros, or its highest token."""
    shape = (_BATCH, *samples.shape)
    return torch.full(shape, samples.tokens[1]) if samples.kind == "tokens" else torch.zeros(shape)


def _refused(model: str, architecture: Architecture, samples: Samples, said: str) -> UserError:
    has = f"{samples.data} has samples of {_sides(samples.shape)} {_UNITS[samples.kind]}"
    if said:
        problem = f"The code of {model} cannot take them, and {has}: {said}."
        return UserError(problem, f"{mending(architecture, samples)[:-1]}, or mend the code.")
    wanted = f"{_sides(architecture.input_shape)} {_UNITS[architecture.inputs]}"
    return UserError(f"{model} takes samples of {wanted}, and {has}.", mending(architecture, samples))


_UNITS = {"images": "values", "tokens": "tokens", "numbers": "numbers"}


def _sides(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in shape)
