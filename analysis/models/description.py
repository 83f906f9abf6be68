"""What a checkpoint is, as JSON values."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import nn

from ..identity import Contents, look
from .architecture import Architecture, TensorSpec
from .card import read_card
from .checkpoint import Checkpoint
from .encodings import KINDS
from .macs import macs
from .preparation import guess_preparation
from .reading import open_checkpoint
from .statistics import Statistics
from .statistics import statistics as statistics_of


def describe(
    path: Path, statistics: bool | None = None, weights: str | None = None, activation: str | None = None
) -> dict[str, Any]:
    """Return what a checkpoint holds and which network it is, as JSON values.

    Parameters
    ----------
    path : Path
        A file, an index or a folder.
    statistics : bool or None
        Whether all values are read: sparsity, the share of exact zeros in [0, 1] among the weights that pruning counts,
        how many are not finite, and each tensor's `Statistics`. None reads them without listing the tensors, of
        checkpoints up to 1 GiB. Where nothing is read, the content identity of a larger one is None until it is known.
    weights, activation : str or None
        As of `open_checkpoint`.

    Raises
    ------
    UserError
        If there is no checkpoint that can be opened.
    """
    return describe_checkpoint(open_checkpoint(path, weights, activation=activation), statistics)


def describe_checkpoint(checkpoint: Checkpoint, statistics: bool | None = None) -> dict[str, Any]:
    """Return `describe` of a checkpoint that is open."""
    path = checkpoint.path
    size = sum(file.stat().st_size for file in checkpoint.files)
    read = size <= _READ_AT_ONCE if statistics is None else statistics
    values = {name: statistics_of(checkpoint.tensor(name)) for name in checkpoint.specs} if read else {}
    return {
        "path": str(path),
        "format": checkpoint.format,
        "files": len(checkpoint.files),
        "bytes": size,
        "modified": _newest(checkpoint.files),
        "content": _content(path, bool(statistics)),
        "tensors": len(checkpoint.specs),
        "parameters": parameter_count(checkpoint),
        "prunable": prunable_count(checkpoint),
        "tied": dict(checkpoint.ties),
        **{kind: checkpoint.metadata.get(kind, []) for kind in KINDS},
        "dtypes": _dtypes(checkpoint),
        "sparsity": _sparsity(checkpoint, values) if values else None,
        "not_finite": sum(value.not_finite for value in values.values()) if values else None,
        "norm": _norm(checkpoint, values) if values else None,
        "written_by": _writers(checkpoint.metadata),
        **_network(checkpoint),
        "preparation": _preparation(checkpoint),
        "card": read_card(checkpoint.files[0].parent / "README.md"),
        "metadata": _readable(checkpoint.metadata),
        "layers": [
            _layer(name, spec) | (asdict(values[name]) if statistics else {}) for name, spec in checkpoint.specs.items()
        ],
    }


def _readable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata without what this program keeps for itself alone: hashes of samples."""
    own = metadata.get("graftwork")
    if not isinstance(own, Mapping):
        return dict(metadata)
    return {**metadata, "graftwork": {key: value for key, value in own.items() if key != "learnt"}}


_READ_AT_ONCE = 1 << 30  # bytes


def _content(path: Path, read: bool) -> str | None:
    """Return the content identity; None where a large checkpoint has to be read for it first."""
    contents, sight = Contents.kept(), look(path)
    return contents.seen(sight) if read or sight.size <= _READ_AT_ONCE else contents.known(sight)


def _preparation(checkpoint: Checkpoint) -> dict[str, Any] | None:
    architecture = checkpoint.architecture
    return guess_preparation(architecture, checkpoint.files[0].parent, checkpoint.stated) if architecture else None


def _newest(files: tuple[Path, ...]) -> str:
    """Return when the files were last written, in UTC, as ISO 8601."""
    latest = max(file.stat().st_mtime for file in files)
    return datetime.fromtimestamp(latest, UTC).isoformat(timespec="seconds")


def _writers(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of the libraries that wrote a checkpoint, as far as it says."""
    config = metadata.get("config")
    told = {**metadata, **(config if isinstance(config, Mapping) else {})}
    return {library: told[key] for key, library in _WRITERS.items() if isinstance(told.get(key), str)}


_WRITERS = {
    "torch_version": "torch",
    "transformers_version": "transformers",
    "_diffusers_version": "diffusers",
    "pytorch-lightning_version": "lightning",
}


def parameter_count(checkpoint: Checkpoint) -> int:
    """Return the number of trained values, without running statistics, masks and counters; tied ones count once."""
    return sum(checkpoint.specs[name].size for name in checkpoint.trained())


def prunable_count(checkpoint: Checkpoint) -> int:
    """Return the number of values that pruning counts: those of weights, without biases, norms and embeddings."""
    return sum(weight.size for weight in checkpoint.weights())


def _dtypes(checkpoint: Checkpoint) -> dict[str, int]:
    """Return the number of elements by dtype."""
    counts: dict[str, int] = {}
    for spec in checkpoint.specs.values():
        counts[_name(spec)] = counts.get(_name(spec), 0) + spec.size
    return counts


def _sparsity(checkpoint: Checkpoint, values: Mapping[str, Statistics]) -> float | None:
    zeros = sum(values[weight.name].zeros for weight in checkpoint.weights())
    total = prunable_count(checkpoint)
    return zeros / total if total else None


def _norm(checkpoint: Checkpoint, values: Mapping[str, Statistics]) -> dict[str, float]:
    """Return the length, the root mean square and the largest magnitude of all trained values that are finite."""
    counts = {name: checkpoint.specs[name].size - values[name].not_finite for name in checkpoint.trained()}
    squares, count = sum(counts[name] * values[name].rms ** 2 for name in counts), sum(counts.values())
    largest = max((values[name].largest for name in counts), default=0.0)
    return {"l2": squares**0.5, "rms": (squares / count) ** 0.5 if count else 0.0, "largest": largest}


def _network(checkpoint: Checkpoint) -> dict[str, Any]:
    architecture = checkpoint.architecture
    if architecture is None:
        return {"family": None, "reason": f"Not recognised: {checkpoint.reason}"}
    own = architecture.family == "own"  # its code may be of any kind, so it is not run to be described
    return {
        "family": architecture.family,
        "title": architecture.title,
        "depth": architecture.config["depth"],
        "classes": architecture.classes,
        "widths": list(architecture.config["widths"]),
        "inputs": architecture.inputs,
        "macs": None if own else _macs(checkpoint.skeleton(), architecture),
        "input_shape": list(architecture.input_shape),
        **({"found": list(checkpoint.found)} if checkpoint.found else {}),
        **({"assumed": list(checkpoint.assumed)} if checkpoint.assumed else {}),
    }


def _macs(skeleton: nn.Module, architecture: Architecture) -> int | None:
    """Return the multiply-accumulates; None where the network's code looks at values, which a skeleton has not."""
    try:
        return macs(skeleton, architecture.example(1))
    except RuntimeError:
        return None


def _layer(name: str, spec: TensorSpec) -> dict[str, Any]:
    return {"name": name, "shape": list(spec.shape), "dtype": _name(spec)}


def _name(spec: TensorSpec) -> str:
    return str(spec.dtype).removeprefix("torch.")
