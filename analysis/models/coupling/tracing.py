"""Labels pass through one forward pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import BaseTorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from .colours import Colours, lock
from .labels import Labels
from .rules import rule_of
from .rules.operation import Operation


class RunError(Exception):
    """A network that cannot be run as it is, as one that was cut wrongly cannot."""


@dataclass(frozen=True)
class Pass:
    """What was seen in a forward pass.

    Attributes
    ----------
    given : dict of str to Colours
        The colours of what watched modules gave, by their names.
    constants : list of float
        The numbers that operations were given beside tensors, in order; a change tells that the network computes with
        its own widths, as where a product is divided by a root of one.
    """

    given: dict[str, Colours]
    constants: list[float]


def traced(
    network: nn.Module, example: Tensor, labels: Labels, seeds: Mapping[str, Colours], watched: type[nn.Module]
) -> Pass:
    """Run an example with labels.

    Parameters
    ----------
    network : Module
        On the meta device where that can be.
    labels : Labels
        What is joined and locked is told to them.
    seeds : mapping of str to Colours
        Of parameters and buffers.
    watched : type
        The kind of modules whose outputs' colours are wanted.

    Raises
    ------
    RunError
        If the network cannot be run.
    """
    tensors = dict(network.named_parameters()) | dict(network.named_buffers())
    colours = _Tracing(labels, {name: tensors[name] for name in seeds}, seeds)
    given: dict[str, Colours] = {}

    def watch(name: str) -> Any:
        return lambda _, __, output: given.__setitem__(name, colours.of(output))

    handles = [m.register_forward_hook(watch(name)) for name, m in network.named_modules() if isinstance(m, watched)]
    device = next((parameter.device for parameter in network.parameters()), example.device)
    try:
        # Under any such mode torch's attention modules call one operator after another, not one for the whole module.
        with torch.no_grad(), BaseTorchFunctionMode(), colours:
            output = network.eval()(example.to(device))
    except Exception as error:  # whatever a network raises whose sizes do not fit each other
        raise RunError(str(error)) from error
    finally:
        for handle in handles:
            handle.remove()
    for leaf in tree_leaves(output):
        lock(labels, colours.of(leaf))
    colours.lock_unused()
    return Pass(given, colours.constants)


def _acts(operation: Any, leaf: object) -> bool:
    """Tell numbers that are computed with from sides and axes."""
    whole = isinstance(leaf, int) and not isinstance(leaf, bool) and torch.Tag.pointwise in operation.tags
    return isinstance(leaf, float) or whole


class _Tracing(TorchDispatchMode):
    """Sees every operation, and keeps the colours of tensors."""

    def __init__(self, labels: Labels, tensors: Mapping[str, Tensor], seeds: Mapping[str, Colours]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.constants: list[float] = []
        self._labels = labels
        self._colours = WeakTensorKeyDictionary()
        self._unused = {id(tensor): seeds[name] for name, tensor in tensors.items()}
        for name, tensor in tensors.items():
            self._colours[tensor] = seeds[name]

    def of(self, value: object) -> Colours:
        """Return the colours of a tensor; none of anything else."""
        colours: Colours = self._colours.get(value, ()) if isinstance(value, Tensor) else ()
        return colours

    def lock_unused(self) -> None:
        """Let those stay that no operation used."""
        for colours in self._unused.values():
            lock(self._labels, colours)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and colour what it gives."""
        output = func(*args, **(kwargs or {}))
        for leaf in tree_leaves((args, kwargs)):
            self._unused.pop(id(leaf), None)
            if _acts(func, leaf):
                self.constants.append(leaf)
        given = list(output) if isinstance(output, tuple | list) else [output]
        colours = rule_of(func)(Operation(func, args, kwargs or {}, given, self._labels, self.of))
        for tensor, own in zip(given, colours, strict=False):
            if isinstance(tensor, Tensor):
                self._colours[tensor] = own
        return output
