"""What one sample costs a network on paper."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import BaseTorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from .weight import Weight

Shape = Sequence[int]


def macs(network: nn.Module, inputs: Tensor) -> int:
    """Return the multiply-accumulates of one pass: those of convolutions, matrix products and attention's two products.

    Counted are whole matrices, with their zeros and with what attention masks; not norms, activations, additions of
    biases and look-ups. PyTorch's own counter counts them, with what it does not see in fused operators of the
    processor. The network is on the meta device, where counting needs no memory, or on the processor; inputs go there.
    """
    return int(_counted(network, inputs).get_total_flops()) // 2


def macs_by_weight(network: nn.Module, inputs: Tensor, weights: Sequence[Weight]) -> dict[str, float]:
    """Return `macs` of every weight by its name: those of its layer; of several in one, each has its share by size."""
    by_layer = macs_by_layer(network, inputs)
    sizes: dict[str, int] = {}
    for weight in weights:
        sizes[_holder(weight.name)] = sizes.get(_holder(weight.name), 0) + weight.size
    own = {layer: by_layer.get(layer, 0) - _inner(layer, by_layer) for layer in sizes}
    return {w.name: own[_holder(w.name)] * w.size / sizes[_holder(w.name)] for w in weights}


def macs_by_layer(network: nn.Module, inputs: Tensor) -> dict[str, int]:
    """Return `macs` of every module by its dotted name; a module's include those of the modules in it."""
    counts = _counted(network, inputs).get_flop_counts()
    return {name.partition(".")[2]: sum(by_operation.values()) // 2 for name, by_operation in counts.items()}


def _holder(name: str) -> str:
    return name.rpartition(".")[0]


def _inner(layer: str, counts: Mapping[str, int]) -> int:
    return sum(count for name, count in counts.items() if name and name != layer and _holder(name) == layer)


def _counted(network: nn.Module, inputs: Tensor) -> FlopCounterMode:
    device = next((parameter.device for parameter in network.parameters()), inputs.device)
    counter = FlopCounterMode(display=False, custom_mapping=_UNSEEN)
    # Under any such mode torch's attention modules call one operator after another, not one for the whole module.
    with torch.no_grad(), BaseTorchFunctionMode(), counter:
        network.eval()(inputs.to(device))
    return counter


def _attention(query: Shape, key: Shape, value: Shape, *_: Any, **__: Any) -> int:
    """Return the operations of softmax(query · key) · value; (…, heads, length, width) each."""
    return 2 * prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _recurrent(inputs: Shape, of_inputs: Shape, of_state: Shape, *_: Any, **__: Any) -> int:
    """Return the operations of one layer in one direction: at each step all of both matrices."""
    return 2 * prod(inputs[:-1]) * (prod(of_inputs) + prod(of_state))


def _matrix_vector(matrix: Shape, *_: Any, **__: Any) -> int:
    return 2 * prod(matrix)


# What PyTorch's counter lacks, as operations: two a multiply-accumulate.
_UNSEEN: dict[Any, Any] = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten.mkldnn_rnn_layer: _recurrent,
    torch.ops.aten.mv: _matrix_vector,
    torch.ops.aten.dot: _matrix_vector,
}
