from collections.abc import Callable

import pytest
import torch
from scipy import stats

from graftwork.kernels.corruptions.seeding import normal, uniform

SAMPLES = torch.arange(64)


def test_a_sample_draws_the_same_in_any_batch_and_order() -> None:
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    whole = normal(SAMPLES, (3, 8, 8))
    assert torch.equal(normal(SAMPLES[order], (3, 8, 8)), whole[order])
    assert torch.equal(torch.cat([normal(part, (3, 8, 8)) for part in SAMPLES.split(7)]), whole)


def test_samples_and_streams_draw_differently() -> None:
    draws = torch.cat([uniform(SAMPLES, (1000,)), uniform(SAMPLES, (1000,), stream=1)])
    correlation = torch.corrcoef(draws) - torch.eye(128)
    assert correlation.abs().max() < 6 / 1000**0.5


def test_seeds_differ_in_their_high_half_too() -> None:
    low, high = uniform(torch.tensor([5, 5 + (1 << 40)]), (100,))
    assert not torch.equal(low, high)


@pytest.mark.parametrize(("draw", "name"), [(uniform, "uniform"), (normal, "norm")])
def test_draws_follow_their_distribution(draw: Callable[..., torch.Tensor], name: str) -> None:
    assert stats.kstest(draw(SAMPLES, (500,)).flatten().double().numpy(), name).pvalue > 1e-3


def test_uniform_draws_are_never_0_or_1() -> None:
    draws = uniform(SAMPLES, (100_000,))
    assert draws.min() > 0
    assert draws.max() < 1
