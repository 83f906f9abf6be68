"""What a workspace gives back: immutable records, free of SQL."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ..trials import Answer, DataSpec, FitResult, FitSpec, Frozen, Trial

TrialState = Literal["pending", "running", "done", "failed", "cancelled"]


class TrialRecord(Frozen):
    """A trial and how far it is.

    Attributes
    ----------
    identity : str
        The trial's identity.
    model : str
        Name of its model in the workspace; that in ``spec`` is the recipe's.
    state : str
        ``pending``, ``running``, ``done``, ``failed`` or ``cancelled``.
    problem, next_step : str
        Why it failed and what to do about it; empty otherwise.
    seconds : float or None
        Wall time of a finished trial.
    run : int
        The latest run that asked for it.
    attempts : int
        How often it was begun.
    """

    identity: str
    model: str
    spec: Trial
    state: TrialState
    problem: str = ""
    next_step: str = ""
    seconds: float | None = None
    run: int
    attempts: int = 0


class FitRecord(Frozen):
    """A fit and what came of it.

    Attributes
    ----------
    inputs : str or None
        Identity of what it was computed from; None where it was not computed yet.
    problem, next_step : str
        Why it cannot be done and what to do about it; empty otherwise.
    run : int
        The latest run that asked for it.
    """

    spec: FitSpec
    run: int
    inputs: str | None = None
    problem: str = ""
    next_step: str = ""
    result: FitResult = FitResult()


class Parent(Frozen):
    """One parent of a derived model."""

    name: str
    identity: str


class ModelRecord(Frozen):
    """A model of the lineage.

    Attributes
    ----------
    name : str
        Unique in the workspace.
    aliases : tuple of str
        Further names that recipes gave it, as unique: files of the same content are one model.
    path : Path or None
        Absolute path of the checkpoint; None for a derived model that is not made yet.
    method : str or None
        What made it; None for a source, whose ``parameters`` are empty.
    parents : tuple of Parent
        In the operation's order.
    references : dict
        Identities of the models and data sets that parameters name, by parameter.
    seed : int or None
        None where nothing was drawn.
    facts : dict
        What was learnt about it: family, parameters, classes, notes.
    created : float
        Seconds since the epoch when the workspace first heard of it.
    doubt : str
        Why its numbers may be those of another, as one sentence; empty where they are its own.
    """

    identity: str
    name: str
    aliases: tuple[str, ...] = ()
    kind: Literal["source", "derived"]
    path: Path | None
    method: str | None
    parameters: dict[str, Any]
    parents: tuple[Parent, ...]
    references: dict[str, str]
    seed: int | None
    facts: dict[str, Any]
    created: float
    doubt: str = ""


class DataRecord(Frozen):
    """A data set under its name in the workspace, which may differ from the one in ``spec``.

    ``classes`` are the names of its classes, none where it has none or nothing was measured on it yet.
    """

    identity: str
    name: str
    spec: DataSpec
    classes: tuple[str, ...] = ()


class ValueRecord(Frozen):
    """One measured number with all that it depends on; the fields are those of ``measures --json``.

    It belongs to its model, its data set, the seed of its measures and, by its name, to what it was measured with and
    against. What follows the unit is told where there is something to tell.

    Attributes
    ----------
    parents : tuple of str
        Names of the model's parents.
    operation : str or None
        The method that made the model; None for a source.
    params : dict
        The method's parameters.
    seed : int
        The operation's seed, or the trial's where the operation draws nothing.
    data : str or None
        Name of the data set; None where none went into it.
    measure : str
        What its measure calls it.
    name : str
        What tells it from values of other parameters or another reference; the same where it has none but defaults.
    settings : dict or None
        Every parameter of its measure with its value; None where that was not kept.
    reference : str or None
        Name of the model that it is compared with; None where it is compared with none.
    value : float
        In ``unit``; nan where the measure gave none.
    low, high : float or None
        Bounds of the 95 % interval.
    measure_seed : int
        The trial's seed, which seeds every draw of the measures.
    overlap : float or None
        Share of the data's samples that the model, or one that it was made from, has learnt from; None where nobody
        looked, or no data went into it.
    weight : str or None
        The column of the data by which its samples were weighted; None where all counted alike.
    remarks : tuple of str
        What is to be known of the numbers on its data set, one sentence each; none where no data went into it.
    version : int or None
        The version of the measure, which is not among the fields of ``measures --json``; None where it is not told.
    """

    model: str
    parents: tuple[str, ...]
    operation: str | None
    params: dict[str, Any]
    seed: int
    data: str | None
    measure: str
    value: float
    low: float | None
    high: float | None
    unit: str
    measure_seed: int = Field(0, exclude_if=lambda seed: not seed)
    overlap: float | None = Field(None, exclude_if=lambda share: not share)
    weight: str | None = Field(default=None, exclude_if=lambda name: name is None)
    remarks: tuple[str, ...] = Field(default=(), exclude_if=lambda remarks: not remarks)
    version: int | None = Field(None, exclude=True)
    name: str = ""
    settings: dict[str, Any] | None = Field(default={}, exclude_if=lambda settings: settings == {})
    reference: str | None = Field(default=None, exclude_if=lambda reference: reference is None)

    @model_validator(mode="before")
    @classmethod
    def _at_its_defaults(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Give what needs no further name that of its measure."""
        return {"name": fields.get("measure"), **fields}


class ColumnRecord(Frozen):
    """Where one per-sample column lies.

    Attributes
    ----------
    model, data : str
        Identities.
    name : str
        What tells it from columns of other parameters or another reference.
    settings : dict or None
        Every parameter of the measure that gave it.
    column : str
        Its name in the file.
    path : Path
        Absolute.
    """

    model: str
    data: str
    name: str
    settings: dict[str, Any] | None = Field(default={})
    column: str
    path: Path


class SelectionRecord(Frozen):
    """A named selection over one data set: ``count`` of its ``size`` samples are selected."""

    name: str
    data: str
    count: int
    size: int


class RunRecord(Frozen):
    """One run of a recipe: its text as it was, and when it was added, in seconds since the epoch."""

    run: int
    title: str
    recipe: str
    created: float


class SearchRecord(Frozen):
    """A search and how far it is.

    Attributes
    ----------
    search : str
        Its identity.
    run : int
        The run that it goes on in.
    title, recipe, folder : str, str, Path
        The run's recipe as it was, and where its paths start.
    trials : int
        How many points it tries at most.
    answer : Answer or None
        What it found so far; None before the first point.
    finished : bool
        Whether nothing is left to try.
    """

    search: str
    run: int
    title: str
    recipe: str
    folder: Path
    trials: int
    answer: Answer | None
    finished: bool
