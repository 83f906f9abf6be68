"""A cut network: its edits, and its tensors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from ..families.resnet_cifar import PaddedSubsample
from ..structure import Resize
from .groups import Axis, Coupling, Kept, Numbers


@dataclass(frozen=True)
class Cut:
    """What stays of a network when classes of channels go.

    Attributes
    ----------
    coupling : Coupling
        Of the network.
    gone : array of int
        The classes that go.
    """

    coupling: Coupling
    gone: Numbers

    @cached_property
    def kept(self) -> Kept:
        """What stays along each axis that loses some."""
        return self.coupling.kept(self.gone)

    def edits(self, network: nn.Module) -> list[Resize]:
        """Return the edits that cut a skeleton of the network, whose tensors need not be tied yet."""
        return list(self._edits(network))

    def tensor(self, name: str, whole: Tensor) -> Tensor:
        """Return what stays of a tensor."""
        for axis in range(whole.ndim):
            kept = self.kept.get(Axis(self.coupling.called[name], axis))
            if kept is not None:
                whole = whole.index_select(axis, torch.from_numpy(kept))
        return whole

    def _edits(self, network: nn.Module) -> Iterator[Resize]:
        done: set[int] = set()
        for place, module in network.named_modules():
            own = {leaf: tensor for leaf, tensor in _own_tensors(module).items() if id(tensor) not in done}
            shapes = {leaf: self._shape(f"{place}.{leaf}" if place else leaf, t) for leaf, t in own.items()}
            smaller = {leaf: shape for leaf, shape in shapes.items() if shape != tuple(own[leaf].shape)}
            done |= set(map(id, own.values()))
            counts = self._counts(place, module, smaller)
            if smaller or counts:
                yield Resize(layer=place, tensors=smaller, counts=counts)

    def _shape(self, name: str, tensor: Tensor) -> tuple[int, ...]:
        called = self.coupling.called.get(name, name)
        kept = (self.kept.get(Axis(called, axis)) for axis in range(tensor.ndim))
        return tuple(side if left is None else len(left) for side, left in zip(tensor.shape, kept, strict=True))

    def _counts(self, place: str, module: nn.Module, smaller: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
        """Return the counts of a layer that follow from what it loses."""
        if isinstance(module, PaddedSubsample):
            return self._padding(place, module)
        if "weight" not in smaller:
            return {}
        if isinstance(module, nn.modules.conv._ConvNd) and module.groups > 1 and module.weight.shape[1] == 1:
            return {"groups": module.groups * smaller["weight"][0] // module.weight.shape[0]}
        if isinstance(module, nn.GroupNorm):
            return {"num_groups": module.num_groups * smaller["weight"][0] // module.num_channels}
        return {}

    def _padding(self, place: str, module: PaddedSubsample) -> dict[str, int]:
        classes = self.coupling.padding.get(place)
        if classes is None:
            return {}
        stays = ~np.isin(classes, self.gone)
        ends = {"before": stays[: module.before], "after": stays[len(stays) - module.after :]}
        return {name: int(end.sum()) for name, end in ends.items() if not end.all()}


def _own_tensors(module: nn.Module) -> dict[str, Tensor]:
    held = (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
    return {name: tensor for name, tensor in held if tensor.is_floating_point()}
