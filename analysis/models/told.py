"""What a checkpoint says of its network beside the tensors."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import UserError
from .parts.nonlinear import called


def tellers(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield who may say something, the most trustworthy first.

    These are this program's entry and the settings that it kept of a parent, a ``config.json``, and the metadata.
    """
    yield from _mappings(metadata.get("graftwork"))
    yield from configurations(metadata)
    yield metadata


def configurations(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the configurations among them: of a parent, where this program kept it, and a ``config.json``."""
    own = metadata.get("graftwork")
    yield from _mappings(own.get("config") if isinstance(own, Mapping) else None, metadata.get("config"))


def _mappings(*found: Any) -> Iterator[Mapping[str, Any]]:
    for value in found:
        read = _read(value) if isinstance(value, str) else value
        if isinstance(read, Mapping):
            yield read


def told(metadata: Mapping[str, Any], *names: str) -> Any:
    """Return what the first to say anything says under any of the names; None if nobody does."""
    values = (teller.get(name) for teller in tellers(metadata) for name in names)
    return next((value for value in values if value is not None), None)


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
    if said is not None and called(str(said)) != activation:
        raise UserError(
            f"The file says that its activation is {said}, and {activation} is declared.", "Leave out activation."
        )
    own = metadata.get("graftwork")
    return {**metadata, "graftwork": {**(own if isinstance(own, Mapping) else {}), "activation": activation}}


def option(metadata: Mapping[str, Any], name: str) -> Any:
    """Return what timm was asked for, or else what is `told`."""
    options = told(metadata, "model_args")
    asked = options.get(name) if isinstance(options, Mapping) else None
    return told(metadata, name) if asked is None else asked


def stated(metadata: Mapping[str, Any], name: str, usual: Any = None) -> Any:
    """Return what the first to have the name at all says under it, if that is None, too; else what is usual."""
    return next((teller[name] for teller in tellers(metadata) if name in teller), usual)


def _read(text: str) -> Any:
    """Return JSON that is kept as text, as safetensors files must."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
