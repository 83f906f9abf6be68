"""Pruning by magnitude and at random."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch.nn.utils import prune

from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import METHODS

Make = Callable[..., Any]


def pruned(name: str, checkpoint: Any, context: Any, **parameters: Any) -> Any:
    method = METHODS.get(name)
    derivative = method.function([checkpoint], method.check(parameters), context)
    return derivative.facts, {key: derivative.tensor(key) for key in derivative.specs}


def zeros(tensors: dict[str, torch.Tensor], names: Sequence[str]) -> Any:
    return sum(int((tensors[n] == 0).sum()) for n in names) / sum(tensors[n].numel() for n in names)


def test_global_equals_the_library(make: Make, context: Make) -> None:
    checkpoint = make()
    _, tensors = pruned("prune.magnitude", checkpoint, context(), amount=0.7)
    layers = {}
    for name in checkpoint.weights():
        layers[name] = torch.nn.Linear(1, 1)
        layers[name].weight = torch.nn.Parameter(checkpoint.tensor(name).float())
    prune.global_unstructured([(m, "weight") for m in layers.values()], prune.L1Unstructured, amount=0.7)
    for name, layer in layers.items():
        assert torch.equal(tensors[name].float(), layer.weight)


def test_other_tensors_are_kept(make: Make, context: Make) -> None:
    checkpoint = make()
    _, tensors = pruned("prune.magnitude", checkpoint, context(), amount=1.0)
    for name in ("norm.weight", "norm.num_batches_tracked", "head.bias"):
        assert torch.equal(tensors[name], checkpoint.tensor(name))
    assert zeros(tensors, checkpoint.weights()) == 1


@pytest.mark.parametrize("name", ["prune.magnitude", "prune.random"])
@pytest.mark.parametrize("scope", ["global", "layer", "erk"])
def test_removes_the_share_and_says_so(name: str, scope: str, make: Make, context: Make) -> None:
    checkpoint = make()
    facts, tensors = pruned(name, checkpoint, context(), amount=0.6, scope=scope)
    names = checkpoint.weights()
    assert zeros(tensors, names) == pytest.approx(0.6, abs=0.005)
    assert facts["kept"] == pytest.approx(1 - zeros(tensors, names))
    for key in names:
        assert facts["kept_by_layer"][key] == pytest.approx(1 - zeros(tensors, [key]))
    if scope == "layer":
        assert list(facts["kept_by_layer"].values()) == pytest.approx([0.4] * len(names), abs=0.01)


def test_erk_spares_small_layers(make: Make, context: Make) -> None:
    facts, _ = pruned("prune.magnitude", make(), context(), amount=0.6, scope="erk")
    kept = facts["kept_by_layer"]
    assert kept["head.weight"] > kept["hidden.weight"] > kept["conv.weight"]


def test_threshold_parts_kept_from_removed(make: Make, context: Make) -> None:
    checkpoint = make()
    facts, tensors = pruned("prune.magnitude", checkpoint, context(), amount=0.5)
    removed = torch.cat([checkpoint.tensor(n).float()[tensors[n] == 0].abs() for n in checkpoint.weights()])
    kept = torch.cat([tensors[n].float()[tensors[n] != 0].abs() for n in checkpoint.weights()])
    assert removed.max() == facts["threshold"]
    assert kept.min() >= facts["threshold"]


@pytest.mark.parametrize(("norm", "gone"), [("l1", 0), ("l2", 1)])
def test_norm_decides_between_channels(norm: str, gone: int, make: Make, context: Make) -> None:
    # Channel 0 has the smaller sum, channel 1 the smaller root mean square.
    weight = torch.tensor([[3.0, 0.0], [2.0, 2.0]])
    checkpoint = make(**{"conv.weight": torch.ones(2, 2) * 9, "hidden.weight": torch.ones(2, 2) * 9})
    checkpoint.tensors["head.weight"] = weight
    checkpoint.specs = make(**checkpoint.tensors).specs
    facts, tensors = pruned(
        "prune.magnitude", checkpoint, context(), amount=0.5, scope="layer", granularity="channel", norm=norm
    )
    assert not tensors["head.weight"][gone].any()
    assert torch.equal(tensors["head.weight"][1 - gone], weight[1 - gone])
    assert facts["kept_by_layer"]["head.weight"] == 0.5


@pytest.mark.parametrize("name", ["prune.magnitude", "prune.random"])
def test_channels_go_whole(name: str, make: Make, context: Make) -> None:
    checkpoint = make()
    _, tensors = pruned(name, checkpoint, context(), amount=0.5, scope="layer", granularity="channel")
    for key in checkpoint.weights():
        empty = (tensors[key].flatten(1) == 0).sum(1)
        assert sorted(empty.unique().tolist()) == [0, tensors[key][0].numel()]
        assert (empty > 0).float().mean() == 0.5


def test_random_hits_every_weight_alike(make: Make, context: Make) -> None:
    checkpoint = make(**{"hidden.weight": torch.ones(10, 10)})
    kept = torch.zeros(10, 10)
    for seed in range(200):
        kept += pruned("prune.random", checkpoint, context(seed), amount=0.5, scope="layer")[1]["hidden.weight"]
    # A count of 200 fair draws leaves 60 … 140 once in 10⁸.
    assert 60 < kept.min() < kept.max() < 140


def test_layers_of_one_shape_differ(make: Make, context: Make) -> None:
    checkpoint = make(**{"conv.weight": torch.ones(16, 8), "hidden.weight": torch.ones(16, 8)})
    _, tensors = pruned("prune.random", checkpoint, context(), scope="layer")
    assert not torch.equal(tensors["conv.weight"], tensors["hidden.weight"])


def test_broken_weights_are_named(make: Make, context: Make) -> None:
    checkpoint = make(**{"hidden.weight": torch.full((2, 2), torch.nan)})
    with pytest.raises(UserError, match=r"seed0.safetensors cannot be pruned: scores must be numbers"):
        pruned("prune.magnitude", checkpoint, context())


def test_nothing_to_prune(make: Make, context: Make) -> None:
    checkpoint = make()
    checkpoint.tensors = {}
    with pytest.raises(UserError, match="no weights of linear or convolution"):
        pruned("prune.magnitude", checkpoint, context())


@pytest.mark.parametrize("amount", [-0.1, 1.1])
def test_amount_is_a_share(amount: float) -> None:
    with pytest.raises(UserError, match="amount"):
        METHODS.get("prune.magnitude").check({"amount": amount})
