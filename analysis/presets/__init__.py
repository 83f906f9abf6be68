"""Presets: one file each, a function that writes the recipe of a usual question, with what its answer is held against.

A preset is::

    def pruning(inputs: Inputs, parameters: PruningParameters) -> Recipe

registered by ``@PRESETS.register("pruning", title="Which …?", citation=…)``; its title is the question. It touches no
file and no network: what it returns is a recipe as a person could have written it.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from ..catalogue import Catalogue
from ..recipe import DataInput, ModelInput, Recipe
from ..registry import Shelf


@dataclass(frozen=True)
class Inputs:
    """What a question is asked about.

    Attributes
    ----------
    models : tuple of ModelInput
        One or more.
    data : DataInput
        What everything is measured on.
    train : DataInput or None
        What may be learnt from; None leaves out all that learns.
    catalogue : Catalogue
        What the program can do.
    """

    models: tuple[ModelInput, ...]
    data: DataInput
    train: DataInput | None
    catalogue: Catalogue


class Preset(Protocol):
    """The signature of a preset."""

    __qualname__: str

    def __call__(self, inputs: Inputs, parameters: Any, /) -> Recipe: ...


PRESETS: Shelf[Preset] = Shelf("preset", __name__, "graftwork.presets")

__all__ = ["PRESETS", "Inputs", "Preset"]
