"""A network tried on samples of a data set's shape, where no statement of its own says what it takes."""

import warnings
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..models import Architecture, Checkpoint
from ..models.intake import Samples, mending
from .outlook import zeroed

_BATCH = 2  # one sample alone is a case of its own for code that squeezes
_SHOWN = 160  # characters of what code says


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
    said = _failure(network, _like(samples))
    if said is not None and (own or _failure(network, architecture.example(_BATCH)) is None):
        raise _refused(model, architecture, samples, said if own else "")


def _like(samples: Samples) -> Tensor:
    """Return a batch of a data set's shape: zeros, or its highest token."""
    shape = (_BATCH, *samples.shape)
    return torch.full(shape, samples.tokens[1]) if samples.kind == "tokens" else torch.zeros(shape)


def _failure(network: nn.Module, inputs: Tensor) -> str | None:
    """Return the first line of what a network raises of inputs; None where it runs."""
    device = next((parameter.device for parameter in network.parameters()), inputs.device)
    try:
        with torch.inference_mode(), _quiet():
            network(inputs.to(device))
    except Exception as error:  # noqa: BLE001 - whatever code that is not ours raises
        return (str(error).strip().splitlines() or [type(error).__name__])[0][:_SHOWN]
    return None


def _quiet() -> AbstractContextManager[object]:
    return warnings.catch_warnings(action="ignore")


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
