"""What a search tries and finds."""

from typing import Any

from pydantic import Field

from ..frozen import Frozen
from .plan import Plan


class Proposed(Frozen):
    """A point that a search tries.

    Attributes
    ----------
    point : dict
        The parameters' values by ``step.parameter``.
    trials : tuple of str
        The trials whose mean values are its own: those of the last step's models.
    models : tuple of str
        Their models' names in the workspace, once it is kept there.
    """

    point: dict[str, Any]
    trials: tuple[str, ...]
    models: tuple[str, ...] = ()


class Finding(Frozen):
    """A point that was tried.

    Attributes
    ----------
    point : dict
        Its parameters.
    models : tuple of str
        Its models' names.
    values : dict
        The means over its models, by measure.
    intervals : dict
        Low and high end of those that have an interval.
    """

    point: dict[str, Any]
    models: tuple[str, ...]
    values: dict[str, float]
    intervals: dict[str, tuple[float, float]] = Field(default={})


class Answer(Frozen):
    """What a search has found so far.

    Attributes
    ----------
    sentence : str
        In words.
    best : Finding or None
        What reaches the goal; None while nothing does.
    front : tuple of Finding
        What nothing beats in every objective.
    tried : int
        How many points were tried.
    recipe : str
        The recipe, as TOML, with the parameters of the best; empty where there is none.
    remarks : tuple of str
        How sure it is, one sentence each.
    """

    sentence: str
    best: Finding | None = None
    front: tuple[Finding, ...] = ()
    tried: int = 0
    recipe: str = ""
    remarks: tuple[str, ...] = ()


class Proposal(Frozen):
    """How a search goes on: what to run for which points, and the answer so far.

    Once it is finished there are no points, and the plan has the fits over all that was tried.
    """

    answer: Answer
    points: tuple[Proposed, ...] = ()
    plan: Plan | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to try."""
        return not self.points
