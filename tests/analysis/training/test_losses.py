"""Losses against PyTorch, closed forms and differences."""

from math import sqrt, tanh

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from graftwork.analysis.training.batches import Batch
from graftwork.analysis.training.losses import density, linear_cka, soft_density, soft_loss, task_loss


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_loss_of_labels_is_their_mean_surprise() -> None:
    logits, labels = normal(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    expected = -logits.softmax(1)[torch.arange(6), labels].log().mean()
    torch.testing.assert_close(task_loss(logits, Batch(torch.zeros(6), labels)), expected)


def test_smoothed_labels_lie_between_the_class_and_all_classes() -> None:
    logits, labels = normal(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    targets = 0.9 * F.one_hot(labels, 4) + 0.1 / 4
    expected = -(targets * logits.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(task_loss(logits, Batch(torch.zeros(6), labels), 0.1), expected)


def test_a_language_model_answers_for_every_next_token_that_is_there() -> None:
    tokens = torch.tensor([[3, 1, 2, 0], [2, 4, 0, 0]])
    logits = normal(2, 4, 5)
    predicted = [(0, 0, 1), (0, 1, 2), (1, 0, 4)]  # sample, place, token that follows; 0 pads
    expected = -torch.stack([logits[i, p].log_softmax(0)[t] for i, p, t in predicted]).mean()
    torch.testing.assert_close(task_loss(logits, Batch(tokens, torch.full((2,), -1), pad=0)), expected)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_soft_loss_is_pytorchs_divergence(temperature: float) -> None:
    student, teacher = normal(5, 7), normal(5, 7, seed=1)
    p, q = (teacher / temperature).softmax(1), (student / temperature).softmax(1)
    expected = temperature**2 * F.kl_div(q.log(), p, reduction="batchmean")
    torch.testing.assert_close(soft_loss(student, teacher, temperature), expected)
    by_hand = temperature**2 * (p * (p / q).log()).sum(1).mean()
    torch.testing.assert_close(soft_loss(student, teacher, temperature), by_hand)
    assert soft_loss(teacher, teacher, temperature) == pytest.approx(0, abs=1e-12)


def brute_force_cka(x: Tensor, y: Tensor) -> float:
    """Return HSIC(x, y) over the root of HSIC(x, x) HSIC(y, y), sample pair by sample pair."""
    n = len(x)
    centring = torch.eye(n, dtype=x.dtype) - 1 / n
    k, ell = ([[float(a @ b) for b in values] for a in values] for values in (x, y))

    def hsic(a: Tensor, b: Tensor) -> float:
        return float(torch.trace(a @ centring @ b @ centring)) / (n - 1) ** 2

    first, second = torch.tensor(k, dtype=x.dtype), torch.tensor(ell, dtype=x.dtype)
    return hsic(first, second) / sqrt(hsic(first, first) * hsic(second, second))


def test_cka_is_that_of_its_definition() -> None:
    x, y = normal(9, 4), normal(9, 3, 2, seed=1)
    assert float(linear_cka(x, y)) == pytest.approx(brute_force_cka(x, y.flatten(1)), rel=1e-12)


def test_cka_sees_neither_turns_nor_scale_nor_shift() -> None:
    x = normal(9, 4)
    turn = torch.linalg.qr(normal(4, 4, seed=2)).Q
    assert float(linear_cka(x, 3 * x @ turn + 5)) == pytest.approx(1, rel=1e-12)
    assert float(linear_cka(x, torch.ones_like(x))) == 0


def test_the_soft_density_goes_to_the_density() -> None:
    activations = [torch.tensor([0.0, 0.0, 1.0, -2.0]), torch.tensor([0.0, 0.5])]
    assert density(activations, 0) == [0.5, 0.5]
    assert float(soft_density(activations, 1e3)) == pytest.approx(0.5)
    by_hand = ((tanh(1) + tanh(2)) / 4 + tanh(0.5) / 2) / 2
    assert float(soft_density(activations, 1.0)) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: task_loss(x, Batch(x, torch.tensor([0, 1, 2, 0])), 0.1),
        lambda x: soft_loss(x, normal(4, 3, seed=3), 3.0),
        lambda x: linear_cka(x, normal(4, 5, seed=3)),
        lambda x: soft_density([x], 2.0),
    ],
)
def test_a_gradient_is_that_of_differences(loss: object) -> None:
    assert torch.autograd.gradcheck(loss, normal(4, 3).requires_grad_())  # type: ignore[arg-type]
