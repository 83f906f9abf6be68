"""Where samples lie relative to a linear classifier: angle, norm and margin."""

from typing import NamedTuple

import torch
from torch import Tensor


class Margins(NamedTuple):
    """One value a sample, each of shape (samples,).

    Attributes
    ----------
    angle : Tensor
        Angle between the feature and its own class direction, degrees; nan where one of both is zero.
    norm : Tensor
        Length of the feature.
    margin : Tensor
        Signed distance to the nearest boundary of the own class, negative where some other class wins; infinite beside
        classes that differ by their bias alone, and nan if no class differs at all.
    rival : Tensor
        The class beyond that boundary, int64; −1 if there is none.
    """

    angle: Tensor
    norm: Tensor
    margin: Tensor
    rival: Tensor


def margins(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    labels: Tensor,
    logits: Tensor | None = None,
    chunk: int = 16384,
) -> Margins:
    """Return angle, norm, margin and rival class of every sample.

    The margin is m = min over j ≠ y of ((w_y − w_j)·x + b_y − b_j) / ‖w_y − w_j‖. Its numerator is a difference of
    two logits, so its sign is that of the prediction exactly.

    Parameters
    ----------
    features : Tensor, shape (samples, width)
        Inputs of the classifier.
    weight : Tensor, shape (classes, width)
    bias : Tensor, shape (classes,)
    labels : Tensor of int64, shape (samples,)
        True classes.
    logits : Tensor, shape (samples, classes), optional
        What the network said; without it, features · weightᵀ + bias.
    chunk : int
        How many samples are held at a time.

    Raises
    ------
    ValueError
        If there are fewer than two classes.

    Source: Xia et al. 2023, Understanding Robustness Lottery; Elsayed et al. 2018, Large Margin Deep Networks, eq. 3.
    """
    if len(weight) < 2:
        raise ValueError("a margin needs at least two classes")
    between = torch.cdist(weight, weight, compute_mode="donot_use_mm_for_euclid_dist")
    directions = torch.nn.functional.normalize(weight, dim=1)
    parts = []
    for start in range(0, len(features), chunk):
        part = slice(start, start + chunk)
        x, y = features[part], labels[part]
        scores = torch.addmm(bias, x, weight.T) if logits is None else logits[part]
        norm = torch.linalg.vector_norm(x, dim=1)
        parts.append(Margins(_angles(x, norm, directions[y]), norm, *_nearest(scores, y, between)))
    if not parts:
        empty = features.new_empty(0)
        return Margins(empty, empty, empty, labels.new_empty(0))
    return Margins(*(torch.cat(column) for column in zip(*parts, strict=True)))


def margins_reference(features: Tensor, weight: Tensor, bias: Tensor, labels: Tensor) -> Margins:
    """Return `margins` one sample and one rival at a time, in float64."""
    weight, bias = weight.double(), bias.double()
    rows = []
    for x, y in zip(features.double(), labels.tolist(), strict=True):
        cosine = x @ weight[y] / (x.norm() * weight[y].norm())
        distances = [
            float(((weight[y] - weight[j]) @ x + bias[y] - bias[j]) / (weight[y] - weight[j]).norm())
            if j != y
            else float("inf")
            for j in range(len(weight))
        ]
        margin = min(distances)
        rows.append((torch.rad2deg(cosine.clamp(-1, 1).arccos()), x.norm(), margin, distances.index(margin)))
    angle, norm, margin_, rival = zip(*rows, strict=True)
    return Margins(torch.stack(angle), torch.stack(norm), torch.tensor(margin_).double(), torch.tensor(rival))


def _angles(x: Tensor, norm: Tensor, directions: Tensor) -> Tensor:
    # Kahan's form: the arc cosine would lose half of the digits where the angle is small.
    tiny = torch.finfo(x.dtype).tiny
    unit = x / norm.clamp_min(tiny).unsqueeze(1)
    apart = torch.linalg.vector_norm(unit - directions, dim=1)
    along = torch.linalg.vector_norm(unit + directions, dim=1)
    directed = (norm > 0) & directions.any(dim=1)
    return torch.rad2deg(2 * torch.atan2(apart, along)).where(directed, torch.nan)


def _nearest(scores: Tensor, labels: Tensor, between: Tensor) -> tuple[Tensor, Tensor]:
    gaps = scores.gather(1, labels.unsqueeze(1)) - scores
    lengths = between[labels]
    # A class is no rival of itself, nor of its exact twin: both give 0 / 0.
    itself = (gaps == 0) & (lengths == 0)
    margin, rival = (gaps / lengths).masked_fill_(itself, torch.inf).min(1)
    alone = itself.all(1)
    return margin.masked_fill(alone, torch.nan), rival.masked_fill(alone, -1)
