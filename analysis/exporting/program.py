"""As an exported program (``.pt2``): the edited network's graph with decoded weights, for batches of any size."""

import json
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from ..errors import UserError
from ..models import Checkpoint
from ..models.attempt import failure
from .outgoing import Outgoing
from .proof import examples

_INSTEAD = "Export .safetensors instead."


def check_built(outgoing: Outgoing) -> None:
    """Demand a network that is built here.

    Raises
    ------
    UserError
        If nobody here builds it.
    """
    outgoing.model.skeleton()


check = check_built


def write(outgoing: Outgoing, draft: Path) -> None:
    """Trace the network and write what was traced, with its lineage beside it."""
    program = traced(outgoing.model)
    outgoing.ticket.check()
    lineage = json.dumps({"lineage": outgoing.lineage()})
    whole = BytesIO()  # torch's writer ends the process where the disk is full
    torch.export.save(program, whole, extra_files={"graftwork.json": lineage})
    with draft.open("xb") as stream:
        stream.write(whole.getbuffer())


def opened(outgoing: Outgoing, draft: Path) -> nn.Module | None:
    """Return the program of the file; it is of this very run, so that its code is known."""
    with draft.open("rb") as stream:
        return _Program(torch.export.load(stream).module())


def traced(model: Checkpoint) -> ExportedProgram:
    """Return the graph of a model's network, for any number of inputs, of any length where they are tokens.

    Raises
    ------
    UserError
        If it does something that no graph holds, or one of these sizes alone.
    """
    x = next(examples(model))
    free = {0: Dim.AUTO} | ({1: Dim.AUTO} if not x.is_floating_point() else {})
    try:
        with warnings.catch_warnings(action="ignore"), torch.no_grad():
            program = torch.export.export(_Program(model.network()), (x,), dynamic_shapes=(free,), strict=False)
    except Exception as error:  # whatever code that is not ours does in a trace
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:160].rstrip(".")
        raise UserError(f"The network cannot be traced: {why}.", _INSTEAD) from error
    _require_free(program, model)
    return program


def _require_free(program: ExportedProgram, model: Checkpoint) -> None:
    """Demand that a graph takes inputs of other sizes than it was traced with: a loop over one is unrolled."""
    x = tuple(examples(model))[1]
    if failure(program.module(), x):
        size = " × ".join(map(str, next(examples(model)).shape))
        raise UserError(f"The network's graph takes inputs of one size alone, {size}.", _INSTEAD)


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
