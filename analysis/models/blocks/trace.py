"""What every module of a network took and gave when an example passed through it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Call:
    """What a module took first, what else it took, what it gave first, how many things, and how often it was called."""

    takes: Tensor | None
    others: tuple[object, ...]
    gives: Tensor | None
    count: int
    times: int = 1


Trace = Mapping[str, Call]
"""Calls by the dotted names of modules, in the order in which they ended; of several calls the last."""


def traced(network: nn.Module, example: Tensor) -> Trace:
    """Run an example, and return what every module took and gave when it was called last."""
    calls: dict[str, Call] = {}

    def note(name: str) -> object:
        def keep(_: nn.Module, args: tuple[object, ...], kwargs: dict[str, object], output: object) -> None:
            given = (*args, *kwargs.values())
            takes = next(_tensors(given), None)
            others = tuple(value for value in given if value is not takes)
            several = len(output) if isinstance(output, tuple) else 1
            times = calls[name].times + 1 if name in calls else 1
            calls[name] = Call(takes, others, next(_tensors((output,)), None), several, times)

        return keep

    handles = [
        module.register_forward_hook(note(name), with_kwargs=True) for name, module in network.named_modules() if name
    ]
    device = next((parameter.device for parameter in network.parameters()), example.device)
    try:
        with torch.no_grad():
            network.eval()(example.to(device))
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _tensors(values: Sequence[object]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from _tensors(value)
