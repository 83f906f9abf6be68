"""Trials: what is to be done, as pure data that any executor can run.

A plan is a list of trials. A trial makes one model (or takes a source as it is) and measures it on one data set. All of
it is immutable, pickles, and turns to JSON; nothing here knows files' contents, torch or a screen.
"""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .identity import digest


class Frozen(BaseModel):
    """Immutable data that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceModel(Frozen):
    """A checkpoint as a person gave it.

    Attributes
    ----------
    name : str
        The recipe's name for it.
    path : str
        Absolute path of the file or folder.
    content : str
        Fingerprint of its content.
    weights : str or None
        Which set of weights, where it holds several.
    network : str or None
        What builds it: ``timm:NAME``, ``transformers:CLASS``, ``file.py:function`` or ``package.module:Class``; None
        for a recognised one.
    code : str or None
        Hash of a person's own code.
    """

    kind: Literal["source"] = "source"
    name: str
    path: str
    content: str
    weights: str | None = None
    network: str | None = None
    code: str | None = None

    @property
    def identity(self) -> str:
        """The identity: the content's, wherever the file lies; which of its weights, and in which code."""
        if self.network:
            return digest([self.content, self.weights, self.network.rpartition(":")[2], self.code])
        return digest([self.content, self.weights]) if self.weights else self.content


class DerivedModel(Frozen):
    """A model that one operation makes from its parents.

    Attributes
    ----------
    name : str
        Readable name; not part of the identity.
    method, version : str, int
        Which method, in which version of its definition.
    parameters : dict
        Every parameter of the method with its value; names of models and data sets among them are kept as names.
    parents : tuple of str
        Identities of the parents, in order.
    references : dict
        Identity of each model or data set that a parameter names, by parameter.
    seed : int or None
        None for a method that draws nothing.
    """

    kind: Literal["derived"] = "derived"
    name: str
    method: str
    version: int
    parameters: dict[str, Any]
    parents: tuple[str, ...]
    references: dict[str, str] = {}
    seed: int | None = None

    @cached_property
    def identity(self) -> str:
        """Hash of parents, method, version, parameters, references and seed."""
        plain = {key: value for key, value in self.parameters.items() if key not in self.references}
        return digest([self.method, self.version, plain, self.parents, self.references, self.seed])


ModelSpec = SourceModel | DerivedModel


class DataFields(Frozen):
    """A data set and how it is prepared, as a recipe declares it.

    Attributes
    ----------
    name : str
        The recipe's name for it; not part of the identity.
    path : str
        Absolute path, or ``digits`` for the bundled handwritten digits.
    normalise : str or tuple
        A known normalisation's name, ``none``, or ``(means, deviations)`` with one entry a channel, in units of [0, 1].
    limit : int or None
        At most so many samples, spread evenly over the classes, the first of each in name order.
    classes : tuple of str or None
        Only these classes; their labels stay those of the whole set.
    split : str or None
        ``train`` or ``test`` where the source has both.
    label : str or None
        The column of a table, or the field of a JSON line, that holds the classes; None for the usual names.
    labels, groups : tuple of str
        Further columns of labels, and columns by which samples are grouped.
    weight : str or None
        The column of the samples' weights.
    columns : tuple of str or None
        The columns that a network on numbers takes; None for all that hold numbers and nothing else was made of.
    text : str or None
        The column, or field, of the text.
    tokenizer : str or None
        A Hugging Face ``tokenizer.json`` or a JSON list of characters, whose fingerprint is part of ``content``; None
        takes bytes.
    length : int
        Tokens of a sample: longer ones are cut, shorter ones padded.
    resize : int, (int, int) or None
        Pixels of an image's shorter side, or its height and width, after scaling.
    crop : int or None
        Side of the square that is cut from the middle afterwards, in pixels.
    channels : 1, 3 or None
        Convert images to grey or to RGB.
    """

    name: str
    path: str
    normalise: str | tuple[tuple[float, ...], tuple[float, ...]] = "none"
    limit: int | None = None
    classes: tuple[str, ...] | None = None
    split: Literal["train", "test"] | None = None
    label: str | None = None
    labels: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    weight: str | None = None
    columns: tuple[str, ...] | None = None
    text: str | None = None
    tokenizer: str | None = None
    length: int = Field(default=128, ge=1)
    resize: Annotated[int, Field(ge=1)] | tuple[int, int] | None = None
    crop: int | None = Field(default=None, ge=1)
    channels: Literal[1, 3] | None = None


