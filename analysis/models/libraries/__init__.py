"""Networks that timm and transformers build, from what a file says of itself.

The libraries are optional, and imported where one of their networks is opened. They are given names and settings alone:
nothing is downloaded, and no code that comes with a checkpoint is run.
"""

import importlib
import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import torch
from torch import nn

from ...errors import UserError
from ..architecture import Architecture, TensorSpec
from ..builder import Builder, check_fit
from ..told import tellers

LIBRARIES = ("timm", "transformers")
_MARKS = {"architecture": "timm", "architectures": "transformers"}
_SETTINGS = {*_MARKS, "model_type"}
_SHARED = 100  # layers that may use the same tensors
_MESSAGE = 200  # characters of what a library says of a failure
Made = TypeVar("Made")


class Recipe(Protocol):
    """One network of a library."""

    def build(self) -> nn.Module:
        """Return the module, which takes a tensor of inputs and gives one."""
        ...

    def describe(self, module: nn.Module) -> Architecture:
        """Return what is known of the module."""
        ...

    def renamed(self, module: nn.Module, names: Iterable[str]) -> list[str]:
        """Return what the library calls each tensor, by what its files call it."""
        ...

    def heeds(self, setting: str) -> bool:
        """Return whether the library knows a setting of the network, and does not merely keep it."""
        ...


class Library(Protocol):
    """What a module of this package offers: how its library builds a network."""

    def find(
        self, library: Any, name: str, config: Mapping[str, Any], specs: Mapping[str, TensorSpec] | None
    ) -> Recipe:
        """Return a network of the imported library by its name; without tensors, its settings alone tell its classes.

        Raises UserError if the library has none, or of another kind.
        """
        ...

    def load(self, library: Any, name: str, folder: Path) -> nn.Module:
        """Return the network of a folder as the library's own loader gives it, from one tensor to one."""
        ...


def named_network(metadata: Mapping[str, Any]) -> str | None:
    """Return the network that a checkpoint says it holds, as ``timm:NAME`` or ``transformers:CLASS``; None of none."""
    config = settings_of(metadata)
    for mark, library in _MARKS.items():
        named = config.get(mark)
        name = named[0] if isinstance(named, list) and named else named
        if isinstance(name, str) and name:
            return f"{library}:{name}"
    return None


def library_builder(
    network: str,
    specs: Mapping[str, TensorSpec],
    metadata: Mapping[str, Any],
    wrappers: str = "",
    needed: Iterable[str] = (),
) -> Builder:
    """Return how a library builds a network, ``timm:NAME`` or ``transformers:CLASS``, that has exactly the tensors.

    Parameters
    ----------
    network, specs, metadata, wrappers
        As for `recognising.builder_of`.
    needed : iterable of str
        Settings that the library must know.

    Raises
    ------
    UserError
        If the library is not installed, has no such network, cannot build it, does not know a setting that it must, or
        the tensors are others.
    """
    config = settings_of(metadata)
    _check_depth(network, config, specs)
    made = library_network(network, config, specs)
    _check_known(made, needed)
    module = made.skeleton()
    names = _tried(network, lambda: _names(made.recipe, module, list(specs), wrappers))
    _check_exact(network, module, {names[name]: spec for name, spec in specs.items()})
    return Builder(made.describe(module), made.build, made.skeleton, names)


@dataclass(frozen=True)
class LibraryNetwork:
    """A library's network, whose failures are told in a sentence."""

    name: str
    recipe: Recipe

    def build(self) -> nn.Module:
        """Return the module on the CPU."""
        return _tried(self.name, self.recipe.build)

    def skeleton(self) -> nn.Module:
        """Return it on the meta device."""
        with torch.device("meta"):
            return self.build()

    def describe(self, module: nn.Module) -> Architecture:
        """Return what is known of such a module."""
        return _tried(self.name, lambda: self.recipe.describe(module))


def library_network(
    network: str, config: Mapping[str, Any], specs: Mapping[str, TensorSpec] | None = None
) -> LibraryNetwork:
    """Return a library's network by its name and settings; without tensors, these alone tell its classes.

    Raises
    ------
    UserError
        If the library is not installed, or has no such network.
    """
    library, _, name = network.partition(":")
    imported = _imported(library)
    recipe = _tried(network, lambda: _offered(library).find(imported, name, config, specs))
    return LibraryNetwork(network, recipe)


