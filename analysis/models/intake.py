"""Whether a data set's samples are what a network takes, by what both state of themselves."""

from dataclasses import dataclass
from math import prod

from ..errors import UserError
from ..wording import counted
from .architecture import Architecture, InputKind

_BELOW = "below its [[data]]"
_OF_THE_KIND = {
    "images": "Choose a data set of images.",
    "tokens": 'Choose a data set of text, or name its column: text = "…".',
    "numbers": "Choose a table, or an array of rows.",
}
_HELD = {"images": "images", "tokens": "tokens", "numbers": "rows of numbers"}


@dataclass(frozen=True)
class Samples:
    """What a data set states about its samples.

    Attributes
    ----------
    data : str
        Its name.
    kind : {"images", "tokens", "numbers"}
        What a sample is.
    shape : tuple of int
        Of a sample: channels, height and width of an image; how many tokens or numbers.
    classes : int
        How many classes there are; 0 where there are no labels, or nothing asks for them.
    tokens : (int, int)
        The lowest and the highest token.
    """

    data: str
    kind: InputKind
    shape: tuple[int, ...]
    classes: int = 0
    tokens: tuple[int, int] = (0, 0)


def require_fit(model: str, architecture: Architecture, samples: Samples) -> None:
    """Demand that the samples are what the network takes, and that it has an output for each of their classes.

    A person's own code states nothing that holds for sure but its outputs.

    Parameters
    ----------
    model : str
        What a person calls the network.
    architecture : Architecture
        What the network states.
    samples : Samples
        What the data set states.

    Raises
    ------
    UserError
        Naming what differs, and the setting of the data set that mends it.
    """
    own = architecture.family == "own"
    if not own:
        _require_kind(model, architecture, samples)
        _require_channels(model, architecture, samples)
        _require_sizes(model, architecture, samples)
        _require_tokens(model, architecture, samples)
    if architecture.classes < samples.classes and (architecture.classes or not own):
        raise UserError(
            f"{model} tells {architecture.classes} classes apart, and {samples.data} has {samples.classes}.",
            "Choose the data set that it was trained for.",
        )


def _require_kind(model: str, architecture: Architecture, samples: Samples) -> None:
    flattens = (samples.kind, architecture.inputs) == ("images", "numbers")  # as a perceptron on pixels does
    if samples.kind != architecture.inputs and not flattens:
        raise UserError(
            f"{model} takes {_HELD[architecture.inputs]}, and {samples.data} holds {_HELD[samples.kind]}.",
            _OF_THE_KIND[architecture.inputs],
        )


def _require_channels(model: str, architecture: Architecture, samples: Samples) -> None:
    if architecture.inputs != "images" or samples.shape[0] == architecture.input_shape[0]:
        return
    wanted = architecture.input_shape[0]
    setting = f"Write channels = {wanted} {_BELOW}, where it lies in image files, or save it with as many."
    raise UserError(
        f"{model} takes images of {counted(wanted, 'channel')}, and those of {samples.data} have {samples.shape[0]}.",
        setting if wanted in (1, 3) else f"Choose images of {wanted} channels.",
    )


def _require_sizes(model: str, architecture: Architecture, samples: Samples) -> None:
    if architecture.sizes is None or all(map(architecture.sizes.allow, _lengths(architecture, samples))):
        return
    raise UserError(
        f"{model} takes {_wanted(architecture)}, and those of {samples.data} have {_has(architecture, samples)}.",
        mending(architecture, samples),
    )


def _lengths(architecture: Architecture, samples: Samples) -> tuple[int, ...]:
    """Return what must suit the network: both sides of an image, or how many tokens or numbers."""
    return samples.shape[1:] if architecture.inputs == "images" else (prod(samples.shape),)


def _wanted(architecture: Architecture) -> str:
    least, most = architecture.sizes or (1, None)
    if architecture.inputs == "images":
        return f"images of {'at least ' * (most is None)}{least} × {least} pixels"
    bound = "" if least == most else "at most "
    what = "rows of" if architecture.inputs == "numbers" else "samples of"
    return f"{what} {bound}{most:,} {architecture.inputs}"


def _has(architecture: Architecture, samples: Samples) -> str:
    return " × ".join(f"{length:,}" for length in _lengths(architecture, samples))


def mending(architecture: Architecture, samples: Samples) -> str:
    """Return the setting of a data set that gives its samples the size that a network takes."""
    if samples.kind == "images" and architecture.inputs == "images":
        return f"Write resize = {list(architecture.input_shape[1:])} {_BELOW}."
    if samples.kind == "images":
        return f"Write resize and channels {_BELOW}, for as many pixels."
    if samples.kind == "tokens":
        return f"Write length = {architecture.input_shape[0]} {_BELOW}."
    return f'Name the columns that it was trained on {_BELOW}: columns = ["…", …].'


def _require_tokens(model: str, architecture: Architecture, samples: Samples) -> None:
    if architecture.inputs != "tokens":
        return
    outside = [token for token in samples.tokens if not 0 <= token < architecture.vocabulary]
    if outside:
        raise UserError(
            f"{model} knows {architecture.vocabulary:,} tokens, and {samples.data} has the token {outside[-1]:,}.",
            f'Name the tokenizer that it was trained with {_BELOW}: tokenizer = "….json".',
        )
