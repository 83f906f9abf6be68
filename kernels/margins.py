"""Angle, norm and margin of features at a linear head.

Decision geometry as in "Understanding Robustness Lottery" (Li et al. 2022): a feature x of class y lies at an angle to
the class direction w_y, has a norm, and a distance to the nearest boundary of its class.
"""

from typing import NamedTuple

import torch
from torch import Tensor

_CHUNK_ELEMENTS = 1 << 24


class Margins(NamedTuple):
    """One entry a sample.

    ``angle`` in degrees; ``norm``; ``margin``, negative exactly where the sample is misclassified; ``rival``, the class
    at the nearest boundary.
    """

    angle: Tensor
    norm: Tensor
    margin: Tensor
    rival: Tensor


def margins(features: Tensor, labels: Tensor, weight: Tensor, bias: Tensor | None) -> Margins:
    """Return m = min over j ≠ y of ((w_y − w_j)·x + b_y − b_j) / ‖w_y − w_j‖, with its rival, and angle and norm.

    Parameters
    ----------
    features : Tensor, (samples, width)
        Inputs of the head.
    labels : Tensor of int64, (samples,)
        True classes.
    weight : Tensor, (classes, width)
        Class directions.
    bias : Tensor, (classes,), or None
        Class biases.

    Returns
    -------
    Margins
        Each (samples,), float32 (rival: int64). Classes with equal directions have no boundary between them and are
        no rivals.
    """
    weight64 = weight.double()
    bias64 = torch.zeros(len(weight), dtype=torch.float64, device=weight.device) if bias is None else bias.double()
    distance = torch.cdist(weight64, weight64, compute_mode="donot_use_mm_for_euclid_dist")
    distance = torch.where(distance > 0, distance, torch.inf)
    rows = max(1, _CHUNK_ELEMENTS // max(weight.shape))
    chunks = zip(torch.split(features, rows), torch.split(labels, rows), strict=True)
    parts = [_chunk(x, y, weight64, bias64, distance) for x, y in chunks]
    return Margins(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _chunk(features: Tensor, labels: Tensor, weight: Tensor, bias: Tensor, distance: Tensor) -> Margins:
    x = features.double()
    logits = torch.addmm(bias, x, weight.T)
    own = logits.gather(1, labels[:, None])
    gaps = (own - logits) / distance[labels]
    gaps.scatter_(1, labels[:, None], torch.inf)
    # An infinite distance makes 0, which is no boundary.
    gaps.masked_fill_(torch.isinf(distance[labels]), torch.inf)
    margin, rival = gaps.min(1)
    norm = x.norm(dim=1)
    directions = weight[labels]
    cosine = (x * directions).sum(1) / (norm * directions.norm(dim=1)).clamp_min(1e-300)
    angle = torch.rad2deg(torch.acos(cosine.clamp(-1, 1)))
    return Margins(angle.float(), norm.float(), margin.float(), rival)


def margins_reference(features: Tensor, labels: Tensor, weight: Tensor, bias: Tensor | None) -> Margins:
    """Return `margins`, one sample and one class after another, in float64."""
    rows = []
    for x, y in zip(features.double(), labels.tolist(), strict=True):
        w, b = weight.double(), torch.zeros(len(weight), dtype=torch.float64) if bias is None else bias.double()
        found = [
            (float(((w[y] - w[j]) @ x + b[y] - b[j]) / (w[y] - w[j]).norm()), j)
            for j in range(len(w))
            if j != y and not torch.equal(w[y], w[j])
        ]
        margin, rival = min(found)
        cosine = float(w[y] @ x / (w[y].norm() * x.norm()))
        rows.append((torch.rad2deg(torch.acos(torch.tensor(cosine))).item(), x.norm().item(), margin, rival))
    columns = list(zip(*rows, strict=True))
    return Margins(*(torch.tensor(column) for column in columns))
