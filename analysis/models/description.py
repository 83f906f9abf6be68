"""What a checkpoint is, as JSON values."""

from pathlib import Path
from typing import Any

from ..identity import fingerprint
from .architecture import Architecture, TensorSpec
from .checkpoint import Checkpoint
from .families import unrecognised
from .reading import open_checkpoint


def describe(path: Path) -> dict[str, Any]:
    """Return what a checkpoint holds and which network it is, as JSON values.

    Sparsity is the share of exact zeros, in [0, 1], among the weights that pruning counts; None if it counts none.

    Raises
    ------
    UserError
        If the file is not a checkpoint that can be opened.
    """
    checkpoint = open_checkpoint(path)
    return {
        "path": str(path),
        "format": checkpoint.format,
        "bytes": path.stat().st_size,
        "content": fingerprint(path),
        "tensors": len(checkpoint.specs),
        "parameters": parameter_count(checkpoint),
        "dtypes": _dtypes(checkpoint),
        "sparsity": _sparsity(checkpoint),
        **_network(checkpoint.architecture),
        "metadata": dict(checkpoint.metadata),
        "layers": [_layer(name, spec) for name, spec in checkpoint.specs.items()],
    }


def parameter_count(checkpoint: Checkpoint) -> int:
    """Return the number of trained values, without running statistics and counters."""
    return sum(spec.size for name, spec in checkpoint.specs.items() if _trained(name, spec))


def _trained(name: str, spec: TensorSpec) -> bool:
    """Tell parameters from the running statistics of batch norm and from counters."""
    return spec.dtype.is_floating_point and not name.endswith((".running_mean", ".running_var"))


def _dtypes(checkpoint: Checkpoint) -> dict[str, int]:
    """Return the number of elements by dtype."""
    counts: dict[str, int] = {}
    for spec in checkpoint.specs.values():
        counts[_name(spec)] = counts.get(_name(spec), 0) + spec.size
    return counts


def _sparsity(checkpoint: Checkpoint) -> float | None:
    names = checkpoint.weights()
    total = sum(checkpoint.specs[name].size for name in names)
    zeros = sum(int((checkpoint.tensor(name) == 0).sum()) for name in names)
    return zeros / total if total else None


def _network(architecture: Architecture | None) -> dict[str, Any]:
    if architecture is None:
        return {"family": None, "reason": f"Not recognised: {unrecognised()}"}
    return {
        "family": architecture.family,
        "title": architecture.title,
        "depth": architecture.config["depth"],
        "classes": architecture.classes,
        "widths": list(architecture.config["widths"]),
        "input_shape": list(architecture.input_shape),
    }


def _layer(name: str, spec: TensorSpec) -> dict[str, Any]:
    return {"name": name, "shape": list(spec.shape), "dtype": _name(spec)}


def _name(spec: TensorSpec) -> str:
    return str(spec.dtype).removeprefix("torch.")
