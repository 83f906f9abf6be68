"""Which network a checkpoint holds: one of our families, a library's, or a person's own."""

from collections.abc import Mapping
from functools import partial
from reprlib import repr as short
from typing import Any

from torch import nn

from ..errors import UserError
from ..trust import is_library
from .architecture import Architecture, TensorSpec
from .builder import Builder
from .families import families, recognise, skeleton
from .libraries import library_builder, named_network
from .own import own_builder

_TELL = 'Put the config.json that it was saved with beside it, or name its code: network = "file.py:function".'
_MEND = 'If that changes nothing, take it out there; else name the code: network = "file.py:function".'
RUNNABLE = 'Keep to methods and measures on weights, or name the code that builds it: network = "file.py:function".'


class UnrecognisedError(UserError):
    """Nobody here knows the network; its problem is the end of a sentence.

    Attributes
    ----------
    likely : Architecture or None
        What its tensors are those of, where only settings are untold.
    """

    likely: Architecture | None = None


def builder_of(
    network: str | None, specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any], wrappers: str = ""
) -> Builder:
    """Return how a checkpoint's network is built.

    Parameters
    ----------
    network : str or None
        What a person says of it: their own code, or a network of a library; None for what the tensors are recognised
        as, or else what the metadata names.
    specs : mapping of str to TensorSpec
        Every tensor.
    metadata : mapping of str to Any
        What else the file says.
    wrappers : str
        What all of the names had before them in the file.

    Raises
    ------
    UnrecognisedError
        If nothing is said, no family knows the tensors, and no library can build what the metadata names.
    UserError
        If what is said cannot be built.
    """
    network = network or _made_by(metadata)
    if network and is_library(network):
        return library_builder(network, specs, metadata, wrappers)
    if network:
        return own_builder(network)
    architecture = recognise(specs, metadata)
    if architecture and architecture.is_certain:
        return _of_family(architecture)
    return _named(_unknown(architecture), specs, metadata, wrappers)


def is_own(network: str | None, metadata: Mapping[str, Any]) -> bool:
    """Tell whether a person's own code builds the network, as is said now or was of the file's parent."""
    network = network or _made_by(metadata)
    return network is not None and not is_library(network)


def _made_by(metadata: Mapping[str, Any]) -> str | None:
    """Return what builds a derived network, as it did its parent."""
    own = metadata.get("graftwork")
    network = own.get("network") if isinstance(own, Mapping) else None
    return network if isinstance(network, str) else None


def _of_family(architecture: Architecture) -> Builder:
    def build() -> nn.Module:
        return skeleton(architecture).to_empty(device="cpu")

    return Builder(architecture, build, partial(skeleton, architecture))


def _unknown(architecture: Architecture | None) -> UnrecognisedError:
    """Return why no family builds a network."""
    if architecture is None:
        return UnrecognisedError(
            f"its tensors' names and shapes fit no known family ({', '.join(families())})", RUNNABLE
        )
    why, next_step = (_unheeded(architecture), _MEND) if architecture.unheeded else (architecture.untold, _TELL)
    error = UnrecognisedError(f"its tensors are those of {architecture.title}, but {why}", next_step)
    error.likely = architecture
    return error


def _unheeded(architecture: Architecture) -> str:
    name, value = next(iter(architecture.unheeded.items()))
    return f"its configuration sets {name} to {short(value)}, which nothing here heeds"


def _named(
    unknown: UnrecognisedError, specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any], wrappers: str
) -> Builder:
    """Return what a library builds of the name that the metadata gives."""
    network = named_network(metadata)
    if network is None:
        raise _ended(unknown, ".")
    library, _, name = network.partition(":")
    try:
        needed = unknown.likely.unheeded if unknown.likely else ()
        return library_builder(network, specs, metadata, wrappers, needed)
    except UserError as error:
        said = f"it names {name} of {library}, but {error.problem[0].lower()}{error.problem[1:]}"
        raise _ended(unknown, f"; {said}") from error


def _ended(unknown: UnrecognisedError, end: str) -> UnrecognisedError:
    whole = UnrecognisedError(unknown.problem + end, unknown.next_step)
    whole.likely = unknown.likely
    return whole
