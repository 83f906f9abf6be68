"""What a checkpoint says of its network beside the tensors."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import UserError


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


def called(activation: Any) -> str:
    """Return an activation's name as it is known here: of ``nn.ReLU()``, ``relu``."""
    return str(activation).rpartition(".")[2].removesuffix("()").lower()


def declared(metadata: Mapping[str, Any], activation: str | None) -> Mapping[str, Any]:
    """Return the metadata with the activation that a person declares.

    Raises
    ------
    UserError
        If the file says that it is another.
    """
    if activation is None:
        return metadata
    said = told(metadata, "activation")
    if said is not None and called(said) != activation:
        raise UserError(
            f"The file says that its activation is {said}, and {activation} is declared.", "Leave out activation."
        )
    own = metadata.get("graftwork")
    return {**metadata, "graftwork": {**(own if isinstance(own, Mapping) else {}), "activation": activation}}


def _read(text: str) -> Any:
    """Return JSON that is kept as text, as safetensors files must."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
