"""Margins against closed forms and the one-by-one reference."""

import pytest
import torch

from graftwork.kernels.margins import margins, margins_reference


def problem(
    samples: int, width: int, classes: int, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    draws = torch.Generator().manual_seed(seed)
    features = torch.randn(samples, width, generator=draws)
    weight = torch.randn(classes, width, generator=draws)
    bias = torch.randn(classes, generator=draws)
    return features, weight, bias, torch.randint(classes, (samples,), generator=draws)


def test_two_classes_by_hand() -> None:
    # The boundary is the line x = y; (3, 1) lies √2 on its own side, at atan(1/3) to its class.
    found = margins(torch.tensor([[3.0, 1.0]]), torch.eye(2), torch.zeros(2), torch.tensor([0]))
    assert found.margin.item() == pytest.approx(2**0.5)
    assert found.angle.item() == pytest.approx(18.434948822922)
    assert found.norm.item() == pytest.approx(10**0.5)
    assert found.rival.item() == 1


def test_bias_moves_the_boundary() -> None:
    found = margins(torch.zeros(1, 2), torch.eye(2), torch.tensor([0.0, 2**0.5]), torch.tensor([0]))
    assert found.margin.item() == pytest.approx(-1)


@pytest.mark.parametrize("chunk", [7, 1000])
def test_equals_the_reference(chunk: int) -> None:
    arguments = problem(100, 16, 9)
    found, plain = margins(*arguments, chunk=chunk), margins_reference(*arguments)
    for mine, expected in zip(found[:3], plain[:3], strict=True):
        torch.testing.assert_close(mine.double(), expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(found.rival, plain.rival)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same_margins() -> None:
    arguments = problem(100, 16, 9)
    x, w, b, y = (a.cuda() for a in arguments)
    there, here = margins(x, w, b, y), margins(*arguments)
    for mine, plain in zip(there, here, strict=True):
        torch.testing.assert_close(mine.cpu(), plain, rtol=1e-4, atol=1e-4)


def test_negative_exactly_where_misclassified() -> None:
    features, weight, bias, labels = problem(20_000, 8, 5, seed=1)
    weight[1] = weight[0] + 1e-6  # nearly equal classes, where a rounded distance would lose the sign
    logits = features @ weight.T + bias
    margin = margins(features, weight, bias, labels, logits).margin
    wrong = logits.argmax(1) != labels
    assert torch.equal(margin < 0, wrong)
    assert 0.1 < wrong.float().mean() < 0.99


def test_angle_is_exact_near_zero() -> None:
    direction = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    tilted = torch.tensor([[1.0, 1e-4]])
    angle = margins(tilted, direction, torch.zeros(2), torch.tensor([0])).angle
    assert angle.item() == pytest.approx(1e-4 * 180 / torch.pi, rel=1e-4)


@pytest.mark.parametrize(("feature", "direction"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_what_is_zero_has_no_angle(feature: float, direction: float) -> None:
    weight = torch.tensor([[direction, 0.0], [0.0, 1.0]])
    found = margins(torch.full((1, 2), feature), weight, torch.zeros(2), torch.tensor([0]))
    assert found.angle.isnan().all()
    assert found.norm.item() == pytest.approx(feature * 2**0.5)


def test_a_head_of_equal_classes_has_no_boundary() -> None:
    found = margins(torch.ones(1, 2), torch.ones(3, 2), torch.zeros(3), torch.tensor([1]))
    assert found.margin.isnan().all()
    assert found.rival.item() == -1


def test_a_twin_class_is_no_rival() -> None:
    weight = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = margins(torch.tensor([[2.0, 0.0]]), weight, torch.zeros(3), torch.tensor([0]))
    assert found.rival.item() == 2
    assert found.margin.item() == pytest.approx(2**0.5)


def test_a_twin_with_a_greater_bias_always_wins() -> None:
    found = margins(torch.tensor([[2.0, 0.0]]), torch.ones(2, 2), torch.tensor([0.0, 1.0]), torch.tensor([0]))
    assert (found.margin.item(), found.rival.item()) == (-torch.inf, 1)


def test_broken_scores_give_no_margin() -> None:
    found = margins(torch.full((1, 2), torch.nan), torch.eye(2), torch.zeros(2), torch.tensor([0]))
    assert found.margin.isnan().all()


def test_no_samples() -> None:
    features, weight, bias, labels = problem(0, 4, 3)
    assert [len(column) for column in margins(features, weight, bias, labels)] == [0, 0, 0, 0]


def test_one_class_has_no_margin() -> None:
    with pytest.raises(ValueError, match="two classes"):
        margins(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1), torch.tensor([0]))


def test_arguments_stay_as_they_were() -> None:
    arguments = problem(10, 4, 3)
    before = [a.clone() for a in arguments]
    logits = arguments[0] @ arguments[1].T
    kept = logits.clone()
    margins(*arguments, logits)
    assert all(torch.equal(a, b) for a, b in zip([*arguments, logits], [*before, kept], strict=True))
