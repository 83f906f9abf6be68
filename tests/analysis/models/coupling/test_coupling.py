"""Channels that go together, against groups written by hand."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftwork.analysis.models.coupling import Axis, Coupling, Cuttable, RunError, coupled


class Wired(nn.Module):
    """Layers by name, and what runs them."""

    def __init__(self, run: Callable[["Wired", Tensor], Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, x)

    def __getattr__(self, name: str) -> nn.Module:
        return super().__getattr__(name)  # type: ignore[return-value]


def conv(before: int, after: int, groups: int = 1) -> nn.Module:
    return nn.Conv2d(before, after, 1, groups=groups, bias=False)


def attended(self: Wired, x: Tensor) -> Tensor:
    q, k, v = (part.unflatten(-1, (-1, 3)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
    return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def attended_by_product(self: Wired, x: Tensor) -> Tensor:
    q, k, v = (part.unflatten(-1, (-1, 3)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
    shares = (q @ k.mT / 3**0.5).softmax(-1)
    return self.out((shares @ v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


IMAGE, TOKENS = (1, 3, 4, 4), (1, 5, 4)
Groups = list[dict[str, list[int]]]


def plain(*pairs: tuple[str, int], sides: int) -> Groups:
    """Return one group a channel, which has that number on each of the axes."""
    return [{f"{name}:{axis}": [number] for name, axis in pairs} for number in range(sides)]


def head(*own: int) -> dict[str, list[int]]:
    """Return what a head has of queries, keys and values in one map of 18, and of what follows."""
    mapped = [part + channel for part in (0, 6, 12) for channel in own]
    return {"qkv.weight:0": mapped, "qkv.bias:0": mapped, "out.weight:1": list(own)}


HEADS = [head(0, 1, 2), head(3, 4, 5)]
CASES: Mapping[str, tuple[Wired, tuple[int, ...], Groups]] = {
    "in a row": (
        Wired(lambda self, x: self.b(torch.relu(self.a(x))), a=conv(3, 2), b=conv(2, 4)),
        IMAGE,
        plain(("a.weight", 0), ("b.weight", 1), sides=2),
    ),
    "a residual sum": (
        Wired(lambda self, x: self.c(self.a(x) + self.b(self.a(x))), a=conv(3, 2), b=conv(2, 2), c=conv(2, 4)),
        IMAGE,
        plain(("a.weight", 0), ("b.weight", 0), ("b.weight", 1), ("c.weight", 1), sides=2),
    ),
    "a concatenation": (
        Wired(lambda self, x: self.c(torch.cat([self.a(x), self.b(x)], 1)), a=conv(3, 2), b=conv(3, 2), c=conv(4, 4)),
        IMAGE,
        [
            {f"{layer}.weight:0": [n], "c.weight:1": [n + first]}
            for layer, first in (("a", 0), ("b", 2))
            for n in (0, 1)
        ],
    ),
    "each channel alone, twice": (
        Wired(lambda self, x: self.c(self.b(self.a(x))), a=conv(3, 2), b=conv(2, 4, groups=2), c=conv(4, 4)),
        IMAGE,
        [{"a.weight:0": [n], "b.weight:0": [2 * n, 2 * n + 1], "c.weight:1": [2 * n, 2 * n + 1]} for n in (0, 1)],
    ),
    "groups": (
        Wired(lambda self, x: self.c(self.b(self.a(x))), a=conv(3, 4), b=conv(4, 4, groups=2), c=conv(4, 4)),
        IMAGE,
        [
            *({"a.weight:0": [n, n + 2], "b.weight:1": [n]} for n in (0, 1)),
            *({"b.weight:0": [n, n + 2], "c.weight:1": [n, n + 2]} for n in (0, 1)),
        ],
    ),
    "a flattened map": (
        Wired(lambda self, x: self.b(self.a(x).flatten(1)), a=conv(3, 2), b=nn.Linear(32, 4, bias=False)),
        IMAGE,
        [{"a.weight:0": [n], "b.weight:1": list(range(16 * n, 16 * n + 16))} for n in (0, 1)],
    ),
    "norms of groups": (
        Wired(lambda self, x: self.b(self.n(self.a(x))), a=conv(3, 4), n=nn.GroupNorm(2, 4), b=conv(4, 4)),
        IMAGE,
        [{"a.weight:0": own, "n.weight:0": own, "n.bias:0": own, "b.weight:1": own} for own in ([0, 1], [2, 3])],
    ),
    "heads": (Wired(attended, qkv=nn.Linear(4, 18), out=nn.Linear(6, 4)), TOKENS, HEADS),
    "heads by products": (Wired(attended_by_product, qkv=nn.Linear(4, 18), out=nn.Linear(6, 4)), TOKENS, HEADS),
    "what a norm averages over": (
        Wired(lambda self, x: self.b(self.n(self.a(x))), a=nn.Linear(4, 6), n=nn.LayerNorm(6), b=nn.Linear(6, 4)),
        TOKENS,
        [],
    ),
    "a sum over channels": (
        Wired(lambda self, x: self.b(self.a(x)) * self.a(x).sum(1, keepdim=True), a=conv(3, 2), b=conv(2, 4)),
        IMAGE,
        [],
    ),
    "an operation that nobody knows": (
        Wired(lambda self, x: self.b(self.a(x).sort(1).values), a=conv(3, 2), b=conv(2, 4)),
        IMAGE,
        [],
    ),
    "the image beside channels": (
        Wired(lambda self, x: self.b(torch.cat([x, self.a(x)], 1)), a=conv(3, 2), b=conv(5, 4)),
        IMAGE,
        [{"a.weight:0": [n], "b.weight:1": [n + 3]} for n in (0, 1)],
    ),
    "a channel by its number": (
        Wired(lambda self, x: self.b(self.a(x)) * self.a(x)[:, 1:2], a=conv(3, 2), b=conv(2, 4)),
        IMAGE,
        [],
    ),
}


def groups(coupling: Coupling) -> Groups:
    found: Groups = []
    for kind, classes in coupling.kinds.items():
        own = {f"{axis.tensor}:{axis.axis}": coupling.classes[axis] for axis in kind}
        found += [{name: np.flatnonzero(on == number).tolist() for name, on in own.items()} for number in classes]
    return found


def ordered(found: Groups) -> list[list[tuple[str, list[int]]]]:
    return sorted(sorted(group.items()) for group in found)


@pytest.mark.parametrize("case", CASES)
def test_groups(case: str) -> None:
    network, shape, expected = CASES[case]
    assert ordered(groups(coupled(network, torch.randn(shape)))) == ordered(expected)


def test_a_network_that_cannot_be_run_is_told() -> None:
    with pytest.raises(RunError):
        coupled(conv(3, 2), torch.randn(1, 4, 2, 2))


DIVIDED = Wired(lambda self, x: self.b(self.a(x) / self.a(x).shape[1]), a=conv(3, 2), b=conv(2, 4))
SPLIT = Wired(lambda self, x: self.b(self.a(x)[:, :2] + self.a(x)[:, 2:4]), a=conv(3, 4), b=conv(2, 4))


@pytest.mark.parametrize("network", [DIVIDED, SPLIT], ids=["it divides by their number", "it splits them at a number"])
def test_code_that_depends_on_the_number_of_channels_keeps_them(network: Wired) -> None:
    def skeleton() -> nn.Module:
        layers = {name: conv(layer.in_channels, layer.out_channels) for name, layer in network.named_children()}  # type: ignore[arg-type]
        return Wired(network.run, **layers)

    whole = Cuttable(skeleton, torch.randn(IMAGE))
    assert whole.coupling.kinds
    assert not whole.sound(list(whole.coupling.kinds))


def test_a_cut_says_what_stays() -> None:
    network, shape, _ = CASES["each channel alone, twice"]
    coupling = coupled(network, torch.randn(shape))
    (classes,) = coupling.kinds.values()
    kept = coupling.kept(classes[:1])
    assert {axis: numbers.tolist() for axis, numbers in kept.items()} == {
        Axis("a.weight", 0): [1],
        Axis("b.weight", 0): [2, 3],
        Axis("c.weight", 1): [2, 3],
    }