class DataSpec(DataFields):
    """A data set with the fingerprint of its content."""

    content: str

    @cached_property
    def identity(self) -> str:
        """Hash of the content and its preparation; what came to be declared later counts where it is declared."""
        later = self.model_dump(mode="json", include=set(_LATER), exclude_defaults=True)
        return digest([self.content, self.normalise, self.limit, self.classes, self.split, *([later] if later else [])])

    @property
    def file(self) -> str:
        """The file in a workspace's ``arrays/`` that keeps labels, names and pictures."""
        return f"{digest(['data', self.identity])}.h5"


_LATER = ("label", "labels", "groups", "weight", "columns", "text", "length", "resize", "crop", "channels")


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
    parameters: dict[str, Any] = {}

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
    """

    model: ModelSpec
    inputs: dict[str, ModelSpec] = {}
    data: DataSpec | None = None
    operation_data: dict[str, DataSpec] = {}
    measures: tuple[MeasureSpec, ...] = ()
    features: FeatureSpec | None = None
    seed: int = 0
    reference: str | None = None

    @cached_property
    def identity(self) -> str:
        """Hash of the model, the data, the measures, the seed and, where there are some, features and reference."""
        data = self.data.identity if self.data else None
        later: list[Any] = [self.features.identity] if self.features else []
        later += [{"reference": self.reference}] if self.reference else []
        return digest([self.model.identity, data, sorted(m.identity for m in self.measures), self.seed, *later])

    @property
    def datasets(self) -> tuple[DataSpec, ...]:
        """Every data set that the trial needs."""
        return (*([self.data] if self.data else []), *self.operation_data.values())


class FitEntry(Frozen):
    """Models, by identity, under the name that a fit's ``of`` gave them."""

    name: str
    models: tuple[str, ...]


class FitSpec(Frozen):
    """What is to be said of a set of models once they are measured.

    Attributes
    ----------
    name : str
        Readable name; not part of the identity.
    fit, version : str, int
        Which fit, in which version of its definition.
    parameters : dict
        Every parameter with its value.
    of : tuple of FitEntry
        The models.
    x, y : str
        A measured quantity, a parameter or a fact of the models; empty where the fit needs none.
    by : str or None
        What models of one group have in common: ``method``, ``parents``, ``seed``, ``of`` (the entry), or the name of
        a parameter or a fact; None for one group.
    data : str or None
        Identity of the data set whose values count, beside those that need no data.
    """

    name: str
    fit: str
    version: int
    parameters: dict[str, Any] = {}
    of: tuple[FitEntry, ...]
    x: str = ""
    y: str = ""
    by: str | None = None
    data: str | None = None

    @cached_property
    def identity(self) -> str:
        """Hash of all but the name."""
        return digest(self.model_dump(mode="json", exclude={"name"}))


class FitResult(Frozen):
    """What a fit says.

    Attributes
    ----------
    values : tuple of Value
        Its numbers.
    remarks : tuple of str
        What they mean, one sentence each.
    """

    values: tuple["Value", ...] = ()
    remarks: tuple[str, ...] = ()


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
    """

    identity: str
    measures: tuple[str, ...]
    trials: int


class Plan(Frozen):
    """All trials of a recipe, parents before their children; of a search, those that it begins with.

    ``fits`` are done once the trials are.
    """

    title: str
    trials: tuple[Trial, ...]
    search: SearchSpec | None = None
    fits: tuple[FitSpec, ...] = ()


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
    """A point that was tried: its parameters, its models' names, and its values by measure."""

    point: dict[str, Any]
    models: tuple[str, ...]
    values: dict[str, float]


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
    """

    sentence: str
    best: Finding | None = None
    front: tuple[Finding, ...] = ()
    tried: int = 0
    recipe: str = ""


class Proposal(Frozen):
    """How a search goes on: what to run for which points, and the answer so far; no points once it is finished."""

    answer: Answer
    points: tuple[Proposed, ...] = ()
    plan: Plan | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to try."""
        return not self.points


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
    passed: "Pass | None" = None


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
