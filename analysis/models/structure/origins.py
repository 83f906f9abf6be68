"""Which tensor of an edited network was which before."""

from collections.abc import Sequence

from torch import nn

from .edits import Edit
from .structure import apply


def origins(network: nn.Module, edits: Sequence[Edit]) -> dict[str, str | None]:
    """Make edits to a skeleton, and return what each of its tensors was called before; None of those that are new."""
    tensors = network.state_dict(keep_vars=True)  # held, so that no new one comes to lie where an old one did
    before = {id(tensor): name for name, tensor in tensors.items()}
    after = apply(edits, network).state_dict(keep_vars=True)
    return {name: before.get(id(tensor)) for name, tensor in after.items()}
