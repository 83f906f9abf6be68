"""Data sets and how they are prepared."""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from ..frozen import Frozen
from ..identity import digest


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
        All classes by their names, in the order of the network's outputs, some of which may have no samples. Or a part
        of them: only their samples, whose labels stay those of the whole set.
    split : str or None
        ``train``, ``val`` or ``test`` where the source has several of them; where it has no test part, val stands for
        it.
    label : str or None
        The column of a table, or the field of a JSON line, that holds the classes; None for the usual names.
    labels, groups : tuple of str
        Further columns of labels, and columns by which samples are grouped.
    weight : str or None
        The column of the samples' weights, numbers from 0 on of which only the ratios count.
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
    split: Literal["train", "val", "test"] | None = None
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

    @field_validator("classes", mode="before")
    @classmethod
    def _named_by_numbers(cls, value: Any) -> Any:
        """Take whole numbers for the names that they are in a file."""
        if not isinstance(value, list | tuple):
            return value
        return tuple(str(name) if type(name) is int else name for name in value)


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
