"""What is left after a cut computes what the whole network does with zeros in the channels that went."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftwork.analysis.models import Checkpoint
from graftwork.analysis.models.counted import weights_of
from graftwork.analysis.models.coupling import Axis, Cut, Cuttable
from graftwork.analysis.models.structure import apply

from ..networks import FAMILIES, built, randomised
from ..structure.conftest import Opened


class Odd(nn.Module):
    """Gates, groups, a shuffle, a concatenation with a slice, a flattened map, a shared layer, a pad of channels."""

    input_shape = (3, 8, 8)

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 12, 3, padding=1), nn.GroupNorm(3, 12)
        self.grouped, self.deep = nn.Conv2d(12, 8, 3, padding=1, groups=2), nn.Conv2d(8, 16, 3, padding=1, groups=8)
        self.gate, self.shared = nn.Conv2d(16, 32, 1), nn.Conv2d(16, 16, 1)
        self.up, self.slope = nn.ConvTranspose2d(16, 6, 2, 2), nn.PReLU(6)
        self.scale = nn.Parameter(torch.ones(6, 1, 1))
        self.shuffled = nn.Conv2d(6, 4, 1)
        self.first, self.last = nn.Linear(14 * 16, 10), nn.Linear(10, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.silu(self.norm(self.stem(x)))
        y = self.deep(F.relu(self.grouped(x)))
        a, b = self.gate(y).chunk(2, 1)
        y = self.shared(torch.relu(self.shared(a * torch.sigmoid(b))) + y)
        z = self.slope(self.up(F.avg_pool2d(y, 2))) * self.scale
        z = z.view(len(z), 2, 3, 8, 8).transpose(1, 2).reshape(len(z), 6, 8, 8)
        z = torch.cat([self.shuffled(z), z[:, 1:5], F.pad(z, (0, 0, 0, 0, 0, 2))[:, :6]], 1)
        return self.last(F.gelu(self.first(F.max_pool2d(z, 2).flatten(1))))  # type: ignore[no-any-return]


def zeroed(network: nn.Module, cut: Cut) -> nn.Module:
    """Return the network with zeros wherever channels that went were made."""
    taken = {Axis(cut.coupling.called[w.name], w.inputs) for w in weights_of(network) if w.inputs is not None}
    changed = deepcopy(network)
    tensors = dict(changed.named_parameters()) | dict(changed.named_buffers())
    with torch.no_grad():
        for axis, kept in cut.kept.items():
            if axis not in taken and not axis.tensor.endswith("running_var"):
                gone = np.setdiff1d(np.arange(tensors[axis.tensor].shape[axis.axis]), kept)
                tensors[axis.tensor].index_fill_(axis.axis, torch.from_numpy(gone), 0.0)
    return changed


def left(network: nn.Module, cut: Cut) -> nn.Module:
    """Return the network without the channels that went."""
    smaller: Any = apply(cut.edits(network), deepcopy(network))
    state = network.state_dict()
    smaller.load_state_dict({name: cut.tensor(name, t) if t.is_floating_point() else t for name, t in state.items()})
    return smaller  # type: ignore[no-any-return]


def check(network: nn.Module, cut: Cut, x: Tensor) -> None:
    with torch.inference_mode():
        expected, found = zeroed(network, cut)(x), left(network, cut)(x)
    assert sum(p.numel() for p in left(network, cut).parameters()) < sum(p.numel() for p in network.parameters())
    torch.testing.assert_close(found, expected, atol=1e-5 * float(expected.abs().max()), rtol=1e-5)


def prove(
    skeleton: Callable[[], nn.Module], network: nn.Module, example: Tensor, x: Tensor, least: int
) -> frozenset[str]:
    """Cut a class of every kind, and a third of all; return what was cut."""
    whole = Cuttable(skeleton, example)
    kinds = whole.sound([kind for kind, classes in whole.coupling.kinds.items() if len(classes) > 1])
    assert len(kinds) >= least
    classes = [whole.coupling.kinds[kind] for kind in kinds]
    for own in classes:
        check(network, whole.without(own[[len(own) // 2]]), x)
    together = whole.without(np.concatenate([own[: max(1, len(own) // 3)] for own in classes]))
    assert whole.fits(together)
    check(network, together, x)
    return frozenset(axis.tensor for axis in together.kept)


@pytest.mark.heavy("each group of channels of a library's network is cut by itself, once for each family")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_cut_network_is_the_zeroed_one(family: str, opened: Opened) -> None:
    parent: Checkpoint = opened(family)
    assert parent.architecture is not None
    least = 1 if "recurrent" in family else 2
    prove(parent.skeleton, parent.network(), parent.architecture.example(1), built(family).x, least)


def test_a_network_with_odd_wiring() -> None:
    network, x = randomised(Odd()), torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))

    def skeleton() -> nn.Module:
        with torch.device("meta"):
            return Odd()

    cut = prove(skeleton, network, x[:1], x, 3)
    assert {"grouped.weight", "deep.weight", "gate.weight", "shared.weight", "shuffled.weight", "first.bias"} <= cut
    assert not {"stem.weight", "up.bias", "scale", "last.bias"} & cut, "groups that differ, a shape in numbers, outputs"
