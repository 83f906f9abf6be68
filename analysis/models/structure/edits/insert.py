"""Something new comes after a module."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field
from torch import nn

from ....frozen import Frozen
from ..forms import Options, form_of
from .places import Place, Words, at, impossible

ADDED = "added"


class Insert(Frozen):
    """A new layer after a module, as a child of it that is called ``added``.

    Attributes
    ----------
    after : str
        The module.
    form : str
        What comes: the name of a file in ``forms``, such as ``pointwise``.
    options : dict of str to int
        What the form needs to know, such as how many channels it takes and gives.
    """

    words: ClassVar[Words] = ("layer", "added")
    kind: Literal["insert"] = "insert"
    after: Place
    form: Place
    options: Options = Field(default_factory=dict)

    def apply(self, network: nn.Module, parts: Mapping[str, nn.Module]) -> None:
        """Change the network.

        Raises
        ------
        UserError
            If there is no such module or form, or something was added to it before.
        """
        before = at(network, self.after)
        if hasattr(before, ADDED):
            impossible(f"adds to '{self.after}' twice")
        before.add_module(ADDED, form_of(self.form)(before, self.options))
        if not isinstance(before, nn.Sequential):  # which runs it as its last child anyway
            before.register_forward_hook(_then)


def _then(module: nn.Module, _: object, output: object) -> object:
    return module.get_submodule(ADDED)(output)
