"""Masks against torch.nn.utils.prune, the sorting reference and closed forms."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils import prune

from graftwork.kernels import masks

SHAPES = [(16, 3, 3, 3), (32, 16, 3, 3), (10, 33)]


def tensors(seed: int = 0) -> list[torch.Tensor]:
    draws = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=draws) * (1 + i) for i, shape in enumerate(SHAPES)]


def masks_of(scores: list[torch.Tensor], count: int) -> list[torch.Tensor]:
    found = masks.cuts(lambda: iter(scores), count)
    return [masks.keep(score, cut) for score, cut in zip(scores, found, strict=True)]


def library_masks(weights: list[torch.Tensor], amount: float) -> list[torch.Tensor]:
    modules: list[Any] = [torch.nn.ParameterList([torch.nn.Parameter(w.clone())]) for w in weights]
    for module in modules:
        module.weight = module[0]
    prune.global_unstructured([(m, "weight") for m in modules], prune.L1Unstructured, amount=amount)
    return [m.weight_mask.bool() for m in modules]


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.333, 0.5, 0.9, 0.999, 1.0])
def test_global_masks_equal_the_library(amount: float) -> None:
    weights = tensors()
    count = masks.removed_count(amount, sum(w.numel() for w in weights))
    ours = masks_of([w.abs() for w in weights], count)
    for mine, theirs in zip(ours, library_masks(weights, amount), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("amount", [0.05, 0.5, 0.77])
def test_layer_masks_equal_the_library(amount: float) -> None:
    for weight in tensors(1):
        module: Any = torch.nn.Linear(1, 1)
        module.weight = torch.nn.Parameter(weight.clone())
        prune.l1_unstructured(module, "weight", amount)
        (mine,) = masks_of([weight.abs()], masks.removed_count(amount, weight.numel()))
        assert torch.equal(mine, module.weight_mask.bool())


@pytest.mark.parametrize("order", [1, 2])
def test_channel_masks_equal_the_library(order: int) -> None:
    for weight in tensors(2):
        module: Any = torch.nn.Linear(1, 1)
        module.weight = torch.nn.Parameter(weight.clone())
        prune.ln_structured(module, "weight", 0.4, n=order, dim=0)
        scores = masks.channel_norms(weight, order)
        (mine,) = masks_of([scores], masks.removed_count(0.4, len(weight)))
        assert torch.equal(mine, module.weight_mask.bool().flatten(1)[:, 0])


def test_counts_round_as_in_the_library() -> None:
    for amount, size in [(0.5, 5), (0.5, 7), (0.25, 10), (0.1, 25)]:
        assert masks.removed_count(amount, size) == prune._compute_nparams_toprune(amount, size)


scores_in = st.lists(
    st.lists(st.floats(0, 2.0**100, width=32) | st.sampled_from([0.0, 1.0, 2.0]), min_size=1, max_size=12),
    min_size=1,
    max_size=4,
)


@given(scores_in, st.floats(0, 1), st.sampled_from([torch.float32, torch.float64]))
@settings(max_examples=200)
def test_equals_sorting_even_with_ties(rows: list[list[float]], amount: float, dtype: torch.dtype) -> None:
    scores = [torch.tensor(row, dtype=dtype) for row in rows]
    count = masks.removed_count(amount, sum(map(len, rows)))
    for mine, plain in zip(masks_of(scores, count), masks.keep_reference(scores, count), strict=True):
        assert torch.equal(mine, plain)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same_masks() -> None:
    scores = [w.abs() for w in tensors()]
    for mine, plain in zip(masks_of([s.cuda() for s in scores], 1000), masks_of(scores, 1000), strict=True):
        assert torch.equal(mine.cpu(), plain)


def test_doubles_that_are_one_float_are_told_apart() -> None:
    scores = torch.tensor([1.0 + 2e-16, 1.0, 1.0 + 4e-16], dtype=torch.float64)
    (mask,) = masks_of([scores], 1)
    assert mask.tolist() == [True, False, True]


def test_removed_says_how_many_go_from_each() -> None:
    scores = [torch.tensor([1.0, 1.0, 5.0]), torch.tensor([1.0, 0.5])]
    found = masks.cuts(lambda: iter(scores), 3)
    assert [cut.removed for cut in found] == [2, 1]
    assert [int((~masks.keep(s, c)).sum()) for s, c in zip(scores, found, strict=True)] == [2, 1]


@pytest.mark.parametrize(
    ("score", "text"), [(float("nan"), "must be numbers"), (-1.0, "must not be negative"), (1.0, "cannot remove 2")]
)
def test_refuses_what_is_no_score(score: float, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        masks.cuts(lambda: iter([torch.tensor([score])]), 2)


def test_arguments_stay_as_they_were() -> None:
    score = torch.tensor([3.0, -0.0, 2.0])
    before = score.clone()
    masks_of([score], 2)
    assert torch.equal(score, before)


@pytest.mark.parametrize("order", [1, 2])
def test_channel_norms_equal_the_reference(order: int) -> None:
    for weight in tensors(3):
        torch.testing.assert_close(
            masks.channel_norms(weight, order).double(), masks.channel_norms_reference(weight, order)
        )


def test_channel_norms_do_not_favour_width() -> None:
    for width in (4, 400):
        assert masks.channel_norms(torch.full((2, width), 3.0), 2).tolist() == pytest.approx([3, 3])


@given(st.floats(0.01, 1))
def test_erk_keeps_the_whole_share(density: float) -> None:
    shapes = [*SHAPES, (64, 32, 3, 3), (1000, 512)]
    kept = masks.erk_densities(shapes, density)
    sizes = [torch.Size(s).numel() for s in shapes]
    assert sum(k * s for k, s in zip(kept, sizes, strict=True)) == pytest.approx(density * sum(sizes))
    assert kept == pytest.approx(masks.erk_densities_reference(shapes, density), abs=1e-9)
    assert 0 <= min(kept) <= max(kept) <= 1 + 1e-12


def test_erk_by_hand() -> None:
    # Rates are 8/16 and 20/100; ε · (8 + 20) = 0.2 · 116.
    assert masks.erk_densities([(4, 4), (10, 10)], 0.2) == pytest.approx([0.2 * 116 / 28 / 2, 0.2 * 116 / 28 / 5])
