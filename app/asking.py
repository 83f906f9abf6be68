"""Asking a usual question: what it is about, as a person names it."""

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..analysis.errors import UserError
from ..analysis.recipe import KEPT, DataInput, ModelInput
from ..analysis.session import Session
from .importing import distinct_names
from .training_data import TEST, TRAIN, TrainingData


def question_about(models: Sequence[str], data: str, train: str | None, normalise: str, folder: Path) -> dict[str, Any]:
    """Return what a question is about, for the worker's task ``ask``.

    Parameters
    ----------
    models : sequence of str
        ``NAME=PATH``, or a path whose file gives the name.
    data, train : str
        Paths, or ``digits``; where both are the same, its two splits are taken.
    normalise : str
        Of both.
    folder : Path
        Where the recipe will lie: relative paths are written as they are seen from there.

    Raises
    ------
    UserError
        If two models have one name.
    """
    splits = (TEST, TRAIN) if data == train else (None, None)
    test, learnt = (
        path and DataInput(name=name, path=_seen_from(folder, path), normalise=normalise, split=split)
        for name, path, split in ((TEST, data, splits[0]), (TRAIN, train, splits[1]))
    )
    return {"models": _models(models, folder), "data": test, "train": learnt or None}


def question_in(session: Session) -> dict[str, Any]:
    """Return what a question is about in a workspace: the selected models or the primary one, on the current data.

    Training data are the data set called ``train``, or the other split of what is looked at; never what is measured.

    Raises
    ------
    UserError
        If there is no model or no data set yet.
    """
    state, snapshot = session.state, session.snapshot
    chosen = [model.name for model in snapshot.models if model.identity in state.selection.models]
    primary = session.model(state.primary)
    names = chosen or ([primary.name] if primary else [])
    current = next((record.name for record in snapshot.datasets if record.identity == state.data), None)
    if not names or current is None:
        raise UserError("There is no measured model to ask about.", "Run an experiment with a data set first.")
    known = known_data(session)
    return {
        "models": tuple(ModelInput(name=name, path=f"{KEPT}{name}") for name in names),
        "data": known[current],
        "train": TrainingData(session, known, known[current]).usual,
    }


def known_data(session: Session) -> dict[str, DataInput]:
    """Return the data sets of the workspace by name, and the digits."""
    specs = {
        record.name: DataInput(name=record.name, **record.spec.model_dump(exclude={"name", "content"}))
        for record in session.snapshot.datasets
    }
    if not any(spec.path == "digits" for spec in specs.values()):
        specs["digits"] = DataInput(name="digits", path="digits", normalise="digits", split="test")
    return specs


def value_of(text: str) -> Any:
    """Return a value as TOML means it; what is none is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _models(texts: Sequence[str], folder: Path) -> tuple[ModelInput, ...]:
    given = [(name, path) if equals else ("", name) for name, equals, path in (t.partition("=") for t in texts)]
    stems = distinct_names([Path(path) for _, path in given])
    names = [name or stem for (name, _), stem in zip(given, stems, strict=True)]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"Two models are called '{name}'.", "Write --model NAME=PATH with names of their own.")
    paths = (_seen_from(folder, path) for _, path in given)
    return tuple(ModelInput(name=name, path=path) for name, path in zip(names, paths, strict=True))


def _seen_from(folder: Path, path: str) -> str:
    """Return a path as it is written in a file of that folder; absolute ones stay."""
    place = Path(path).expanduser()
    return path if path == "digits" or place.is_absolute() else os.path.relpath(place, folder)
