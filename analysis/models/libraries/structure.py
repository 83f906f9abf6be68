"""What can be told of any network from its modules."""

from collections.abc import Sequence

from torch import nn

_FEW = 6  # stages are shown one by one up to here, and by thirds of the depth beyond


def ends_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the modules that end a stage; of many blocks, those that end a third of the depth."""
    if len(names) <= _FEW:
        return tuple(names)
    return tuple(names[-(-len(names) * third // 3) - 1] for third in (1, 2, 3))


def layers_in(module: nn.Module) -> int:
    """Return how many convolutions and linear layers there are."""
    return sum(isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear) for layer in module.modules())


def name_of(module: nn.Module, part: nn.Module | None) -> str | None:
    """Return the dotted name of one of the modules in a module; None if it is none of them."""
    return next((name for name, found in module.named_modules() if found is part and name), None)
