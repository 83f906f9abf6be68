"""A bound on how many parameters a network may come to have while it is built from what a file says."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from ...errors import UserError

_TIMES = 100  # as many as the file holds: what was dropped or taken from was built first
_AT_LEAST = 10_000


@contextmanager
def bounded(tensors: int) -> Iterator[None]:
    """Refuse, in this context, to make many more parameters than a file has tensors.

    Raises
    ------
    UserError
        Out of what builds the network.
    """
    left = max(_TIMES * tensors, _AT_LEAST)

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise UserError(
                "The file's structure asks for far more layers than the file has tensors.",
                "It was not written by this program: open the file that it was made from.",
            )

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
