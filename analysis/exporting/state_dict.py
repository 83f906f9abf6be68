"""As a plain state dict of PyTorch: logical tensors by name, and nothing else."""

from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..models import open_checkpoint
from ..models.recognising import builder_of
from .outgoing import Outgoing
from .stream import patient

_NEXT = "Export .safetensors or .pt2, or --dense where its layers are in factors."


def check(outgoing: Outgoing) -> None:
    """Refuse a network that tensors alone do not tell.

    Raises
    ------
    UserError
        If it is edited, and its tensors are not those of a plain network.
    """
    if outgoing.is_edited:
        try:
            builder_of(None, outgoing.model.specs, {})
        except UserError as error:
            raise _edited() from error


def write(outgoing: Outgoing, draft: Path) -> None:
    """Write the file; all tensors are in memory then, as they are when it is loaded."""
    model, state = outgoing.model, dict[str, Tensor]()
    for done, name in enumerate(model.specs):
        outgoing.ticket.progress(done, len(model.specs), name)
        state[name] = model.tensor(name)
    with patient(draft) as stream:
        torch.save(state | {name: state[held] for name, held in model.ties.items()}, stream)


def opened(outgoing: Outgoing, draft: Path) -> nn.Module | None:
    """Return the network that the file is recognised as; None where its tensors do not tell.

    Raises
    ------
    UserError
        If the network is edited, and the file is recognised as none.
    """
    checkpoint = open_checkpoint(draft)
    if outgoing.is_edited and checkpoint.architecture is None:
        raise _edited()
    return checkpoint.network() if checkpoint.architecture else None


def _edited() -> UserError:
    return UserError("A plain state dict cannot hold how this network is edited.", _NEXT)
