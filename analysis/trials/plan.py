"""A plan: all trials of a recipe, what follows them, and what they will take."""

from typing import Any

from pydantic import Field

from ..frozen import Frozen
from .fits import FitSpec
from .trial import Trial


class SearchSpec(Frozen):
    """A search that goes on from a plan.

    Attributes
    ----------
    identity : str
        Hash of the recipe without its budget, and of what it begins from.
    measures : tuple of str
        The quantities that decide how it goes on.
    trials : int
        How many points it tries at most.
    fits : tuple of str
        Names of the fits that are done over what it tried, once it has ended.
    """

    identity: str
    measures: tuple[str, ...]
    trials: int
    fits: tuple[str, ...] = ()


class Plan(Frozen):
    """All trials of a recipe, parents before their children; of a search, those that it begins with.

    ``fits`` are done once the trials are; ``aliases`` are further names of their models, with the identities;
    ``remarks`` are sentences on how the files fit together; ``defaults`` are those of the measures' parameters.
    """

    title: str
    trials: tuple[Trial, ...]
    search: SearchSpec | None = None
    fits: tuple[FitSpec, ...] = ()
    aliases: dict[str, str] = Field(default={})
    remarks: tuple[str, ...] = ()
    defaults: dict[str, dict[str, Any]] = Field(default={})


class Estimate(Frozen):
    """What a trial will take.

    Attributes
    ----------
    trial : str
        The trial's identity.
    seconds : float or None
        Wall time, by trials that were run before; None where there was none to go by.
    alike : int
        How many of those did the same to models of that size; 0 where the time is scaled from any.
    memory : int or None
        Most bytes at once; None for networks that nobody can count.
    disk : int or None
        Bytes that it leaves behind.
    """

    trial: str
    seconds: float | None = None
    alike: int = 0
    memory: int | None = None
    disk: int | None = None
