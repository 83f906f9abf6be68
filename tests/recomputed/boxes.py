"""What interval bounds certify, with boxes as centre and radius in plain float64."""

from typing import TYPE_CHECKING

import numpy as np

from .material import Material
from .plain import Tensors, around, blocks, convolved, normalised, scores
from .rows import Numbers, reference

if TYPE_CHECKING:
    from torch import Tensor


@reference("robustness.bounds", "boxes as centre and radius, slopes by autograd, in plain float64", tolerance=1e-5)
def bounds(material: Material) -> Numbers:
    """Return what interval bounds certify, and how tight they are."""
    import torch

    tensors, places, radius = material.tensors(), material.places, 0.001
    images, labels = material.images()[places].requires_grad_(), material.labels[places]
    own = scores(tensors, images)[range(len(places)), labels]
    slopes = torch.autograd.grad(own.sum(), images)[0].abs().sum((1, 2, 3)).numpy()
    centre, reach = (part.detach().numpy() for part in _box(tensors, images.detach(), radius))
    tightness = np.log10(radius * slopes / reach[range(len(places)), labels])
    certified = [
        all(c[y] - r[y] > c[j] + r[j] for j in range(10) if j != y)
        for c, r, y in zip(centre, reach, labels, strict=True)
    ]
    weights = material.weights[places]
    return {
        "robustness.bounds.tightness": float(np.average(tightness, weights=weights)),
        "robustness.bounds.accuracy": float(np.average(certified, weights=weights)),
    }


def _box(tensors: Tensors, x: "Tensor", radius: float) -> tuple["Tensor", "Tensor"]:
    """Return centre and radius of the logits' bounds."""
    import torch

    sizes = {name: tensor.abs() if name.endswith("weight") else tensor for name, tensor in tensors.items()}

    def layer(place: str, number: str, centre: "Tensor", reach: "Tensor", stride: int) -> tuple["Tensor", "Tensor"]:
        inner, outer = f"{place}conv{number}", f"{place}bn{number}"
        scale = (sizes[f"{outer}.weight"] / (tensors[f"{outer}.running_var"] + 1e-5).sqrt()).view(1, -1, 1, 1)
        return (
            normalised(tensors, outer, convolved(tensors, inner, centre, stride)),
            convolved(sizes, inner, reach, stride) * scale,
        )

    box = _rectified(*layer("", "1", x, torch.full_like(x, radius), 1))
    for block, stride in blocks(tensors):
        inside = _rectified(*layer(f"{block}.", "1", *box, stride))
        inside = layer(f"{block}.", "2", *inside, 1)
        box = _rectified(*(y + around(own, y.shape[1], stride) for y, own in zip(inside, box, strict=True)))
    centre, reach = (part.mean((2, 3)) for part in box)
    head = tensors["linear.weight"]
    return centre @ head.T + tensors["linear.bias"], reach @ head.abs().T


def _rectified(centre: "Tensor", reach: "Tensor") -> tuple["Tensor", "Tensor"]:
    low, high = (centre - reach).relu(), (centre + reach).relu()
    return (low + high) / 2, (high - low) / 2
