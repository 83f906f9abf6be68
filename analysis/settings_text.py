"""Settings as text and back: ``k = 3, corruptions = [fog, snow], against a``."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_WORD = re.compile(r"[A-Za-z_][\w.+/-]*")
_KEY = re.compile(r"([A-Za-z_]\w*)\s*=\s*")
_AGAINST = re.compile(r"against\s+")
_MODEL = re.compile(r"[^\s,()\"](?:[^,()\"]*[^\s,()\"])?")
_COMMA = re.compile(r"\s*,\s*")
_LITERALS = {"true": True, "false": False, "null": None, "Infinity": math.inf, "NaN": math.nan}
_UNTOLD = "untold"


class Settings(NamedTuple):
    """Parameters, the name of the model that is compared with, and whether all that is known."""

    parameters: Mapping[str, Any]
    reference: str | None = None
    told: bool = True


def written(settings: Settings) -> str:
    """Return settings as text, empty where there is nothing to tell; values are JSON, plain words without quotes."""
    chosen = [f"{key} = {_written(value)}" for key, value in sorted(settings.parameters.items())]
    against = [] if settings.reference is None else [f"against {_model(settings.reference)}"]
    return ", ".join([*chosen, *against, *([] if settings.told else [_UNTOLD])])


def read(text: str, start: int) -> tuple[Settings, int]:
    """Return the settings that are written from a place of a text on, and where they end.

    Raises
    ------
    ValueError
        If there are none.
    """
    found, end = _read_entry(text, start, Settings({}))
    while comma := _COMMA.match(text, end):
        found, end = _read_entry(text, comma.end(), found)
    return found, end


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str) and _WORD.fullmatch(value) and value not in _LITERALS:
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _model(name: str) -> str:
    return name if _MODEL.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _read_entry(text: str, at: int, before: Settings) -> tuple[Settings, int]:
    if key := _KEY.match(text, at):
        value, end = _read_value(text, key.end())
        return before._replace(parameters={**before.parameters, key[1]: value}), end
    if against := _AGAINST.match(text, at):
        name, end = _read_model(text, against.end())
        return before._replace(reference=name), end
    if text.startswith(_UNTOLD, at):
        return before._replace(told=False), at + len(_UNTOLD)
    raise ValueError(text)


def _read_model(text: str, at: int) -> tuple[str, int]:
    if text.startswith('"', at):
        name, end = json.JSONDecoder().raw_decode(text, at)
        return str(name), end
    found = _MODEL.match(text, at)
    if found is None:
        raise ValueError(text)
    return found[0], found.end()


def _read_value(text: str, at: int) -> tuple[Any, int]:
    if text.startswith("[", at):
        return _read_list(text, at + 1)
    if word := _WORD.match(text, at):
        return _LITERALS.get(word[0], word[0]), word.end()
    found: tuple[Any, int] = json.JSONDecoder().raw_decode(text, at)
    return found


def _read_list(text: str, at: int) -> tuple[list[Any], int]:
    values: list[Any] = []
    while not text.startswith("]", at):
        comma = _COMMA.match(text, at) if values else None
        if values and not comma:
            raise ValueError(text)
        value, at = _read_value(text, comma.end() if comma else at)
        values.append(value)
    return values, at + 1
