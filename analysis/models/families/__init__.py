"""Network families: one file each, recognised from the names and shapes of tensors.

A family is a module of this package with `SETTINGS`, `recognise` and `build` as in `Family`; its id is the module's
name. A new file is all that a new family takes. Its modules keep no buffers outside their state dict, for nothing would
fill them.
"""

import importlib
import pkgutil
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Protocol, cast

import torch
from torch import nn

from ..architecture import Architecture, TensorSpec
from ..settings import Settings


class Family(Protocol):
    """What a module of this package offers."""

    SETTINGS: Settings
    """What it knows of the settings that configurations state."""

    def recognise(self, specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
        """Return the architecture that the tensors suggest; None if they are not of this family.

        It may suggest too much: a suggestion whose module has other tensors is dropped.
        """
        ...

    def build(self, architecture: Architecture) -> nn.Module:
        """Return the module; its tensors have the canonical names."""
        ...


@cache
def families() -> Mapping[str, Family]:
    """Return every family by its id."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: cast("Family", importlib.import_module(f"{__name__}.{name}")) for name in names}


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture whose module has exactly these tensors, one that is certain first; or None.

    Counters of batches may be missing among them, and spare tensors present; no family has tensors without elements.
    """
    if any(spec.size == 0 for spec in specs.values()):
        return None
    suggestions = (_suggested(family, specs, metadata) for family in families().values())
    fitting = [found for found in suggestions if found and _fits(found, specs)]
    return max(fitting, key=lambda found: found.is_certain, default=None)


def _suggested(family: Family, specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    found = family.recognise(specs, family.SETTINGS.completed(metadata))
    return found and replace(found, unheeded={**family.SETTINGS.unheeded(metadata), **found.unheeded})


def build(architecture: Architecture) -> nn.Module:
    """Return the architecture's module with fresh weights."""
    return families()[architecture.family].build(architecture)


def skeleton(architecture: Architecture) -> nn.Module:
    """Return the architecture's module on the meta device: shapes without memory, and no random draw."""
    with torch.device("meta"):
        return build(architecture)


def _fits(architecture: Architecture, specs: Mapping[str, TensorSpec]) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):  # torch warns of layers without elements, which fit no file
            wanted = {name: tuple(tensor.shape) for name, tensor in skeleton(architecture).state_dict().items()}
    except (RuntimeError, ValueError):  # torch has no layers of such sizes
        return False
    given = {name: spec.shape for name, spec in specs.items() if name not in architecture.spare}
    optional = {name: () for name in wanted if name.endswith(".num_batches_tracked")}
    return wanted == optional | given
