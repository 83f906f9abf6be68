"""Masks: which units of many tensors to remove, given a score for each; tensors may be streamed from disk.

A unit is one element or one output channel. Scores are non-negative; small ones go first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

Blocks = Callable[[], Iterable[Tensor]]

# A non-negative float32 and its bits, read as an integer, have the same order. The upper half of the bits (sign,
# exponent and 7 bits of the mantissa) is a bucket number that grows with the score.
_BUCKETS = 1 << 15
_INFINITY = 0x7F80


@dataclass(frozen=True)
class Cut:
    """What goes from one tensor: every score below the threshold, and the first ``ties`` of those that equal it.

    ``removed`` counts both.
    """

    threshold: float
    ties: int
    removed: int


def removed_count(amount: float, size: int) -> int:
    """Return how many of ``size`` units a share removes; halves round to even, as in torch.nn.utils.prune."""
    return round(amount * size)


def cuts(scores: Blocks, count: int) -> list[Cut]:
    """Return one cut a block, so that together the ``count`` smallest scores of all blocks go.

    Ties are resolved in the blocks' order, so the count is exact. The blocks are read twice and never held together:
    the first reading finds the bucket of the threshold, the second sorts that bucket alone.

    Parameters
    ----------
    scores : callable
        Gives the blocks, tensors of any shape but one dtype, float32 or float64, in the same order at every call.
    count : int
        How many units go, at most as many as there are.

    Raises
    ------
    ValueError
        If a score is not a number or negative, or there are fewer than ``count``.
    """
    if count == 0:
        return [Cut(0.0, 0, 0) for _ in scores()]
    bucket = _bucket_of(scores, count)
    below, inside = _split(scores, bucket)
    rank = count - sum(below)
    threshold = torch.cat(inside).sort().values[rank - 1].item()
    return _share_ties(threshold, below, inside, count)


def keep(score: Tensor, cut: Cut) -> Tensor:
    """Return the mask of one tensor's units, True where they stay, of the score's shape."""
    mask = score >= cut.threshold
    if cut.ties:
        tied = (score == cut.threshold).flatten().nonzero().flatten()
        mask.view(-1)[tied[: cut.ties]] = False
    return mask


def keep_reference(scores: Sequence[Tensor], count: int) -> list[Tensor]:
    """Return all masks at once: sort every score in float64 and drop the first ``count``."""
    flat = torch.cat([score.flatten().double() for score in scores])
    mask = torch.ones(len(flat), dtype=torch.bool)
    mask[flat.argsort(stable=True)[:count]] = False
    parts = torch.split(mask, [score.numel() for score in scores])
    return [part.view(score.shape) for part, score in zip(parts, scores, strict=True)]


def channel_norms(weight: Tensor, order: int) -> Tensor:
    """Return the size of a typical weight in each output channel.

    That is the channel's norm over its number of weights: the mean magnitude for order 1, the root mean square for
    order 2. In a layer it orders channels as the plain norm does; between layers it does not favour wide ones.

    Parameters
    ----------
    weight : Tensor, shape (channels, …)
    order : int
        1 or 2.

    Source: Li et al. 2017, Pruning Filters for Efficient ConvNets, section 3.1 (the L1 norm within a layer).
    """
    rows = weight.flatten(1)
    return rows.abs().mean(1) if order == 1 else torch.linalg.vector_norm(rows, dim=1) / rows.shape[1] ** 0.5


def channel_norms_reference(weight: Tensor, order: int) -> Tensor:
    """Return `channel_norms` one channel at a time in float64."""
    return torch.stack([(row.double().abs() ** order).mean() ** (1 / order) for row in weight])


def erk_densities(shapes: Sequence[tuple[int, ...]], density: float) -> list[float]:
    """Return the share that each layer keeps under the Erdős-Rényi-kernel rule.

    A layer keeps ε · (sum of its sides) / (product of its sides), at most 1; ε makes the whole keep ``density``.

    Parameters
    ----------
    shapes : sequence of tuple
        Shape of each weight: (out, in) or (out, in, kernel …).
    density : float
        Share of all weights that stay, 0 to 1.

    Source: Evci et al. 2020, Rigging the Lottery, section 3 (ERK).
    """
    sizes = [_product(shape) for shape in shapes]
    rates = [sum(shape) / size for shape, size in zip(shapes, sizes, strict=True)]
    # Layers fill up in the order of their rates; after the first k are full, ε follows from what the rest must hold.
    order = sorted(range(len(shapes)), key=lambda i: -rates[i])
    target = density * sum(sizes)
    kept = [1.0] * len(shapes)
    for full in range(len(order)):
        rest = order[full:]
        epsilon = (target - sum(sizes[i] for i in order[:full])) / sum(rates[i] * sizes[i] for i in rest)
        if epsilon * rates[rest[0]] <= 1:
            for i in rest:
                kept[i] = epsilon * rates[i]
            break
    return kept


def erk_densities_reference(shapes: Sequence[tuple[int, ...]], density: float) -> list[float]:
    """Return `erk_densities` by bisection on ε."""
    sizes = [_product(shape) for shape in shapes]
    rates = [sum(shape) / size for shape, size in zip(shapes, sizes, strict=True)]
    low, high = 0.0, 1 / min(rates)
    for _ in range(200):
        epsilon = (low + high) / 2
        held = sum(size * min(1.0, epsilon * rate) for size, rate in zip(sizes, rates, strict=True))
        low, high = (epsilon, high) if held < density * sum(sizes) else (low, epsilon)
    return [min(1.0, high * rate) for rate in rates]


def _bucket_of(scores: Blocks, rank: int) -> int:
    totals = torch.zeros(_BUCKETS, dtype=torch.int64)
    for score in scores():
        buckets = _buckets(score)
        if buckets.numel() and buckets.min() < 0:
            raise ValueError("scores must not be negative")
        totals += torch.bincount(buckets, minlength=_BUCKETS).cpu()
    if totals[_INFINITY + 1 :].any():
        raise ValueError("scores must be numbers")
    if rank > int(totals.sum()):
        raise ValueError(f"cannot remove {rank} of {int(totals.sum())} units")
    return int(torch.searchsorted(totals.cumsum(0), rank))


def _split(scores: Blocks, bucket: int) -> tuple[list[int], list[Tensor]]:
    below, inside = [], []
    for score in scores():
        buckets = _buckets(score)
        below.append(int((buckets < bucket).sum()))
        inside.append(score.flatten()[buckets == bucket])
    return below, inside


def _share_ties(threshold: float, below: list[int], inside: list[Tensor], count: int) -> list[Cut]:
    smaller = [n + int((part < threshold).sum()) for n, part in zip(below, inside, strict=True)]
    tied = [int((part == threshold).sum()) for part in inside]
    left = count - sum(smaller)
    seen = [0]
    for ties in tied:
        seen.append(seen[-1] + ties)
    taken = [min(end, left) - min(start, left) for start, end in pairwise(seen)]
    return [Cut(threshold, ties, n + ties) for n, ties in zip(smaller, taken, strict=True)]


def _buckets(score: Tensor) -> Tensor:
    # Rounding float64 to float32 keeps the order, and ties inside a bucket are resolved in float64 again.
    # Adding zero turns -0 into 0, whose sign bit would make it the smallest integer.
    return (score.flatten().float() + 0.0).view(torch.int32).bitwise_right_shift_(16)


def _product(shape: tuple[int, ...]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size
