"""Telling functions apart: networks of the same structure and the same tensors compute the same."""

from collections.abc import Iterator
from typing import Any

import torch
from blake3 import blake3
from torch import Tensor, nn

from ..identity import digest
from ..models import Architecture
from ..own_code import code_of


def function_identity(network: nn.Module, architecture: Architecture) -> str:
    """Return the identity of what a network computes: of its structure, its code and all of its values to the last bit.

    How its file holds them does not count: names of wrappers, number types, masks that were multiplied in.

    Parameters
    ----------
    network : Module
        With its weights, in float32.
    architecture : Architecture
        What it was built from.
    """
    state = blake3()
    for name, tensor in _tensors(network):
        state.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        state.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    built: list[Any] = [architecture.family, dict(architecture.config), _code(architecture)]
    if architecture.structure:
        built.append(architecture.structure.model_dump(mode="json"))
    return digest([built, state.hexdigest()])


def _tensors(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Give every parameter and buffer, those among them that no file keeps."""
    yield from network.named_parameters(remove_duplicate=False)
    yield from network.named_buffers(remove_duplicate=False)


def _code(architecture: Architecture) -> str | None:
    """Return the hash of a person's own code, which the network's settings only name."""
    return code_of(architecture.config["network"]).content if architecture.family == "own" else None
