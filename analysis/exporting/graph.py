"""As ONNX: the edited network's graph with decoded weights, for other runtimes."""

import importlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError
from .outgoing import Outgoing
from .program import check_built, traced


def check(outgoing: Outgoing) -> None:
    """Demand a network that is built here, and what writes such graphs.

    Raises
    ------
    UserError
        If nobody here builds it, or onnx or onnxscript is not installed.
    """
    check_built(outgoing)
    for library in ("onnx", "onnxscript"):
        _imported(library)


def write(outgoing: Outgoing, draft: Path) -> None:
    """Trace the network and write what was traced."""
    program = traced(outgoing.model)
    outgoing.ticket.check()
    written = torch.onnx.export(program, dynamo=True)
    assert written is not None, "an exporter that is given no file returns the graph"
    written.save(str(draft))


def opened(outgoing: Outgoing, draft: Path) -> nn.Module | None:
    """Return the graph of the file, run by the reference evaluator of onnx."""
    return _Evaluated(_imported("onnx.reference").ReferenceEvaluator(str(draft)))


class _Evaluated(nn.Module):
    """A graph of one input."""

    def __init__(self, evaluator: Any) -> None:
        super().__init__()
        self._evaluator = evaluator

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return its outputs."""
        found = self._evaluator.run(None, {self._evaluator.input_names[0]: x.numpy()})
        return [torch.from_numpy(output) for output in found]


def _imported(library: str) -> Any:
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise UserError(
            f"ONNX files need {error.name}, which is not installed (pip install 'graftwork[onnx]').",
            "Install it, or export .pt2.",
        ) from error
