"""A layer has fewer channels."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ....frozen import Frozen
from .places import Place, Words, at, impossible

_COUNTS = ("groups", "num_groups", "num_heads", "num_attention_heads", "num_key_value_heads", "before", "after")
Side = Annotated[int, Field(ge=1)]


class Resize(Frozen):
    """Smaller tensors of a layer, and the counts that its code goes by.

    What a layer of torch keeps beside its tensors, such as ``in_features``, follows from these. Where a tensor is
    another layer's as well, it becomes smaller there too.

    Attributes
    ----------
    layer : str
        The layer; empty for the network itself, which may have parameters of its own.
    tensors : dict of str to tuple of int
        Shapes of its own parameters and buffers, by their names in it; no side may be longer than it was.
    counts : dict of str to int
        Such as ``groups``, and the ``before`` and ``after`` of a shortcut that adds zero channels; none may be more.
    """

    words: ClassVar[Words] = ("layer", "with fewer channels")
    kind: Literal["resize"] = "resize"
    layer: Annotated[str, Field(max_length=500)]
    tensors: Annotated[dict[Place, Annotated[tuple[Side, ...], Field(max_length=8)]], Field(max_length=100)] = Field(
        default_factory=dict
    )
    counts: Annotated[dict[str, Annotated[int, Field(ge=0)]], Field(max_length=10)] = Field(default_factory=dict)

    def apply(self, network: nn.Module, parts: Mapping[str, nn.Module]) -> None:
        """Change the network.

        Raises
        ------
        UserError
            If there is no such layer, or it has no such tensor or count, or a smaller one.
        """
        layer = at(network, self.layer)
        for name, count in self.counts.items():
            self._count(layer, name, count)
        for name, shape in self.tensors.items():
            self._put(network, self._tensor(layer, name), shape)
        self._check_groups(layer)

    def _count(self, layer: nn.Module, name: str, count: int) -> None:
        now = vars(layer).get(name)
        if name not in _COUNTS or type(now) is not int or count > now:
            impossible(f"sets '{name}' of '{self.layer}' to {count}, which cannot be")
        setattr(layer, name, count)

    def _tensor(self, layer: nn.Module, name: str) -> Tensor:
        found: Tensor | None = layer._parameters.get(name)
        if found is None:
            found = layer._buffers.get(name)
        if found is None:
            impossible(f"makes '{name}' of '{self.layer}' smaller, which it has not")
        return found

    def _put(self, network: nn.Module, tensor: Tensor, shape: tuple[int, ...]) -> None:
        sides = tuple(tensor.shape)
        if len(shape) != len(sides) or any(new > old for new, old in zip(shape, sides, strict=True)):
            impossible(f"makes a tensor of '{self.layer}' {shape} that is {sides}")
        smaller = tensor.detach()[tuple(slice(side) for side in shape)].clone()
        new = nn.Parameter(smaller, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else smaller
        for module in network.modules():
            _swap(module, tensor, new)

    def _check_groups(self, layer: nn.Module) -> None:
        """Demand whole groups of a convolution's channels: each has as many."""
        if isinstance(layer, nn.modules.conv._ConvNd):
            sides = (layer.in_channels, layer.out_channels)
            if not layer.groups or any(side % layer.groups for side in sides):
                impossible(f"leaves '{self.layer}' channels that its groups do not share")


def _swap(module: nn.Module, old: Tensor, new: Tensor) -> None:
    """Put a tensor in another's place in a module, and tell the module its sides."""
    held: tuple[dict[str, Any], ...] = (module._parameters, module._buffers)
    for named in held:
        for name in [name for name, tensor in named.items() if tensor is old]:
            setattr(module, name, new)  # a recurrent layer keeps a list of its own besides
            _tell(module, name, new.shape)


def _tell(module: nn.Module, name: str, shape: torch.Size) -> None:
    """Tell a layer of torch, or transformers, what it keeps of its tensors' sides."""
    for kind, leaf, sides in _KEPT:
        if name == leaf and (isinstance(module, kind) if isinstance(kind, type) else type(module).__name__ == kind):
            for attribute, value in sides(module, shape).items():
                setattr(module, attribute, value)
            return


def _convolution(module: Any, shape: torch.Size) -> dict[str, int]:
    first, second = shape[:2]
    if module.transposed:
        return {"in_channels": first, "out_channels": second * module.groups}
    return {"in_channels": second * module.groups, "out_channels": first}


_KEPT: tuple[tuple[type[nn.Module] | str, str, Callable[[Any, torch.Size], dict[str, Any]]], ...] = (
    (nn.Linear, "weight", lambda _, shape: {"out_features": shape[0], "in_features": shape[1]}),
    (nn.modules.conv._ConvNd, "weight", _convolution),
    (nn.Embedding, "weight", lambda _, shape: {"num_embeddings": shape[0], "embedding_dim": shape[1]}),
    (nn.LayerNorm, "weight", lambda _, shape: {"normalized_shape": tuple(shape)}),
    (nn.RMSNorm, "weight", lambda _, shape: {"normalized_shape": tuple(shape)}),
    (nn.GroupNorm, "weight", lambda _, shape: {"num_channels": shape[0]}),
    (nn.modules.batchnorm._NormBase, "weight", lambda _, shape: {"num_features": shape[0]}),
    (nn.modules.batchnorm._NormBase, "running_mean", lambda _, shape: {"num_features": shape[0]}),
    (nn.RNNBase, "weight_ih_l0", lambda _, shape: {"input_size": shape[1]}),
    ("Conv1D", "weight", lambda _, shape: {"nx": shape[0], "nf": shape[1]}),  # of transformers
)
