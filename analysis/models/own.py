"""A person's own networks: built by their code, which only a worker runs, and only where it is trusted."""

from collections.abc import Callable
from typing import Any

from torch import nn

from ..errors import UserError
from ..trust import require_trust
from .architecture import Architecture
from .builder import Builder
from .own_modules import beside, run_code
from .unfolding import unfolded

_SIDE = 224  # of an image, where the code does not tell


def own_builder(network: str) -> Builder:
    """Return how a network is built that is named as ``file.py:function`` or ``package.module:Class``; runs it once.

    Raises
    ------
    UserError
        If the code is not trusted, cannot be imported, or has no such function.
    """
    code = require_trust(network)
    place, _, name = network.rpartition(":")
    module = _run(network, lambda: run_code(code))
    build = getattr(module, name, None)
    if not callable(build):
        raise UserError(f"'{place}' has no function or class '{name}'.", "Mend the name of the network.")

    def built() -> nn.Module:
        with beside(code):
            made = _run(network, build)
        if not isinstance(made, nn.Module):
            raise UserError(f"'{network}' gives a {type(made).__name__}, not a torch.nn.Module.", "Return the network.")
        return unfolded(made)

    return Builder(own_architecture(network, built()), built, built)


def own_architecture(network: str, module: nn.Module) -> Architecture:
    """Return what is known of a person's own network: its last linear layer is taken for the head.

    An attribute ``input_shape`` of the module tells what it takes; without one, images of 224 × 224 pixels or, where it
    has no convolution, as many numbers as its first linear layer.
    """
    linear = [(name, layer) for name, layer in module.named_modules() if isinstance(layer, nn.Linear)]
    head, classes = (linear[-1][0], linear[-1][1].out_features) if linear else (None, 0)
    stages = [
        name for name, child in module.named_children() if next(child.parameters(), None) is not None and name != head
    ]
    shape = _input_shape(module)
    return Architecture(
        family="own",
        title=type(module).__name__,
        config={"network": network, "depth": len(linear), "widths": [layer.in_features for _, layer in linear]},
        classes=classes,
        input_shape=shape,
        head=head or None,
        stages=tuple(stages),
        inputs="images" if len(shape) == 3 else "numbers",
    )


def _input_shape(module: nn.Module) -> tuple[int, ...]:
    told = getattr(module, "input_shape", None)
    if told is not None:
        return tuple(int(side) for side in told)
    first: Any = next((m for m in module.modules() if isinstance(m, nn.Conv2d | nn.Linear)), None)
    if isinstance(first, nn.Conv2d):
        return (first.in_channels, _SIDE, _SIDE)
    return (first.in_features,) if first is not None else (1,)


def _run(network: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except UserError:
        raise
    except Exception as error:  # whatever a person's own code raises
        raise UserError(f"'{network}' failed: {type(error).__name__}: {error}.", "Mend it and run again.") from error
