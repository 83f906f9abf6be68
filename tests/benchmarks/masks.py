"""Global magnitude masks: ours against torch.nn.utils.prune.global_unstructured on the same weights."""

from typing import Any

import torch
from timing import side_by_side
from torch import nn
from torch.nn.utils import prune

from graftwork.kernels import masks

SHAPES = [(64, 3, 7, 7), *[(256, 256, 3, 3)] * 12, *[(512, 512, 3, 3)] * 2, (1000, 512)]
AMOUNT = 0.8


def main() -> None:
    """Time both on about 12 million weights, and check that the masks are equal."""
    draws = torch.Generator().manual_seed(0)
    weights = [torch.randn(shape, generator=draws) for shape in SHAPES]
    total = sum(weight.numel() for weight in weights)

    def ours() -> list[torch.Tensor]:
        scores = [weight.abs() for weight in weights]
        found = masks.cuts(lambda: iter(scores), masks.removed_count(AMOUNT, total))
        return [masks.keep(score, cut) for score, cut in zip(scores, found, strict=True)]

    def library() -> list[torch.Tensor]:
        layers: list[Any] = [nn.Linear(1, 1) for _ in weights]
        for layer, weight in zip(layers, weights, strict=True):
            layer.weight = nn.Parameter(weight)
        prune.global_unstructured([(layer, "weight") for layer in layers], prune.L1Unstructured, amount=AMOUNT)
        return [layer.weight_mask.bool() for layer in layers]

    same = all(torch.equal(a, b) for a, b in zip(ours(), library(), strict=True))
    print(f"{total:,} weights, {AMOUNT:.0%} removed; masks equal: {same}")
    side_by_side({"torch.nn.utils.prune": library, "graftwork": ours}, runs=5)


if __name__ == "__main__":
    main()
