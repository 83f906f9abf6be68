"""Forms: what may stand where a layer stood, one file each.

A form is made of ordinary layers wherever it can be, so that pruning and quantising find their weights. Its file's name
is its name, and its ``make`` builds it from the layer that stood there and a few whole numbers.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, cast

from pydantic import Field
from torch import nn

from ....errors import UserError

_LARGEST = 2**31
Options = Annotated[dict[str, Annotated[int, Field(ge=0, lt=_LARGEST)]], Field(max_length=100)]
"""What a form needs to know, by name."""
Form = Callable[[nn.Module, Mapping[str, int]], nn.Module]
"""Returns what takes a layer's place, with weights drawn anew; raises `UserError` if it suits no such layer."""


@cache
def forms() -> Mapping[str, Form]:
    """Return every form by its name."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: cast("Form", importlib.import_module(f"{__name__}.{name}").make) for name in names}


def form_of(name: str) -> Form:
    """Return a form.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    if name not in forms():
        raise UserError(
            f"The structure has a form '{name}', which is not known here.", "Open it with the version that made it."
        )
    return forms()[name]
