"""A residual branch adds nothing any more."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ....frozen import Frozen
from .places import Place, Words, put


class Omit(Frozen):
    """Zeros in place of the modules of a branch, so that its block passes on what it was given.

    Attributes
    ----------
    branch : tuple of str
        The modules, which map tokens or maps to others of the same shape.
    gives : int
        How many things each of them returns, of which the first is added: 1 where that is all, and no tuple.
    """

    words: ClassVar[Words] = ("branch", "left out")
    kind: Literal["omit"] = "omit"
    branch: tuple[Place, ...]
    gives: Annotated[int, Field(ge=1, le=10)] = 1

    def apply(self, network: nn.Module, parts: Mapping[str, nn.Module]) -> None:
        """Change the network.

        Raises
        ------
        UserError
            If there is no such module.
        """
        for module in self.branch:
            put(network, module, Zeros(self.gives))


class Zeros(nn.Module):
    """Zeros like the first tensor that it is given."""

    def __init__(self, gives: int = 1) -> None:
        super().__init__()
        self._gives = gives

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return them; in a tuple if the module that was here returned one, with nothing in its other places."""
        given = next(value for value in (*args, *kwargs.values()) if isinstance(value, Tensor))
        zeros = torch.zeros_like(given)
        return zeros if self._gives == 1 else (zeros, *[None] * (self._gives - 1))
