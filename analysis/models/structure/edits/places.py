"""Places of a network by their dotted names: finding what is there, and putting something else."""

from typing import Annotated, NoReturn

from pydantic import Field
from torch import nn

from ....errors import UserError

Place = Annotated[str, Field(min_length=1, max_length=500)]
Words = tuple[str, str]
"""What an edit is about, and what it did to that: a layer, added."""
_NEXT = "Open the file that it was made from, or make it again."


def at(network: nn.Module, place: str) -> nn.Module:
    """Return the module at a place.

    Raises
    ------
    UserError
        If there is none.
    """
    try:
        return network.get_submodule(place)
    except AttributeError:
        impossible(f"names '{place}', which its network has not")


def put(network: nn.Module, place: str, module: nn.Module) -> None:
    """Put a module at a place that has one, before and after the same neighbours."""
    at(network, place)
    network.set_submodule(place, module, strict=True)


def members(module: nn.Module) -> dict[str, nn.Module]:
    """Return a module's children by their names; one that is there twice is there under both."""
    return {name: child for name, child in module._modules.items() if child is not None}


def names_in(network: nn.Module) -> int:
    """Return how many names its modules have, those that are there twice under each; without going through them."""
    counts: dict[int, int] = {}

    def count(module: nn.Module) -> int:
        if id(module) not in counts:
            counts[id(module)] = 1 + sum(count(child) for child in members(module).values())
        return counts[id(module)]

    return count(network)


def impossible(why: str) -> NoReturn:
    """Refuse an edit that does not fit the network.

    Raises
    ------
    UserError
        Always; ``why`` ends its sentence.
    """
    raise UserError(f"The structure {why}.", _NEXT)
