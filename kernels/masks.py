"""Masks: which weights stay when the rest is set to zero."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

Scope = Literal["global", "layer", "erk"]


def removals(shapes: Mapping[str, Sequence[int]], amount: float, scope: Scope) -> dict[str, int] | int:
    """Return how many units each tensor loses, or all together where the scope is global.

    Parameters
    ----------
    shapes : mapping
        Shape of every tensor of units, by name.
    amount : float
        Share removed, in [0, 1]; counts are rounded to the nearest, halves to even.
    scope : str
        ``global``: one count over all; ``layer``: the same share in each; ``erk``: densities as `erk_densities`.
    """
    sizes = {name: torch.Size(shape).numel() for name, shape in shapes.items()}
    if scope == "global":
        return round(amount * sum(sizes.values()))
    if scope == "layer":
        return {name: round(amount * size) for name, size in sizes.items()}
    densities = erk_densities(shapes, 1 - amount)
    return {name: round((1 - densities[name]) * size) for name, size in sizes.items()}


def erk_densities(shapes: Mapping[str, Sequence[int]], density: float) -> dict[str, float]:
    """Return Erdős–Rényi-kernel densities whose weighted mean is ``density``.

    A tensor's density is proportional to the sum of its sides over their product (Evci et al. 2020, "Rigging the
    Lottery", section 3), and no more than 1: tensors that would pass it stay whole and the others share the rest.
    """
    sizes = {name: torch.Size(shape).numel() for name, shape in shapes.items()}
    raw = {name: sum(shape) / sizes[name] for name, shape in shapes.items()}
    budget = density * sum(sizes.values())
    whole: set[str] = set()
    while True:
        open_names = [name for name in shapes if name not in whole]
        left = budget - sum(sizes[name] for name in whole)
        scale = max(left, 0.0) / max(sum(raw[name] * sizes[name] for name in open_names), 1e-300)
        passed = {name for name in open_names if scale * raw[name] > 1}
        if not passed:
            return {name: 1.0 if name in whole else scale * raw[name] for name in shapes}
        whole |= passed


def lowest(scores: Tensor, count: int) -> Tensor:
    """Return a mask of the shape of ``scores`` that is false at its ``count`` lowest entries.

    Ties are broken as `torch.topk` breaks them, which is what ``torch.nn.utils.prune`` uses.
    """
    mask = torch.ones(scores.numel(), dtype=torch.bool, device=scores.device)
    if count:
        mask[torch.topk(scores.reshape(-1), count, largest=False).indices] = False
    return mask.view(scores.shape)


def masks(scores: Mapping[str, Tensor], amount: float, scope: Scope) -> dict[str, Tensor]:
    """Return a mask for every tensor of scores; the units of lowest score are removed.

    Parameters
    ----------
    scores : mapping of str to Tensor
        One score a unit, of any shape; all of one dtype where the scope is global.
    amount : float
        Share of all units removed, in [0, 1].
    scope : str
        See `removals`.

    Returns
    -------
    dict of str to Tensor of bool
        True where a unit stays.
    """
    counts = removals({name: score.shape for name, score in scores.items()}, amount, scope)
    if isinstance(counts, dict):
        return {name: lowest(score, counts[name]) for name, score in scores.items()}
    if not scores:
        return {}
    together = lowest(torch.cat([score.reshape(-1) for score in scores.values()]), counts)
    parts = torch.split(together, [score.numel() for score in scores.values()])
    return {name: part.view(score.shape) for part, (name, score) in zip(parts, scores.items(), strict=True)}


def masks_reference(scores: Mapping[str, Tensor], amount: float, scope: Scope) -> dict[str, Tensor]:
    """Return `masks` by sorting in float64, one unit after another; ties go to the earlier unit."""
    counts = removals({name: score.shape for name, score in scores.items()}, amount, scope)
    keep = {name: torch.ones(score.shape, dtype=torch.bool) for name, score in scores.items()}
    units = [
        (float(value), name, index)
        for name, score in scores.items()
        for index, value in enumerate(score.double().reshape(-1).tolist())
    ]
    groups = {name: {name} for name in scores} if isinstance(counts, dict) else {"": set(scores)}
    for name, members in groups.items():
        count = counts[name] if isinstance(counts, dict) else counts
        own = sorted((unit for unit in units if unit[1] in members), key=lambda unit: unit[0])
        for _, owner, index in own[:count]:
            keep[owner].view(-1)[index] = False
    return keep


def channel_norms(weight: Tensor, power: float = 2.0) -> Tensor:
    """Return the ``power``-norm of every output channel: (out, …) to (out,)."""
    norms: Tensor = torch.linalg.vector_norm(weight.flatten(1), power, dim=1)
    return norms
