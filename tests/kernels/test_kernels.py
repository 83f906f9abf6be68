"""Kernels against their plain references, closed forms and libraries."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.nn.utils import prune

from graftwork.kernels.alignment import align
from graftwork.kernels.bootstrap import mean_interval, mean_interval_reference
from graftwork.kernels.frontier import pareto_front, pareto_front_reference
from graftwork.kernels.margins import margins, margins_reference
from graftwork.kernels.masks import Scope, channel_norms, erk_densities, masks, masks_reference

SHAPES = ((7, 5), (4, 3, 3, 3), (10,))


def _scores(seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {f"w{i}": torch.rand(shape, generator=generator) for i, shape in enumerate(SHAPES)}


@pytest.mark.parametrize("scope", ["global", "layer", "erk"])
@given(amount=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_masks_equal_the_reference(scope: Scope, amount: float, seed: int) -> None:
    scores = _scores(seed)
    fast, plain = masks(scores, amount, scope), masks_reference(scores, amount, scope)
    assert all(torch.equal(fast[name], plain[name]) for name in scores)


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5, 0.83, 1.0])
def test_masks_equal_torchs(amount: float) -> None:
    layers: list[Any] = [torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(20, 9)]
    scores = {str(i): layer.weight.detach().abs() for i, layer in enumerate(layers)}
    together, alone = masks(scores, amount, "global"), masks(scores, amount, "layer")
    for name, layer in zip("01", layers, strict=True):
        prune.global_unstructured([(layer, "weight")], prune.L1Unstructured, amount=amount)
        assert torch.equal(alone[name], layer.weight_mask.bool())
    layers = [torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(20, 9)]
    scores = {str(i): layer.weight.detach().abs() for i, layer in enumerate(layers)}
    together = masks(scores, amount, "global")
    prune.global_unstructured([(layer, "weight") for layer in layers], prune.L1Unstructured, amount=amount)
    assert all(torch.equal(together[n], layer.weight_mask.bool()) for n, layer in zip("01", layers, strict=True))


@given(density=st.floats(0.01, 1))
@settings(deadline=None)
def test_erk_densities_keep_the_budget(density: float) -> None:
    shapes = {"a": (64, 3, 3, 3), "b": (64, 64, 3, 3), "c": (10, 64)}
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    found = erk_densities(shapes, density)
    assert sum(found[n] * sizes[n] for n in shapes) == pytest.approx(density * sum(sizes.values()))
    assert all(0 < value <= 1 + 1e-12 for value in found.values())


def test_channel_norms_by_hand() -> None:
    weight = torch.tensor([[3.0, -4.0], [0.0, 2.0]])
    assert channel_norms(weight, 2).tolist() == [5.0, 2.0]
    assert channel_norms(weight, 1).tolist() == [7.0, 2.0]


@given(seed=st.integers(0, 10_000), bias=st.booleans())
@settings(max_examples=25, deadline=None)
def test_margins_equal_the_reference_and_are_negative_where_wrong(seed: int, bias: bool) -> None:
    g = torch.Generator().manual_seed(seed)
    x, w = torch.randn(12, 6, generator=g), torch.randn(4, 6, generator=g)
    b = torch.randn(4, generator=g) if bias else None
    labels = torch.randint(0, 4, (12,), generator=g)
    fast, plain = margins(x, labels, w, b), margins_reference(x, labels, w, b)
    for name in ("angle", "norm", "margin"):
        torch.testing.assert_close(getattr(fast, name).double(), getattr(plain, name).double(), rtol=1e-5, atol=1e-4)
    assert torch.equal(fast.rival, plain.rival)
    logits = x.double() @ w.double().T + (0 if b is None else b.double())
    assert torch.equal(fast.margin < 0, logits.argmax(1) != labels)


def test_a_margin_by_hand() -> None:
    found = margins(torch.tensor([[3.0, 0.0]]), torch.tensor([0]), torch.eye(2), None)
    assert found.margin.item() == pytest.approx(3 / np.sqrt(2))
    assert found.angle.item() == pytest.approx(0.0, abs=1e-3)
    assert (found.norm.item(), found.rival.item()) == (3.0, 1)


def test_classes_with_one_direction_are_no_rivals() -> None:
    weight = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert margins(torch.tensor([[1.0, 0.0]]), torch.tensor([0]), weight, None).rival.item() == 2


@pytest.mark.parametrize("values", [np.arange(200) % 3 == 0, np.random.default_rng(0).exponential(size=300)])
def test_intervals_agree_with_plain_resampling(values: NDArray[Any]) -> None:
    fast, plain = mean_interval(values, 0, 4000), mean_interval_reference(values, 1, 4000)
    assert fast[0] == pytest.approx(plain[0])
    assert fast[1:] == pytest.approx(plain[1:], abs=0.15 * (plain[2] - plain[1]))


def test_intervals_cover_the_truth_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(3)
    hits = 0
    for seed in range(300):
        _, low, high = mean_interval(random.random(150) < 0.7, seed, 800)
        hits += low <= 0.7 <= high
    assert 0.90 <= hits / 300 <= 0.98


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30), st.sampled_from(["higher", "lower"]))
def test_the_front_equals_the_reference(points: list[tuple[int, int]], better: str) -> None:
    array = np.array(points, dtype=float).reshape(-1, 2)
    ours = pareto_front(array, ("lower", better))
    assert set(ours) == set(pareto_front_reference(array, ("lower", better)))


def test_a_rotated_layout_is_laid_back() -> None:
    target = np.random.default_rng(0).normal(size=(50, 2))
    turned = target @ np.array([[0.0, -1.0], [1.0, 0.0]]) * 3 + 7
    np.testing.assert_allclose(align(turned, target), target, atol=1e-9)
