"""Methods run as a trial runs them, and what they make opened as a trial opens it."""

from pathlib import Path
from typing import Any

import torch

from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import METHODS, Derivative, MethodContext
from graftwork.analysis.models import Checkpoint, open_checkpoint, write_checkpoint


def run_method(
    name: str, *parents: Checkpoint, data: Any = None, ticket: Any = None, scratch: Path | None = None, **values: Any
) -> Derivative:
    """Run a method on the processor; data, where it takes some, are its ``data``."""
    method = METHODS.get(name)
    needed = {"data": "data"} if "data" in method.parameters.model_fields else {}
    context = MethodContext(0, torch.device("cpu"), ticket or Quiet(), {"data": data} if needed else {}, {}, scratch)
    return method.function(list(parents), method.check(needed | values), context)


def reopened(path: Path, parent: Checkpoint, derivative: Derivative) -> Checkpoint:
    """Write what a method made of a parent, and open it."""
    ties = parent.ties if derivative.ties is None else derivative.ties
    write_checkpoint(path, derivative.specs, derivative.tensor, parent.inherited() | derivative.said(), ties)
    return open_checkpoint(path)
