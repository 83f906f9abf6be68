"""Model cards, written from a workspace."""

import json
from pathlib import Path
from typing import Any

from ..analysis.atomic import write_whole
from ..analysis.errors import UserError, unknown
from ..analysis.exporting.origin import Origin
from ..analysis.modelcard import ancestors_of, as_markdown, card_of
from ..analysis.trials import ModelSpec
from ..analysis.workspace import Workspace
from . import runtime
from .terminal import write


def write_card(workspace: Path, name: str, output: Path | None) -> None:
    """Write the card of a workspace's model to a ``.md`` or ``.json`` file, or as Markdown to standard output.

    Raises
    ------
    UserError
        If there is no such model, its checkpoint is gone or not made yet, or the file is of another kind.
    """
    if output is not None and output.suffix not in (".md", ".json"):
        raise UserError(f"'{output}' is neither .md nor .json.", "Give the card one of these endings.")
    card = _card(workspace, name)
    if output is None:
        write(as_markdown(card))
        return
    text = as_markdown(card) if output.suffix == ".md" else json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    write_whole(output, text)


def kept_model(space: Workspace, name: str) -> tuple[ModelSpec, Origin]:
    """Return a model of a workspace whose checkpoint is there: how it is opened, and all that is known of it.

    Raises
    ------
    UserError
        If there is no such model, or its checkpoint is gone or not made yet.
    """
    models = {record.identity: record for record in space.models()}
    record = next((record for record in models.values() if name in (record.name, *record.aliases)), None)
    if record is None:
        raise unknown("model in the workspace called", name, [record.name for record in models.values()])
    if record.path is None or not record.path.exists():
        raise UserError(f"The checkpoint of '{name}' is not there.", "Run its recipe, or put the file back.")
    spec = next(t.spec.model for t in space.trials() if t.spec.model.identity == record.identity)
    values = tuple(value for value in space.values() if value.model == record.name)
    ancestors = ancestors_of(record, models)
    return spec, Origin(model=record, ancestors=ancestors, values=values, note=space.note(record.identity))


def _card(workspace: Path, name: str) -> dict[str, Any]:
    with Workspace.open(workspace, read_only=True) as space:
        spec, known = kept_model(space, name)
    payload = {"root": str(workspace.resolve()), "model": spec}
    with runtime.one_worker() as worker:
        facts = worker.submit("card", payload, f"Reading {name}").result()
    return card_of(known.model, facts, known.values, known.ancestors, known.note)
