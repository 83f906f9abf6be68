"""A layer gives way to another form of itself."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field
from torch import nn

from ....frozen import Frozen
from ..forms import Options, form_of
from .places import Place, Words, at, put


class Replace(Frozen):
    """A form in place of a layer.

    Attributes
    ----------
    layer : str
        The layer.
    form : str
        What it becomes: the name of a file in ``forms``, such as ``factors``.
    options : dict of str to int
        What the form needs to know, such as its ``rank``.
    """

    words: ClassVar[Words] = ("layer", "in another form")
    kind: Literal["replace"] = "replace"
    layer: Place
    form: Place
    options: Options = Field(default_factory=dict)

    def apply(self, network: nn.Module, parts: Mapping[str, nn.Module]) -> None:
        """Change the network.

        Raises
        ------
        UserError
            If there is no such layer or form, or the form suits no such layer.
        """
        put(network, self.layer, form_of(self.form)(at(network, self.layer), self.options))
