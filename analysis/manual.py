"""What a person reads of a method, a measure or a fit: a page each, from what it declares of itself."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from .catalogue import Entry
from .recipe import literal
from .wording import counted

_PLACES = {
    "method": ("[[step]]", 'name = "{name}"', 'method = "{id}"'),
    "measure": ("[measure]", 'what = ["{id}"]'),
    "fit": ("[[fit]]", 'what = "{id}"'),
}
_DOES = {
    "method": "makes a model of {parents}",
    "measure": "measures a model",
    "fit": "says something about a set of measured models",
    "projection": "lays samples out in a plane",
    "preset": "writes the recipe of a usual question: graftwork preset {id}",
}
_BOUNDS = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}"}
_MODEL = {"model": "NAME", "data": "NAME"}


def listing(entries: Iterable[Entry]) -> str:
    """Return entries by kind and family, a line each."""
    ordered = sorted(entries, key=lambda entry: (entry.kind, entry.family, entry.id))
    width = max((len(entry.id) for entry in ordered), default=0)
    parts = []
    for kind, of_kind in groupby(ordered, key=lambda entry: entry.kind):
        parts.append(f"\n{kind.capitalize()}s\n")
        for _, of_family in groupby(of_kind, key=lambda entry: entry.family):
            parts += [f"  {entry.id:{width}}  {entry.title}" for entry in of_family] + [""]
    return "\n".join(parts).strip("\n")


def page(entry: Entry) -> str:
    """Return all that an entry declares, as Markdown: what it does, gives and takes, its source and an example."""
    parts = [
        f"# {entry.title}",
        f"`{entry.id}` {_does(entry)}. {entry.summary}",
        *_gives(entry),
        *_parameters(entry),
        f"Source: {entry.citation} Version {entry.version}.".replace("..", "."),
        *_example(entry),
    ]
    return "\n\n".join(parts)


def _does(entry: Entry) -> str:
    parents = "several parents" if entry.parents == "many" else "one parent"
    drawn = ", drawn once for each seed" if entry.stochastic else ""
    return _DOES[entry.kind].format(id=entry.id, parents=parents) + drawn


def _gives(entry: Entry) -> Iterator[str]:
    if entry.quantities:
        yield "It gives:\n\n" + "\n".join(f"- `{q.name}`: {q.title}{_unit(q.unit)}" for q in entry.quantities)


def _unit(unit: str) -> str:
    return f" ({unit})" if unit else ""


def _parameters(entry: Entry) -> Iterator[str]:
    properties = entry.parameter_schema.get("properties", {})
    if properties:
        lines = [f"- {_parameter(name, schema)}" for name, schema in properties.items()]
        yield f"It takes {counted(len(lines), 'parameter')}:\n\n" + "\n".join(lines)
    else:
        yield "It takes no parameters."


def _parameter(name: str, schema: dict[str, Any]) -> str:
    choices = [literal(value) for part in (schema, *schema.get("anyOf", ())) for value in part.get("enum", ())]
    bounds = [text.format(f"{schema[key]:g}") for key, text in _BOUNDS.items() if key in schema]
    notes = [" or ".join(choices), " ".join(bounds), schema.get("unit", ""), _default(schema)]
    return f"`{name}` ({', '.join(note for note in notes if note)}): {schema.get('description', '')}"


def _default(schema: dict[str, Any]) -> str:
    if "default" not in schema:
        return "must be given"
    empty = schema["default"] in (None, "", [], {})
    return "may be left out" if empty else f"usually {literal(schema['default'])}"


def _example(entry: Entry) -> Iterator[str]:
    """Yield what a recipe says to use it."""
    if entry.kind in _PLACES:
        name = entry.id.rpartition(".")[2]
        lines = [line.format(name=name, id=entry.id) for line in _PLACES[entry.kind]]
        if entry.kind == "method":
            lines.append(f"of = {literal([['A', 'B']] if entry.parents == 'many' else ['NAME'])}")
        lines += [f"{key} = {literal(value)}" for key, value in _given(entry).items()]
        yield "In a recipe:\n\n```toml\n" + "\n".join(lines) + "\n```"


def _given(entry: Entry) -> dict[str, Any]:
    """Return the parameters of the example: what must be given, and the first that is not left out usually."""
    schema = entry.parameter_schema
    properties, needed = schema.get("properties", {}), schema.get("required", ())
    usual = next(({k: v["default"]} for k, v in properties.items() if v.get("default") not in (None, "", [], {})), {})
    return {name: _MODEL.get(properties[name].get("role", ""), "NAME") for name in needed} | usual
