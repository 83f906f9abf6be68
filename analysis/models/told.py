"""What a checkpoint says of its network beside the tensors."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def tellers(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield who may say something, the most trustworthy first.

    These are this program's entry and the settings that it kept of a parent, a ``config.json``, and the metadata.
    """
    own = metadata.get("graftwork")
    kept = own.get("config") if isinstance(own, Mapping) else None
    for teller in (own, kept, metadata.get("config"), metadata):
        read = _read(teller) if isinstance(teller, str) else teller
        if isinstance(read, Mapping):
            yield read


def told(metadata: Mapping[str, Any], *names: str) -> Any:
    """Return what the first to say anything says under any of the names; None if nobody does."""
    values = (teller.get(name) for teller in tellers(metadata) for name in names)
    return next((value for value in values if value is not None), None)


def _read(text: str) -> Any:
    """Return JSON that is kept as text, as safetensors files must."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
