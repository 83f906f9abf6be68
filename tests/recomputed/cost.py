"""What networks cost on paper, by the tensors of the file."""

import numpy as np

from .material import Material
from .plain import blocks, order
from .rows import Numbers, reference


@reference(
    "cost.nominal",
    "numpy over the file's tensors; multiply-accumulates by hand",
    apart={"cost.nominal.activations": "a peak over a run, counted by hand in tests/analysis/models"},
)
def nominal(material: Material) -> Numbers:
    """Return counts of the file's tensors, and the products of one pass."""
    from safetensors.numpy import load_file

    held = load_file(material.file)
    trained = [held[name] for name in order(material.tensors())]
    sides = [8, *(8 >> (int(block[5]) - 1) for block, _ in blocks(material.tensors()) for _ in range(2))]
    convolutions = [held[name] for name in order(material.tensors()) if "conv" in name]
    products = sum(kernel.size * side**2 for kernel, side in zip(convolutions, sides, strict=True))
    return {
        "cost.nominal.parameters": sum(tensor.size for tensor in trained),
        "cost.nominal.nonzeros": sum(np.count_nonzero(tensor) for tensor in trained),
        "cost.nominal.macs": products + held["linear.weight"].size,
        "cost.nominal.bytes": sum(tensor.nbytes for tensor in held.values()),
    }


@reference("cost.training", "no training by the program stands in the file's metadata")
def training(material: Material) -> Numbers:
    """Return the seconds that the file says."""
    return {"cost.training": 0.0}
