"""How much memory the values take that a network computes on the way."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_PASSES = 3  # of which the least counts: a profiler that looks at the stack meanwhile keeps values alive


def peak_activations(network: nn.Module, inputs: Tensor) -> int:
    """Return the most bytes that are alive at once in one forward pass, as PyTorch carries it out.

    Counted are the inputs and whatever operators give, until nothing refers to it any more; not the parameters and
    buffers, nor what an operator needs inside itself. Views share their memory. The tensors may be on the meta device.
    """
    return min(_peak_of_a_pass(network, inputs) for _ in range(_PASSES))


def _peak_of_a_pass(network: nn.Module, inputs: Tensor) -> int:
    live = _Live([*network.parameters(), *network.buffers()], inputs)
    with torch.no_grad(), live:
        network(inputs)
    return live.peak


def peak_training(network: nn.Module, inputs: Tensor) -> int:
    """Return the most bytes that are alive at once in one forward and backward pass.

    Counted are, beside what `peak_activations` counts, the values that the backward pass needs and the gradients; not
    what an optimiser keeps. The network's gradients are set to none.
    """
    live = _Live([*network.parameters(), *network.buffers()], inputs)
    with torch.enable_grad(), live:
        network(inputs).sum().backward()
    network.zero_grad(set_to_none=True)
    return live.peak


class _Live(TorchDispatchMode):
    """Sees every tensor that an operator gives, and how many bytes are alive after it."""

    def __init__(self, constant: Iterable[Tensor], inputs: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._held: dict[int, tuple[StorageWeakRef, int]] = {}
        self.peak = 0
        for tensor in constant:
            self._see(tensor, free=True)
        self._see(inputs)
        self._count()

    def __torch_dispatch__(
        self, function: Any, _: Any, positional: tuple[Any, ...] = (), named: Mapping[str, Any] | None = None
    ) -> Any:
        given = function(*positional, **(named or {}))
        for leaf in tree_leaves(given):
            if isinstance(leaf, Tensor):
                self._see(leaf)
        self._count()
        return given

    def _see(self, tensor: Tensor, free: bool = False) -> None:
        storage = tensor.untyped_storage()
        reference = StorageWeakRef(storage)
        self._held.setdefault(reference.cdata, (reference, 0 if free else storage.nbytes()))

    def _count(self) -> None:
        self._held = {key: held for key, held in self._held.items() if not held[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self._held.values()))
