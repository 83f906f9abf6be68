"""What the program tells of the demo's networks, and what a reference needs to compute it anew."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graftwork.analysis.columns import read_column
from graftwork.analysis.trials import Trial, TrialResult
from graftwork.analysis.workspace import Workspace

from ..executing import carry_out
from .recipes import RECIPES

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

ASSETS = Path(__file__).resolve().parents[2] / "assets"
OTHER = "resnet8"
"""The model that is compared with."""
SEED = 0
SAMPLES, SOME = 120, 8  # in all; for what runs the network itself
MEAN, DEVIATION = 0.3054, 0.3763  # of the demo's digits


@dataclass(frozen=True)
class Material:
    """What was measured of the first model, and what went into it.

    Attributes
    ----------
    weighted : bool
        Whether the samples were weighted.
    results : dict of str to TrialResult
        By model.
    trial : Trial
        The first model's.
    arrays : Path
        Where the workspace keeps columns.
    folder : Path
        Where the data lie.
    weights : array, shape (samples,)
        What samples weigh; 1 where all count alike.
    """

    weighted: bool
    results: Mapping[str, TrialResult]
    trial: Trial
    arrays: Path
    folder: Path
    weights: Floats

    @property
    def model(self) -> str:
        """The first model's name."""
        return self.trial.model.name

    @property
    def file(self) -> Path:
        """The first model's checkpoint."""
        assert self.trial.model.kind == "source"
        return Path(self.trial.model.path)

    def told(self, measure: str) -> dict[str, float]:
        """Return what a measure tells, by full name."""
        measures = [spec.measure for spec in self.trial.measures]
        values = self.results[self.model].values
        return {value.measure: value.value for value in values if _giver(value.measure, measures) == measure}

    def column(self, name: str, model: str = "") -> NDArray[Any]:
        """Return what the workspace keeps of every sample; numbers as float64."""
        values = read_column(self.arrays / self.results[model or self.model].columns[name], name)
        return values.astype(np.float64) if values.dtype.kind == "f" else values

    @property
    def logits(self) -> Floats:
        """Scores, (samples, classes)."""
        return self.column("logits")

    @property
    def other(self) -> Floats:
        """Scores of the model that is compared with."""
        return self.column("logits", OTHER)

    @property
    def labels(self) -> NDArray[np.int64]:
        """True classes, (samples,)."""
        return self.column("label")

    def images(self, name: str = "digits") -> "Tensor":
        """Return what the network sees, (samples, 1, height, width) float64."""
        import torch

        with np.load(self.folder / f"{name}.npz") as file:
            return torch.from_numpy((file["images"][:, None] / 255 - MEAN) / DEVIATION)

    @property
    def places(self) -> NDArray[np.int64]:
        """Return which samples a measure takes that runs the network on some: spread evenly over those that count."""
        counted = np.flatnonzero(self.weights)
        return np.asarray(counted[np.linspace(0, len(counted) - 1, SOME).astype(int)])

    def tensors(self) -> "dict[str, Tensor]":
        """Return the first model's tensors, float64."""
        return tensors_of(self.file)


def tensors_of(file: Path) -> "dict[str, Tensor]":
    """Return a checkpoint's tensors, float64."""
    from safetensors.torch import load_file

    return {name: tensor.double() for name, tensor in load_file(file).items()}


def measured(kind: str, what: list[str], weighted: bool, folder: Path) -> Material:
    """Measure on one kind of samples, and return what came of it."""
    folder.mkdir()
    weights = _written(kind, folder)
    recipe = RECIPES[kind].format(
        assets=ASSETS, what=json.dumps(what), weight='weight = "importance"' if weighted else ""
    )
    with Workspace.create(folder / "w.graft") as space:
        found = carry_out(space, recipe, folder)
        trials = [record.spec for record in space.trials()]
        arrays = space.arrays
    results = {trial.model.name: result for trial, result in zip(trials, found, strict=True)}
    own = next(trial for trial in trials if trial.model.name != OTHER)
    return Material(weighted, results, own, arrays, folder, weights if weighted else np.ones(len(weights)))


def _written(kind: str, folder: Path) -> Floats:
    """Write the samples with their weights, some of which are 0, and return these."""
    if kind == "text":
        return _write_lines(folder)
    from sklearn.datasets import load_digits

    digits, rng = load_digits(), np.random.default_rng(SEED)
    count = SAMPLES if kind == "digits" else 2 * SOME
    pixels, labels = np.rint(digits.images[:count] * 255 / 16).astype(np.uint8), digits.target[:count]
    if kind == "pictures":
        pixels = np.kron(pixels, np.ones((1, 4, 4), np.uint8))
    weights, parts = rng.integers(0, 5, count), np.array(["a", "b", "c"])[rng.integers(0, 3, count) * (labels > 2)]
    np.savez(folder / f"{kind}.npz", images=pixels, labels=labels, importance=weights, part=parts)
    return weights.astype(np.float64)


def _write_lines(folder: Path) -> Floats:
    texts = [line for line in (ASSETS / "language" / "held-out.txt").read_text("utf-8").splitlines() if line.strip()]
    weights = np.arange(SOME) % 4
    lines = ({"text": text, "importance": int(w)} for text, w in zip(texts[:SOME], weights, strict=True))
    (folder / "text.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    return weights.astype(np.float64)


def _giver(value: str, measures: list[str]) -> str:
    return max((m for m in measures if f"{value}.".startswith(f"{m}.")), key=len)
