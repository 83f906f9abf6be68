"""A trial: one model, what is kept of it and what is measured."""

from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from ..frozen import Frozen
from ..identity import digest
from ..naming import giver_among
from ..renamed import current
from .data import DataSpec
from .models import ModelSpec


class FeatureSpec(Frozen):
    """Which layers' values are kept of every sample, and how.

    Attributes
    ----------
    layers : tuple of str
        ``stages``, dotted names, patterns such as ``layer3.*.conv1``, or kinds such as ``kind:Conv2d``.
    pool : str
        ``mean`` over positions, ``flatten``, the ``class`` token, the ``last`` token, or ``tokens``: some of them.
    tokens : int
        How many positions ``tokens`` keeps of each sample.
    dtype : str
        ``float32``, ``float16``, or ``auto``: float16 where its range and its resolution suffice.
    mixed : bool
        Whether the network runs in mixed precision.
    """

    layers: tuple[str, ...] = ("stages",)
    pool: Literal["mean", "flatten", "class", "last", "tokens"] = "mean"
    tokens: int = Field(default=16, ge=1)
    dtype: Literal["float32", "float16", "auto"] = "float32"
    mixed: bool = False

    @cached_property
    def identity(self) -> str:
        """Hash of all of it."""
        return digest([self.layers, self.pool, self.tokens, self.dtype, self.mixed])


class MeasureSpec(Frozen):
    """One measure with every parameter's value."""

    measure: str
    version: int
    parameters: dict[str, Any] = Field(default_factory=dict)

    @cached_property
    def identity(self) -> str:
        """Hash of all of it."""
        return digest([self.measure, self.version, self.parameters])


class Trial(Frozen):
    """Make one model, or take it as it is, and measure it on one data set.

    Attributes
    ----------
    model : SourceModel or DerivedModel
        What is made and measured.
    inputs : dict
        Every model that the trial needs (parents, those that parameters name, the measures' reference), by identity; a
        derived one is made by an earlier trial of the same plan.
    data : DataSpec or None
        What the measures run on.
    operation_data : dict
        The data sets that the operation's parameters name, by parameter.
    measures : tuple of MeasureSpec
        What is measured.
    features : FeatureSpec or None
        Which layers' values are kept beside what the measures need.
    seed : int
        Seeds every draw of the measures.
    reference : str or None
        Identity of the model that measures compare with; None where none of them does. It is among the inputs, unless
        it is the model itself.
    alone : bool
        Whether something is timed, so that nothing may run beside it on its machine.
    """

    model: ModelSpec
    inputs: dict[str, ModelSpec] = Field(default_factory=dict)
    data: DataSpec | None = None
    operation_data: dict[str, DataSpec] = Field(default_factory=dict)
    measures: tuple[MeasureSpec, ...] = ()
    features: FeatureSpec | None = None
    seed: int = 0
    reference: str | None = None
    alone: bool = False

    @cached_property
    def identity(self) -> str:
        """Hash of the model, the data, the measures, the seed and, where there are some, features and reference."""
        data = self.data.identity if self.data else None
        later: list[Any] = [self.features.identity] if self.features else []
        later += [{"reference": self.reference}] if self.reference else []
        return digest([self.model.identity, data, sorted(m.identity for m in self.measures), self.seed, *later])

    def giver_of(self, value: str) -> MeasureSpec | None:
        """Return the measure that gives a value, by what that calls it; None if none of these does."""
        measures = {current(spec.measure): spec for spec in self.measures}
        return measures.get(giver_among(measures, value) or "")

    @property
    def datasets(self) -> tuple[DataSpec, ...]:
        """Every data set that the trial needs."""
        return (*([self.data] if self.data else []), *self.operation_data.values())
