"""What a checkpoint is, as a table for a person."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from .terminal import screen

Row = tuple[str, str]
_FEW = 12  # tensors that are listed unasked
_NAMED = 8  # names that are written out
_APART = {"metadata", "layers", "weights", "opened", "left_aside", "not_read", "training"}


def print_checkpoint(facts: Mapping[str, Any]) -> None:
    """Print what `describe` says: the file, the network, the sets of weights, what is left out, and what else it says.

    Parameters
    ----------
    facts : mapping of str to Any
        What `describe` gave.
    """
    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    said = facts["metadata"]
    for rows in (_facts(facts), _sets(facts["path"], said), _left_out(said), _tensors(facts["layers"]), _said(said)):
        for row in rows:
            table.add_row(*row)
    screen().print(table)


def _facts(facts: Mapping[str, Any]) -> Iterator[Row]:
    """Give one row a value, but for what has rows of its own and what says nothing."""
    for name, value in facts.items():
        if name == "preparation" and value:
            yield name, _prepared(value)
        elif name not in _APART and value not in (None, {}, []):
            yield name, " × ".join(map(str, value)) if name == "input_shape" else _text(value)


def _prepared(fields: Mapping[str, Any]) -> str:
    chosen = {name: value for name, value in fields.items() if name != "because"}
    return f"{_text(chosen)}: {fields['because']}" if chosen else str(fields["because"])


def _said(said: Mapping[str, Any]) -> Iterator[Row]:
    """Give what else the file says, whose names are its own."""
    others = {name: value for name, value in said.items() if name not in _APART}
    for number, (name, value) in enumerate(others.items()):
        yield "" if number else "it says", f"{name}: {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, Mapping) and value and all(isinstance(item, str | int | float) for item in value.values()):
        return ", ".join(f"{key} {_number(item)}" for key, item in value.items())
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else _number(value)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _sets(path: str, said: Mapping[str, Any]) -> Iterator[Row]:
    """Say which of a file's sets of weights this is, and how to open the others."""
    opened = said.get("opened")
    for number, name in enumerate(said.get("weights", ())):
        state = "opened" if name == opened else f"to open it: {path.partition('#')[0]}#{name}"
        yield "" if number else "sets of weights", f"{name} ({state})"


def _left_out(said: Mapping[str, Any]) -> Iterator[Row]:
    """Say what of the file is none of the network's, and what cannot be read without running it."""
    if aside := said.get("left_aside"):
        yield "left aside", f"{_listed(aside)}: of losses, metrics or profilers"
    if training := said.get("training"):
        yield "left aside", f"{_listed(training)}: state of the training"
    for number, (place, name) in enumerate(said.get("not_read", {}).items()):
        yield "" if number else "not read", f"{place}: {name}"


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _tensors(layers: list[dict[str, Any]]) -> Iterator[Row]:
    for number, layer in enumerate(layers if len(layers) <= _FEW else ()):
        shape = " × ".join(map(str, layer["shape"])) or "one number"
        yield "" if number else "layers", f"{layer['name']}  {shape}  {layer['dtype']}"
