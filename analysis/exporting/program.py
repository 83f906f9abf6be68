"""As an exported program (``.pt2``): the edited network's graph with decoded weights, for batches of any size."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from ..errors import UserError
from ..models import Checkpoint
from .outgoing import Outgoing
from .proof import examples


def check(outgoing: Outgoing) -> None:
    """Demand a network that is built here.

    Raises
    ------
    UserError
        If nobody here builds it.
    """
    outgoing.model.skeleton()


def write(outgoing: Outgoing, draft: Path) -> None:
    """Trace the network and write what was traced, with its lineage beside it."""
    program = traced(outgoing.model)
    outgoing.ticket.check()
    lineage = json.dumps({"lineage": outgoing.lineage()})
    with draft.open("xb") as stream:
        torch.export.save(program, stream, extra_files={"graftwork.json": lineage})


def opened(outgoing: Outgoing, draft: Path) -> nn.Module | None:
    """Return the program of the file; it is of this very run, so that its code is known."""
    with draft.open("rb") as stream:
        return _Program(torch.export.load(stream).module())


def traced(model: Checkpoint) -> ExportedProgram:
    """Return the graph of a model's network, for any number of inputs, of any length where they are tokens.

    Raises
    ------
    UserError
        If it does something that no graph holds.
    """
    network, x = model.network(), next(examples(model))
    free: list[Any] = [Dim.AUTO] + ([Dim.AUTO] if x.ndim == 2 and not x.is_floating_point() else [])
    sizes = {axis: size for axis, size in enumerate(free)}
    try:
        with warnings.catch_warnings(action="ignore"), torch.no_grad():
            return torch.export.export(_Program(network), (x,), dynamic_shapes=(sizes,), strict=False)
    except Exception as error:  # whatever code that is not ours does in a trace
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:160].rstrip(".")
        raise UserError(f"The network cannot be traced: {why}.", "Export .safetensors instead.") from error


class _Program(nn.Module):
    """A network of one input, whose own hooks are traced as its code is."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: torch.Tensor) -> Any:
        """Return what the network does."""
        return self.network(inputs)

    def eval(self) -> "_Program":
        """Return it as it is: a traced network has no other mode."""
        return self
