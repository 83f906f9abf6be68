"""Which tensor of an edited network was which before."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import nn

from .edits import Edit
from .structure import OWN, apply


class Origin(NamedTuple):
    """A tensor before the edits: the part of the structure that it is in, and its name there."""

    part: str
    name: str


def origins(
    network: nn.Module, edits: Sequence[Edit], parts: Mapping[str, nn.Module] | None = None
) -> dict[str, Origin | None]:
    """Make edits to a skeleton, and return what each of its tensors was before; None of those that are new.

    Raises
    ------
    UserError
        If an edit does not fit.
    """
    whole = {**(parts or {}), OWN: network}
    tensors = {part: module.state_dict(keep_vars=True) for part, module in whole.items()}
    before = {id(tensor): Origin(part, name) for part, held in tensors.items() for name, tensor in held.items()}
    after = apply(edits, network, parts).state_dict(keep_vars=True)
    return {name: before.get(id(tensor)) for name, tensor in after.items()}
