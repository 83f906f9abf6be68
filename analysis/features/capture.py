"""Hooks that keep what passes through chosen places of a network."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from ..errors import UserError
from .layers import Tap

Captured = dict[str, Tensor]


@contextmanager
def capture(network: nn.Module, taps: Sequence[Tap], reduce: Callable[[Tap, Tensor], Tensor]) -> Iterator[Captured]:
    """Collect what ``reduce`` makes of each place in the latest forward pass, by column.

    Each is reduced inside its hook, and copied if that gave a view: networks that add in place change a tensor that is
    kept by reference. The hooks are removed in any case.

    Raises
    ------
    UserError
        Out of the forward pass, if a module gives no tensor.
    """
    captured: Captured = {}
    handles = []
    try:
        for tap in taps:
            module = network.get_submodule(tap.module)
            if tap.side == "input":
                handles.append(module.register_forward_pre_hook(_keeper(tap, captured, reduce)))
            else:
                handles.append(module.register_forward_hook(_keeper(tap, captured, reduce)))
        yield captured
    finally:
        for handle in handles:
            handle.remove()


def _keeper(tap: Tap, captured: Captured, reduce: Callable[[Tap, Tensor], Tensor]) -> Callable[..., None]:
    def keep(_: nn.Module, inputs: Any, output: Any = None) -> None:
        values = _tensor(inputs if tap.side == "input" else output, tap)
        reduced = reduce(tap, values)
        shares = reduced.untyped_storage().data_ptr() == values.untyped_storage().data_ptr()
        captured[tap.column] = reduced.clone() if shares else reduced

    return keep


def _tensor(value: Any, tap: Tap) -> Tensor:
    """Return the tensor, of several the first."""
    while isinstance(value, tuple | list) and value:
        value = value[0]
    if not isinstance(value, Tensor):
        raise UserError(f"The layer '{tap.module}' gives no tensor.", "Choose a layer inside it.")
    return value
