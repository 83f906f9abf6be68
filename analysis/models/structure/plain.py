"""A network as it was before it was edited: how it is built, and what is known of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from ...errors import UserError
from ..architecture import Architecture, TensorSpec
from ..families import families
from ..libraries import LIBRARIES, library_network
from ..own import own_architecture, own_builder
from .base import Base


@dataclass(frozen=True)
class Plain:
    """A network before its edits.

    Attributes
    ----------
    build : callable
        Gives the module on the CPU, to be filled.
    skeleton : callable
        Gives it on the meta device where that can be.
    describe : callable
        Returns what is known of such a module, whose blocks may be fewer or others; None if it is no such network.
    """

    build: Callable[[], nn.Module]
    skeleton: Callable[[], nn.Module]
    describe: Callable[[nn.Module], Architecture | None]


def base_of(architecture: Architecture) -> Base:
    """Return what builds a network that is not edited."""
    config = dict(architecture.config)
    if architecture.family == "timm":
        config["config"] = _settled(config["config"], architecture)
    return Base(family=architecture.family, config=config)


def plain(base: Base, metadata: Mapping[str, Any]) -> Plain:
    """Return a network before its edits.

    Raises
    ------
    UserError
        If nothing here builds it.
    """
    if base.family in LIBRARIES:
        made = library_network(_network(base), base.config.get("config", {}))
        return Plain(made.build, made.skeleton, made.describe)
    if base.family == "own":
        build = own_builder(_network(base)).build
        return Plain(build, build, partial(own_architecture, _network(base)))
    return _member(base, metadata)


def shapes_of(module: nn.Module) -> dict[str, TensorSpec]:
    """Return the tensors of a module."""
    return {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in module.state_dict().items()}


def _settled(config: Mapping[str, Any], architecture: Architecture) -> dict[str, Any]:
    """Return the settings of a network of timm with what its tensors told before they were edited."""
    arguments = config.get("model_args")
    told = dict(arguments) if isinstance(arguments, Mapping) else {}
    channels = architecture.input_shape[0]
    return {**config, "num_classes": architecture.classes, "model_args": {**told, "in_chans": channels}}


def _network(base: Base) -> str:
    network = base.config.get("network")
    if not isinstance(network, str):
        raise UserError(f"The structure names no network of {base.family}.", "Make the file again.")
    return network


def _member(base: Base, metadata: Mapping[str, Any]) -> Plain:
    """Return a member of a family, built as its settings say."""
    family = families().get(base.family)
    if family is None:
        raise UserError(
            f"The structure has a family '{base.family}', which is not known here.",
            "Open it with the version that made it.",
        )
    architecture = Architecture(base.family, "", base.config, 0, (), None, ())

    def skeleton() -> nn.Module:
        try:
            with torch.device("meta"):
                return family.build(architecture)
        except UserError:
            raise
        except Exception as error:  # settings that a file makes up may fail in any way
            raise UserError(f"The structure's settings of {base.family} build no network.", "Make it again.") from error

    def build() -> nn.Module:
        return skeleton().to_empty(device="cpu")

    return Plain(build, skeleton, lambda module: family.recognise(shapes_of(module), metadata))
