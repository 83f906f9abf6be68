"""Parts of a network that are small and learn much: biases, norms, the head."""

from collections.abc import Collection, Iterator
from typing import Literal

from torch import nn

Part = Literal["biases", "norms", "head", "adapters"]


def free(network: nn.Module, parts: Collection[Part], head: str | None) -> None:
    """Let these parts of a network learn, and nothing else.

    Parameters
    ----------
    network : Module
        Changed in place.
    parts : collection of str
        ``biases`` are those of all layers but norms; ``norms`` are their scales and shifts; adapters are no part of it.
    head : str or None
        Dotted name of the head.
    """
    network.requires_grad_(False)
    norms = set(_norms(network))
    biases = {p for name, p in network.named_parameters() if "bias" in name.rpartition(".")[2]}
    chosen = {
        "biases": biases - norms,
        "norms": norms,
        "head": set(network.get_submodule(head).parameters()) if head else set(),
        "adapters": set(),
    }
    for parameter in set().union(*(chosen[part] for part in parts)):
        parameter.requires_grad_(True)


def _norms(network: nn.Module) -> Iterator[nn.Parameter]:
    for module in network.modules():
        if "Norm" in type(module).__name__ and not list(module.children()):
            yield from module.parameters(recurse=False)
