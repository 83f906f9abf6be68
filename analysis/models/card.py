"""Model cards: what the people who publish a model claim of it.

A card is a ``README.md`` that begins with YAML between lines of three dashes.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from .plain import plain

_LIMIT = 1_000_000  # bytes
_CLAIMS = 10_000  # more than any card has; one whose lists share their items could have more than memory holds
_FIELDS = ("license", "base_model", "datasets", "language", "library_name", "pipeline_tag")


def read_card(path: Path) -> dict[str, Any] | None:
    """Return a card's fields and claimed figures as JSON values; None where there is no card.

    ``claims`` lists ``{"dataset", "metric", "value"}``, one for every result of the card's ``model-index``.
    """
    front = _front_matter(path)
    if front is None:
        return None
    fields = {key: front[key] for key in _FIELDS if key in front}
    card: dict[str, Any] | None = plain(fields | {"claims": list(islice(_claims(front), _CLAIMS))})
    return card


def _front_matter(path: Path) -> Mapping[str, Any] | None:
    try:
        if path.stat().st_size > _LIMIT:
            return None
        opening, text, _ = path.read_text(encoding="utf-8-sig").split("---\n", 2)
        front = None if opening.strip() else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    return front if isinstance(front, Mapping) else None


def _claims(front: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for model in _items(front.get("model-index")):
        for result in _items(model.get("results")):
            dataset = result.get("dataset")
            name = dataset.get("name") if isinstance(dataset, Mapping) else None
            for metric in _items(result.get("metrics")):
                yield {"dataset": name, "metric": metric.get("type"), "value": metric.get("value")}


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
