"""The card of an exported model: what it is, what was measured, and all that it was made from."""

from pathlib import Path

from ..modelcard import as_markdown, card_of
from ..models import describe_checkpoint
from .outgoing import Outgoing


def write_card(outgoing: Outgoing, path: Path) -> None:
    """Write the card as Markdown, with the recipe's operations, their parameters and every model's hash."""
    origin, facts = outgoing.origin, describe_checkpoint(outgoing.model, statistics=False)
    card = card_of(origin.model, facts, origin.values, origin.ancestors, origin.note)
    path.write_text(as_markdown(card | {"lineage": outgoing.lineage()}), encoding="utf-8")
