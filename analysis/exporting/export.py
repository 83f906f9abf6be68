"""Exporting a model: written beside its target, opened, run, compared, and only then called by its name."""

import importlib
from pathlib import Path
from typing import Any, cast

from ..jobs.protocol import Ticket
from ..models import Checkpoint
from .choice import FOLDER, FORMATS, Choice, format_of
from .dense import dense
from .origin import Origin
from .outgoing import Format, Outgoing
from .proof import proof_of, require_equal
from .target import check_target, draft_beside, taking_place

_MODULES = {
    ".safetensors": "tensors",
    ".pth": "state_dict",
    ".pt": "state_dict",
    ".pt2": "program",
    ".onnx": "graph",
    FOLDER: "folder",
}


def export(
    model: Checkpoint, target: Path, choice: Choice, origin: Origin, ticket: Ticket, draft: Path | None = None
) -> dict[str, Any]:
    """Write a model as a file or a folder, by the target's suffix; return what was written, as JSON values.

    Parameters
    ----------
    model : Checkpoint
        The model.
    target : Path
        A file of one of `FORMATS`, or a folder.
    choice : Choice
        How it leaves.
    origin : Origin
        Where it comes from.
    ticket : Ticket
        Progress and cancellation.
    draft : Path or None
        Beside the target, where it is written first; None for a name of its own.

    Raises
    ------
    UserError
        If the format cannot hold the model, what was written computes something else, or it cannot be written.
    Cancelled
        If the ticket says so. Nothing is left then, nor after any other error.
    """
    kind = format_of(target)
    check_target(target, overwrite=choice.overwrite)
    module = cast("Format", importlib.import_module(f"{__package__}.{_MODULES[kind]}"))
    outgoing = Outgoing(dense(model) if choice.dense else model, choice, origin, ticket)
    module.check(outgoing)
    ticket.progress(0, 1, "running an example")
    proof = proof_of(model)
    draft = draft or draft_beside(target)
    with taking_place(draft, target):
        module.write(outgoing, draft)
        ticket.progress(0, 1, "running what was written")
        difference = require_equal(outgoing, model, proof, draft, module.opened(outgoing, draft))
        files = sorted(path for path in draft.rglob("*") if path.is_file()) if draft.is_dir() else [draft]
        size = sum(path.stat().st_size for path in files)
        ticket.check()
    return {
        "path": str(target),
        "format": f"{kind}: {FORMATS[kind]}",
        "files": len(files),
        "bytes": size,
        "compared": "outputs" if proof else "tensors",
        "difference": difference,
    }
