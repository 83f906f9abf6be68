"""Margins of 10,000 samples: ours against the direct formula, per sample and with all differences spelt out."""

import torch
from timing import side_by_side
from torch import Tensor

from graftwork.kernels.margins import margins, margins_reference

SAMPLES, WIDTH, CLASSES = 10_000, 512, 100


def spelt_out(features: Tensor, weight: Tensor, bias: Tensor, labels: Tensor) -> Tensor:
    """Return the margins from every difference of two class directions, in batches, as one would write it first."""
    parts = []
    for x, y in zip(features.split(256), labels.split(256), strict=True):
        differences = weight[y].unsqueeze(1) - weight
        gaps = torch.einsum("ncd,nd->nc", differences, x) + bias[y].unsqueeze(1) - bias
        ratio = gaps / differences.norm(dim=2)
        parts.append(ratio.scatter(1, y.unsqueeze(1), torch.inf).min(1).values)
    return torch.cat(parts)


def main() -> None:
    """Time them, and check that they agree."""
    draws = torch.Generator().manual_seed(0)
    arguments = (
        torch.randn(SAMPLES, WIDTH, generator=draws),
        torch.randn(CLASSES, WIDTH, generator=draws),
        torch.randn(CLASSES, generator=draws),
        torch.randint(CLASSES, (SAMPLES,), generator=draws),
    )
    gap = (margins(*arguments).margin - spelt_out(*arguments)).abs().max().item()
    print(f"{SAMPLES:,} samples, {WIDTH} features, {CLASSES} classes; largest difference {gap:.1e}")
    side_by_side({"all differences": lambda: spelt_out(*arguments), "graftwork": lambda: margins(*arguments)})
    few = (arguments[0][:200], *arguments[1:3], arguments[3][:200])
    print("200 samples of the same")
    side_by_side({"one by one": lambda: margins_reference(*few), "graftwork": lambda: margins(*few)}, runs=3)


if __name__ == "__main__":
    main()