def _check_known(made: LibraryNetwork, needed: Iterable[str]) -> None:
    """Demand that a library knows settings of its network."""
    unknown = _tried(made.name, lambda: [setting for setting in needed if not made.recipe.heeds(setting)])
    if unknown:
        library = made.name.partition(":")[0]
        version = importlib.import_module(library).__version__
        raise UserError(f"{library} {version} does not know '{unknown[0]}' of it.", "Mend its settings.")


def _offered(library: str) -> Library:
    return cast("Library", importlib.import_module(f"{__name__}.of_{library}"))


def loaded(network: str, folder: Path) -> nn.Module:
    """Return the network of a folder as its library loads it; nothing is fetched.

    Raises
    ------
    UserError
        If the library is not installed or cannot load it.
    """
    library, _, name = network.partition(":")
    imported = _imported(library)
    return _tried(network, lambda: _offered(library).load(imported, name, folder))


def settings_of(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a library's network; none where nobody tells them."""
    return next((teller for teller in tellers(metadata) if _SETTINGS & teller.keys()), {})


def _check_depth(network: str, config: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> None:
    """Demand that settings ask for no more layers than the tensors can fill; some share theirs among a few dozen."""
    told = {**config, **teller} if isinstance(teller := config.get("model_args"), Mapping) else config
    depths = (value for key, value in told.items() if "layer" in key or "depth" in key)
    numbers = (number for value in depths for number in (value if isinstance(value, list) else [value]))
    if any(isinstance(number, int) and number > len(specs) + _SHARED for number in numbers):
        raise UserError(f"'{network}' is told to have more layers than the file has tensors.", "Mend its settings.")


def _imported(library: str) -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # whatever settings ask for, nothing is fetched
    try:
        with warnings.catch_warnings(action="ignore"):
            return importlib.import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise _unusable(library, error) from error
        raise UserError(
            f"{library}, which would open it, is not installed (pip install 'graftwork[{library}]').",
            "Install it and open the checkpoint again.",
        ) from error
    except (ImportError, RuntimeError) as error:
        raise _unusable(library, error) from error


def _unusable(library: str, error: Exception) -> UserError:
    return UserError(f"{library} cannot be imported: {_first_line(error)}.", "Mend its installation.")


def _tried(network: str, work: Callable[[], Made]) -> Made:
    """Return what a library makes; the state of the random numbers stays as it is."""
    try:
        with warnings.catch_warnings(action="ignore"), torch.random.fork_rng(devices=()):
            return work()
    except UserError:
        raise
    except Exception as error:  # whatever a library raises of settings that it does not know
        raise UserError(
            f"'{network}' cannot be built: {type(error).__name__}: {_first_line(error)}.",
            "Check that its settings are those that it was saved with.",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:_MESSAGE].rstrip(".")


def _names(recipe: Recipe, module: nn.Module, names: list[str], wrappers: str) -> dict[str, str]:
    """Return what the module calls each tensor: some of the wrappers that all had may be part of its names."""
    own, parts = module.state_dict().keys(), wrappers.split(".")
    ends = [".".join(parts[start:]) for start in reversed(range(len(parts)))]
    plain = [{name: end + name for name in names} for end in ends]
    renamed = [dict(zip(names, recipe.renamed(module, called.values()), strict=True)) for called in plain]
    apart = [called for called in plain + renamed if len(set(called.values())) == len(names)]
    return max(apart, key=lambda called: len(own & set(called.values())))


def _check_exact(network: str, module: nn.Module, specs: Mapping[str, TensorSpec]) -> None:
    """Demand that the file has the module's tensors and no others, but for those that its library leaves out too."""
    check_fit(module, specs)
    extra = specs.keys() - module.state_dict().keys() - dict(module.named_buffers()).keys()
    ignored = getattr(module, "_keys_to_ignore_on_load_unexpected", None) or ()
    left = sorted(name for name in extra if not any(re.search(pattern, name) for pattern in ignored))
    if left:
        raise UserError(f"The file holds '{left[0]}', which '{network}' has no place for.", "Name another network.")
