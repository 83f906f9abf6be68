"""What is measured of pictures large enough to be spoilt, and of text."""

import json
from itertools import product
from pathlib import Path
from zlib import crc32

import numpy as np
from scipy.special import log_softmax

from graftwork.kernels.corruptions import corrupt

from .material import DEVIATION, MEAN, SEED, Material, tensors_of
from .plain import scores
from .rows import Numbers, reference

NAMES, SEVERITIES = ("gaussian_noise", "contrast", "brightness"), (1, 5)
ID = "robustness.corruptions"


@reference(ID, "the network in plain float64 on the same spoilt pictures; counted by numpy", material="pictures")
def corruptions(material: Material) -> Numbers:
    """Return accuracies, errors and their correlation under corruptions."""
    weights, clean = material.weights, material.logits.argmax(1) == material.labels
    files = {"own": material.file, "other": material.file.with_name("digits-resnet8.safetensors")}
    right = {name: _right(material, file) for name, file in files.items()}
    own, whole = right["own"], weights.sum()
    levels = {
        f"accuracy.{name}.{severity}": np.average(own[:, place, level], weights=weights)
        for (place, name), (level, severity) in product(enumerate(NAMES), enumerate(SEVERITIES))
    }
    means = {f"accuracy.{name}": np.average(own[:, place].mean(1), weights=weights) for place, name in enumerate(NAMES)}
    accuracy = float(np.mean(list(means.values())))
    errors = {name: (weights @ (~found).sum(2)) / whole for name, found in right.items()}
    told = {
        "accuracy": accuracy,
        "error": 1 - accuracy,
        "drop": np.average(clean, weights=weights) - accuracy,
        "mce": float((errors["own"] / errors["other"]).mean()),
    }
    return {f"{ID}.{name}": value for name, value in {**levels, **means, **told, **_redundancy(own, weights)}.items()}


def _right(material: Material, file: Path) -> np.ndarray:
    """Return whether a network is right, (samples, corruptions, severities)."""
    import torch

    tensors = tensors_of(file)
    with np.load(material.folder / "pictures.npz") as held:
        pixels = torch.from_numpy(held["images"])[:, None]
    found = np.empty((len(pixels), len(NAMES), len(SEVERITIES)), bool)
    for (place, name), (level, severity) in product(enumerate(NAMES), enumerate(SEVERITIES)):
        numbers = torch.arange(len(pixels)) + ((crc32(f"{SEED} {name}".encode()) >> 1) << 32)
        spoilt = corrupt(pixels, name, severity, numbers).double() / 255
        found[:, place, level] = scores(tensors, (spoilt - MEAN) / DEVIATION).argmax(1).numpy() == material.labels
    return found


def _redundancy(own: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    covariance = np.cov((~own).mean(2).T, aweights=weights)
    correlation = covariance / np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()))
    np.fill_diagonal(correlation, np.nan)
    highest = {f"redundancy.{name}": float(np.nanmax(row)) for name, row in zip(NAMES, correlation, strict=True)}
    return highest | {"redundancy": float(np.nanmean(correlation))}


@reference("loss.next_token", "the network in float64, a token at a time by numpy", tolerance=1e-5, material="text")
def next_token(material: Material) -> Numbers:
    """Return the loss a token over all that follow another."""
    import torch

    from graftwork.analysis.models import open_checkpoint

    lines = (material.folder / "text.jsonl").read_text("utf-8").splitlines()
    characters = json.loads((material.file.parent / "characters.json").read_text("utf-8"))
    network, total, tokens = open_checkpoint(material.file).network().double(), 0.0, 0.0
    for line, weight in zip(lines, material.weights, strict=True):
        places = [characters.index(character) for character in json.loads(line)["text"][:40]]
        with torch.inference_mode():
            told = log_softmax(network(torch.tensor([places])).numpy()[0], axis=1)
        total -= weight * sum(told[place, token] for place, token in enumerate(places[1:]))
        tokens += weight * (len(places) - 1)
    return {"loss.next_token": total / tokens, "loss.next_token.perplexity": float(np.exp(total / tokens))}
