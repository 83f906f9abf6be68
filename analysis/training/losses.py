"""Losses, each a plain function of tensors."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .batches import Batch


def task_loss(logits: Tensor, batch: Batch, smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy of what the network is for, in nats.

    That is the labels of a classifier; of a language model, which gives logits at every token, the next token, where
    there is one.

    Parameters
    ----------
    logits : Tensor, shape (samples, classes) or (samples, tokens, vocabulary)
    batch : Batch
        What they are of.
    smoothing : float
        Share of each label that is spread over all classes.

    Source: Szegedy et al. 2016, Rethinking the Inception Architecture, section 7 (smoothing).
    """
    if logits.ndim == 2:
        return F.cross_entropy(wide(logits), batch.labels, label_smoothing=smoothing)
    ignored = -100 if batch.pad is None else batch.pad
    predicted = wide(logits[:, :-1].flatten(0, 1))
    return F.cross_entropy(predicted, _following(batch).flatten(), ignore_index=ignored, label_smoothing=smoothing)


def predictions(logits: Tensor, batch: Batch) -> int:
    """Return how many predictions `task_loss` is the mean of."""
    if logits.ndim == 2:
        return len(batch.labels)
    following = _following(batch)
    return following.numel() if batch.pad is None else int((following != batch.pad).sum())


def _following(batch: Batch) -> Tensor:
    """Return the token after each but the last, (samples, tokens − 1)."""
    return batch.inputs[:, 1:]


def soft_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Return T² · KL(teacher ‖ student), in nats, averaged over samples and tokens.

    Parameters
    ----------
    student, teacher : Tensor, shape (…, classes)
        Logits; both are divided by the temperature T before the softmax.
    temperature : float
        Above 1 it brings out the small probabilities; T² keeps the gradient's size.

    Source: Hinton et al. 2015, Distilling the Knowledge in a Neural Network, section 2.
    """
    logarithms = F.log_softmax(wide(student) / temperature, -1).flatten(0, -2)
    targets = F.log_softmax(wide(teacher) / temperature, -1).flatten(0, -2)
    return temperature**2 * F.kl_div(logarithms, targets, reduction="batchmean", log_target=True)


def linear_cka(x: Tensor, y: Tensor) -> Tensor:
    """Return the linear centred kernel alignment of two representations of the same samples, 0 to 1.

    Parameters
    ----------
    x, y : Tensor, shape (samples, …)
        Everything but the samples counts as features.

    Source: Kornblith et al. 2019, Similarity of Neural Network Representations Revisited, equations 3 and 4.
    """
    k, ell = _gram(x), _gram(y)
    similarity: Tensor = (k * ell).sum() / (k.norm() * ell.norm()).clamp(min=torch.finfo(k.dtype).tiny)
    return similarity


def soft_density(activations: Sequence[Tensor], sharpness: float) -> Tensor:
    """Return the mean over layers of the mean tanh(β |a|): a density with a gradient.

    Each goes to the share of activations that are not zero as the sharpness β grows.

    Source: Runwal et al. 2024, From PEFT to DEFT (a density loss with a smooth count).
    """
    return torch.stack([torch.tanh(sharpness * wide(values).abs()).mean() for values in activations]).mean()


def density(activations: Sequence[Tensor], threshold: float) -> list[float]:
    """Return for each layer the share of activations whose size is above the threshold."""
    return [float((values.abs() > threshold).float().mean()) for values in activations]


def _gram(values: Tensor) -> Tensor:
    flat = wide(values.flatten(1))
    flat = flat - flat.mean(0)
    return flat @ flat.T


def wide(values: Tensor) -> Tensor:
    """Return the values in float32 at least."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
