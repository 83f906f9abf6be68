"""What a finished trial or fit gives."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from ..frozen import Frozen


@dataclass(frozen=True)
class Remark:
    """What the numbers mean: one sentence."""

    text: str


class Value(Frozen):
    """One number that a measure gives.

    Attributes
    ----------
    measure : str
        Quantity's full name: ``accuracy``, ``cost.nominal.macs``, ``accuracy.class.cat``.
    value : float
        The value, in ``unit``.
    low, high : float or None
        Bounds of its 95 % interval where it has one.
    unit : str
        ``fraction``, ``nats``, ``ms``, ``bytes``, ``degrees`` …; empty for a plain number.
    weight : str or None
        The column by which its samples were weighted; None where all counted alike.
    """

    measure: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    weight: str | None = Field(default=None, repr=False, exclude_if=lambda name: name is None)


class Pass(Frozen):
    """A model's run over a data set.

    Attributes
    ----------
    function : str
        Identity of what the model gave for every sample.
    file : str
        What the run left in ``arrays/``; the same for every model of equal structure and tensors.
    """

    function: str
    file: str


class TrialResult(Frozen):
    """What a finished trial gives: records, and the names of the files it left in the workspace.

    Attributes
    ----------
    trial : str
        The trial's identity.
    values : tuple of Value
        Every measure's numbers.
    columns : dict
        For each per-sample column (``logits``, ``geometry.margins.angle`` …) the file in ``arrays/`` that holds it.
    checkpoint : str or None
        The file in ``checkpoints/``, for a derived model.
    facts : dict
        What was learnt about the model: family, parameters, classes, notes.
    seconds : float
        Wall time.
    passed : Pass or None
        Its run over the data, where there was one.
    dataless : frozenset of str
        Names of the values that no data went into: they hold beside every data set.
    compared : frozenset of str
        Names of the values and columns that set the model beside the trial's reference.
    overlap : float or None
        Share of the data's samples that the model, or one that it was made from, has learnt from; None where nobody
        looked.
    """

    trial: str
    values: tuple[Value, ...]
    columns: dict[str, str]
    checkpoint: str | None
    facts: dict[str, Any]
    seconds: float
    passed: Pass | None = None
    dataless: frozenset[str] = frozenset()
    compared: frozenset[str] = frozenset()
    overlap: float | None = None


class FittedCurve(Frozen):
    """What a fit expects of y along x, with its 95 % band.

    Attributes
    ----------
    group : str
        The models that it was fitted to; empty where nothing divides them.
    words : str
        What it is, in one sentence.
    x, y, low, high : tuple of float, each (places,)
        Places by x, in the units of the axes; what is expected there, and the bounds of the band.
    """

    group: str
    words: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class FitResult(Frozen):
    """What a fit says.

    Attributes
    ----------
    values : tuple of Value
        Its numbers.
    remarks : tuple of str
        What they mean, one sentence each.
    curves : tuple of FittedCurve
        What can be drawn over the models by x and y.
    """

    values: tuple[Value, ...] = ()
    remarks: tuple[str, ...] = ()
    curves: tuple[FittedCurve, ...] = ()
