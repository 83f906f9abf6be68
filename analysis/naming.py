"""Names of values: the quantity and, where it is not the usual one, what it was measured with and against.

``accuracy.topk (k = 3).class.cat`` is the accuracy among the best three of the class cat, and ``compare.flips.negative
(against a)`` what a model has wrong that a has right. What is at its default is left out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import UserError, unknown
from .settings_text import Settings, read, written

_DETAIL = re.compile(r"\.(class|pair|bin|group|model|at)\..*", re.DOTALL)
_BEGINS = re.compile(r"([^\s()]+) \(")


@dataclass(frozen=True)
class Name:
    """What tells a value from every other of its model, data set and seed.

    Attributes
    ----------
    quantity : str
        Such as ``accuracy.topk``.
    detail : str
        What it is of, where it is a detail: ``.class.cat``; empty otherwise.
    settings : Settings
        The parameters that are not at their defaults, and the model that it is compared with.
    """

    quantity: str
    detail: str = ""
    settings: Settings = field(default=Settings({}))

    def __str__(self) -> str:
        return f"{self.quantity}{self.suffix}{self.detail}"

    @property
    def plain(self) -> str:
        """What its measure calls it: quantity and detail."""
        return f"{self.quantity}{self.detail}"

    @property
    def suffix(self) -> str:
        """What stands behind the quantity, such as `` (k = 3, against a)``; empty where there is nothing to tell."""
        text = written(self.settings)
        return f" ({text})" if text else ""


def name_of(
    plain: str,
    settings: Mapping[str, Any] | None,
    defaults: Mapping[str, Any] | None = None,
    reference: str | None = None,
) -> Name:
    """Return the name of a value.

    Parameters
    ----------
    plain : str
        What its measure calls it.
    settings : mapping or None
        Every parameter of the measure with its value, as JSON values; None where nobody kept them.
    defaults : mapping or None
        What they are by default; None where nobody knows, so that all are told. What has no default here is a
        parameter that is no more.
    reference : str or None
        Name of the model that it is compared with.
    """
    chosen = settings or {}
    if defaults is not None:
        chosen = {k: v for k, v in chosen.items() if k in defaults and not _equal(v, defaults[k])}
    split = _split(plain)
    return Name(split.quantity, split.detail, Settings(chosen, reference, settings is not None))


def parse_name(text: str) -> Name:
    """Return the name that is written so, the inverse of ``str``; what no name is written like is all quantity."""
    begins = _BEGINS.match(text)
    if begins is None or _DETAIL.search(begins[1]):
        return _split(text)
    try:
        settings, end = read(text, begins.end())
    except ValueError:
        return Name(text)
    closing, detail = text[end : end + 1], text[end + 1 :]
    if closing != ")" or (detail and not _DETAIL.fullmatch(detail)):
        return Name(text)
    return Name(begins[1], detail, settings)


def plain_name(name: str) -> str:
    """Return what the measure itself calls a value of that name."""
    return parse_name(name).plain


def base_name(name: str) -> str:
    """Return the quantity of a value: ``accuracy.topk`` of ``accuracy.topk (k = 3).class.cat``.

    Details are values of one class, pair (``.pair.``), group of samples or models, model, bin, or place (``.at.``).
    """
    return parse_name(name).quantity


def giver_among(measures: Iterable[str], plain: str) -> str | None:
    """Return which of the measures, by id, gives what is called so; None if none does."""
    givers = (measure for measure in measures if f"{plain}.".startswith(f"{measure}."))
    return max(givers, key=len, default=None)


class Named(Protocol):
    """A value's name, and every parameter of its measure; None where nobody kept them."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, Any] | None: ...


def meant(wanted: str, values: Iterable[Named]) -> str:
    """Return which of the values' names a person means.

    It is that which agrees with all that is written and is at its defaults beside that, or else the only one that
    agrees. So a quantity alone means what was measured by default, or the only way in which it was measured.

    Raises
    ------
    UserError
        If none agrees, or several do; says which there are.
    """
    known = {value.name: value for value in values}
    if wanted in known:
        return wanted
    asked = parse_name(wanted)
    agreeing = [name for name, value in known.items() if agrees(asked, parse_name(name), value.settings or {})]
    usual = [name for name in agreeing if _adds_nothing(parse_name(name).settings, asked.settings)]
    for found in (usual, agreeing):
        if len(found) == 1:
            return found[0]
    if agreeing:
        raise UserError(f"'{wanted}' was measured in several ways.", f"Choose one: {'; '.join(agreeing)}.")
    raise unknown("measured quantity called", wanted, list(known))


def agrees(asked: Name, own: Name, settings: Mapping[str, Any]) -> bool:
    """Say whether what is written of a value is true of one, by its name and every parameter of its measure."""
    wanted = asked.settings
    every = {**own.settings.parameters, **settings}
    return (
        own.plain == asked.plain
        and wanted.reference in (None, own.settings.reference)
        and wanted.told >= own.settings.told
        and all(key in every and _equal(every[key], value) for key, value in wanted.parameters.items())
    )


def _adds_nothing(own: Settings, asked: Settings) -> bool:
    return own.parameters.keys() <= asked.parameters.keys() and (own.reference, own.told) == (
        asked.reference,
        asked.told,
    )


def _split(plain: str) -> Name:
    detail = _DETAIL.search(plain)
    return Name(plain[: detail.start()], detail[0]) if detail else Name(plain)


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
