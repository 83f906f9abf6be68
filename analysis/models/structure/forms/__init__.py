"""Forms: what may stand where a layer stood, one file each.

A form is made of ordinary layers wherever it can be, so that pruning and quantising find their weights. Its file's name
is its name, and its ``make`` builds it from the layer that stood there and a few whole numbers. Where it computes what
such a layer can, its ``dense`` gives that layer's tensors.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, cast

from pydantic import Field
from torch import Tensor, nn

from ....errors import UserError

_LARGEST = 2**31
Options = Annotated[dict[str, Annotated[int, Field(ge=0, lt=_LARGEST)]], Field(max_length=100)]
"""What a form needs to know, by name."""
Form = Callable[[nn.Module, Mapping[str, int]], nn.Module]
"""Returns what takes a layer's place, with weights drawn anew; raises `UserError` if it suits no such layer."""
Dense = Callable[[nn.Module, Mapping[str, Tensor]], dict[str, Tensor]]
"""Returns the tensors of the layer that a form stands for, exactly, from the form's own; in float64 where computed."""


@cache
def forms() -> Mapping[str, Form]:
    """Return every form by its name."""
    return {name: cast("Form", module.make) for name, module in _modules().items()}


def dense_of(name: str) -> Dense | None:
    """Return what makes a form dense; None of one that is no layer in other tensors, or is not known."""
    dense: Dense | None = getattr(_modules().get(name), "dense", None)
    return dense


@cache
def _modules() -> Mapping[str, Any]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


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
