"""What a finished trial or fit gives."""

from typing import Any

from .frozen import Frozen


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
    """

    measure: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""


class Pass(Frozen):
    """A model's run over a data set.

    Attributes
    ----------
    function : str
        Fingerprint of what the model computes on a probe of the data.
    file : str
        What the run left in ``arrays/``; the same for every model that computes the same.
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
    """

    trial: str
    values: tuple[Value, ...]
    columns: dict[str, str]
    checkpoint: str | None
    facts: dict[str, Any]
    seconds: float
    passed: Pass | None = None


class FitResult(Frozen):
    """What a fit says.

    Attributes
    ----------
    values : tuple of Value
        Its numbers.
    remarks : tuple of str
        What they mean, one sentence each.
    """

    values: tuple[Value, ...] = ()
    remarks: tuple[str, ...] = ()
