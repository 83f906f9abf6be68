"""Pruning by magnitude and at random."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.nn.utils import prune

from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import METHODS
from graftwork.analysis.models.weight import names_of

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
    for name in names_of(checkpoint.weights()):
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
    assert zeros(tensors, names_of(checkpoint.weights())) == 1


@pytest.mark.parametrize("name", ["prune.magnitude", "prune.random"])
@pytest.mark.parametrize("scope", ["global", "layer", "erk"])
def test_removes_the_share_and_says_so(name: str, scope: str, make: Make, context: Make) -> None:
    checkpoint = make()
    facts, tensors = pruned(name, checkpoint, context(), amount=0.6, scope=scope)
    names = names_of(checkpoint.weights())
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
    removed = torch.cat([checkpoint.tensor(n).float()[tensors[n] == 0].abs() for n in names_of(checkpoint.weights())])
    kept = torch.cat([tensors[n].float()[tensors[n] != 0].abs() for n in names_of(checkpoint.weights())])
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
    for key in names_of(checkpoint.weights()):
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


def reference(checkpoint: Any, shares: dict[str, float]) -> dict[str, torch.Tensor]:
    """Cut each layer alone, by sorting."""
    cut = {}
    for name, share in shares.items():
        weight = checkpoint.tensor(name).float().clone()
        order = weight.abs().flatten().argsort(stable=True)
        weight.view(-1)[order[: round(share * weight.numel())]] = 0
        cut[name] = weight
    return cut


def test_only_the_layers_that_a_pattern_fits_are_cut(make: Make, context: Make) -> None:
    checkpoint = make()
    _, tensors = pruned("prune.magnitude", checkpoint, context(), amount=0.6, scope="layer", layers=["h*"])
    expected = reference(checkpoint, {"hidden.weight": 0.6, "head.weight": 0.6, "conv.weight": 0.0})
    for name, weight in expected.items():
        assert torch.equal(tensors[name].float(), weight)


def test_a_layers_own_amount_counts_in_place_of_the_common_one(make: Make, context: Make) -> None:
    checkpoint = make()
    own = {"h*": 0.3, "hidden": 0.9}
    facts, tensors = pruned("prune.magnitude", checkpoint, context(), amount=0.5, scope="layer", amounts=own)
    expected = reference(checkpoint, {"hidden.weight": 0.9, "head.weight": 0.3, "conv.weight": 0.5})
    for name, weight in expected.items():
        assert torch.equal(tensors[name].float(), weight)
    assert list(facts["threshold_by_layer"]) == list(names_of(checkpoint.weights()))


def test_what_has_its_own_amount_is_not_compared_with_the_rest(make: Make, context: Make) -> None:
    checkpoint = make()
    _, tensors = pruned("prune.magnitude", checkpoint, context(), amount=0.5, amounts={"conv": 0.0})
    rest = torch.cat([checkpoint.tensor(n).float().abs().flatten() for n in ("hidden.weight", "head.weight")])
    threshold = rest.sort().values[len(rest) // 2]
    assert torch.equal(tensors["conv.weight"], checkpoint.tensor("conv.weight"))
    for name in ("hidden.weight", "head.weight"):
        weight = checkpoint.tensor(name)
        assert torch.equal(tensors[name] != 0, weight.float().abs() >= threshold)


def test_random_cuts_the_same_weights_of_a_layer_whatever_else_is_cut(make: Make, context: Make) -> None:
    checkpoint = make()
    _, alone = pruned("prune.random", checkpoint, context(), amount=0.5, scope="layer", layers=["hidden"])
    _, both = pruned("prune.random", checkpoint, context(), amount=0.5, scope="layer")
    assert torch.equal(alone["hidden.weight"], both["hidden.weight"])
    assert torch.equal(alone["conv.weight"], checkpoint.tensor("conv.weight"))


@pytest.mark.parametrize("parameters", [{"layers": ["heat"]}, {"amounts": {"heat": 0.5}}])
def test_a_pattern_that_fits_no_layer_is_refused(parameters: dict[str, Any], make: Make, context: Make) -> None:
    with pytest.raises(UserError, match=r"no layer to prune that fits 'heat'\. Did you mean 'head'"):
        pruned("prune.magnitude", make(), context(), **parameters)


def test_parameters_that_came_later_leave_identities_as_they_were() -> None:
    check = METHODS.get("prune.random").check
    assert check({}).model_dump(mode="json") == {"amount": 0.5, "scope": "global", "granularity": "element"}
    assert check({"layers": ["fc"]}).model_dump(mode="json")["layers"] == ["fc"]
    assert check({"amounts": {"fc": 0.1}}).model_dump(mode="json")["amounts"] == {"fc": 0.1}
    with pytest.raises(UserError, match="amounts"):
        check({"amounts": {"fc": 1.1}})


def turned(checkpoint: Any, name: str) -> Any:
    """Return the checkpoint with one weight that has its outputs second."""
    weights = [replace(w, outputs=1 if w.name == name else w.outputs) for w in checkpoint.weights()]
    checkpoint.weights = lambda: tuple(weights)
    return checkpoint


@pytest.mark.parametrize("name", ["prune.magnitude", "prune.random"])
def test_channels_are_outputs_wherever_they_lie(name: str, make: Make, context: Make) -> None:
    checkpoint = turned(make(), "hidden.weight")
    facts, tensors = pruned(name, checkpoint, context(), amount=0.5, scope="layer", granularity="channel")
    gone = (tensors["hidden.weight"] == 0).all(0)
    assert gone.sum() == 4
    assert int((tensors["hidden.weight"] == 0).sum()) == 4 * 16
    assert facts["kept_by_layer"]["hidden.weight"] == 0.5
    if name == "prune.magnitude":
        sums = checkpoint.tensor("hidden.weight").abs().sum(0)
        assert sums[gone].max() < sums[~gone].min()


@pytest.mark.parametrize(("granularity", "refused"), [("channel", True), ("element", False)])
def test_channels_of_unknown_axes_are_refused_by_name(
    granularity: str, refused: bool, make: Make, context: Make
) -> None:
    checkpoint = make()
    weights = tuple(replace(weight, outputs=None) for weight in checkpoint.weights())
    checkpoint.weights = lambda: weights
    expected = pytest.raises(UserError, match=r"axis of 'conv.weight'") if refused else nullcontext()
    with expected:
        pruned("prune.magnitude", checkpoint, context(), granularity=granularity)


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.float16])
def test_narrow_numbers_keep_their_bits_or_go(dtype: torch.dtype, make: Make, context: Make) -> None:
    weight = torch.randn(16, 16).to(dtype)
    _, tensors = pruned("prune.magnitude", make(**{"hidden.weight": weight}), context(), amount=0.5, scope="layer")
    found = tensors["hidden.weight"]
    assert found.dtype == dtype
    kept = found.float() != 0
    assert kept.float().mean() == pytest.approx(0.5, abs=0.01)
    assert torch.equal(found.float()[kept], weight.float()[kept])


@pytest.mark.parametrize("granularity", ["element", "channel"])
def test_complex_weights_go_by_their_magnitude(granularity: str, make: Make, context: Make) -> None:
    weight = torch.polar(torch.arange(1.0, 65).view(8, 8), torch.randn(8, 8))
    checkpoint = make(**{"hidden.weight": weight})
    options = {"amount": 0.5, "scope": "layer", "granularity": granularity}
    _, tensors = pruned("prune.magnitude", checkpoint, context(), **options)
    assert torch.equal(tensors["hidden.weight"] == 0, torch.arange(64).view(8, 8) < 32)


def test_the_share_of_the_parameters_is_said(make: Make, context: Make) -> None:
    checkpoint = make()
    every = sum(tensor.numel() for tensor in checkpoint.tensors.values())
    facts, _ = pruned("prune.magnitude", checkpoint, context(), layers=["hidden"])
    assert facts["of_parameters"] == 16 * 8 / every
