"""What networks say of samples, by scikit-learn and numpy."""

import numpy as np
from scipy.special import softmax
from sklearn import metrics

from .material import Material
from .rows import Numbers, reference

CLASSES = np.arange(10)


def by_class(material: Material, name: str, each: np.ndarray) -> Numbers:
    """Return the weighted mean of numbers, (samples,), over each class that has weight."""
    weights, labels = material.weights, material.labels
    there = [label for label in CLASSES if weights[labels == label].any()]
    own = {label: labels == label for label in there}
    return {f"{name}.class.{label}": np.average(each[own[label]], weights=weights[own[label]]) for label in there}


@reference("accuracy", "scikit-learn: accuracy_score, top_k_accuracy_score")
def accuracy(material: Material) -> Numbers:
    """Return the shares of samples that are right, and that are among the best five."""
    labels, logits, weights = material.labels, material.logits, material.weights
    told = {
        "accuracy": metrics.accuracy_score(labels, logits.argmax(1), sample_weight=weights),
        "accuracy.top5": metrics.top_k_accuracy_score(labels, logits, k=5, labels=CLASSES, sample_weight=weights),
    }
    return told | by_class(material, "accuracy", logits.argmax(1) == labels)


@reference("accuracy.topk", "scikit-learn: top_k_accuracy_score; ranks by sorting")
def topk(material: Material) -> Numbers:
    """Return the share among the best five, and the mean number of classes before the true one."""
    labels, logits, weights = material.labels, material.logits, material.weights
    ranks = np.array([sorted(-row).index(-row[label]) for row, label in zip(logits, labels, strict=True)])
    found = metrics.top_k_accuracy_score(labels, logits, k=5, labels=CLASSES, sample_weight=weights)
    told = {"accuracy.topk": found, "accuracy.topk.rank": np.average(ranks, weights=weights)}
    return told | by_class(material, "accuracy.topk", ranks < 5)


@reference("loss", "scikit-learn: log_loss")
def loss(material: Material) -> Numbers:
    """Return the mean cross-entropy."""
    probabilities = softmax(material.logits, axis=1)
    found = metrics.log_loss(material.labels, probabilities, sample_weight=material.weights, labels=CLASSES)
    return {"loss": found}


@reference("accuracy.confusion", "scikit-learn: balanced_accuracy_score, cohen_kappa_score, confusion_matrix")
def confusion(material: Material) -> Numbers:
    """Return balanced accuracy, kappa, and the share of every pair."""
    labels, given, weights = material.labels, material.logits.argmax(1), material.weights
    matrix = metrics.confusion_matrix(labels, given, labels=CLASSES, sample_weight=weights, normalize="all")
    pairs = {
        f"accuracy.confusion.pair.{row}>{column}": matrix[row, column]
        for row, column in np.argwhere(matrix)
        if row != column
    }
    return pairs | {
        "accuracy.confusion": metrics.zero_one_loss(labels, given, sample_weight=weights),
        "accuracy.confusion.balanced": metrics.balanced_accuracy_score(labels, given, sample_weight=weights),
        "accuracy.confusion.kappa": metrics.cohen_kappa_score(labels, given, sample_weight=weights),
    }


@reference("robustness.great", "numpy, a sample at a time")
def great(material: Material) -> Numbers:
    """Return the mean scaled margin of probabilities."""
    each = []
    for row, label in zip(softmax(material.logits, axis=1), material.labels, strict=True):
        each.append((np.pi / 2) ** 0.5 * max(row[label] - np.delete(row, label).max(), 0))
    return {"robustness.great": np.average(each, weights=material.weights)}


@reference("geometry.margins", "numpy, a sample and a rival at a time", tolerance=1e-4)
def margins(material: Material) -> Numbers:
    """Return mean angle, norm and margin by the head's own weights."""
    tensors, labels, weights = material.tensors(), material.labels, material.weights
    head, bias = tensors["linear.weight"].numpy(), tensors["linear.bias"].numpy()
    features = material.column("features")
    angle = [
        np.degrees(np.arccos(x @ head[y] / np.linalg.norm(x) / np.linalg.norm(head[y])))
        for x, y in zip(features, labels, strict=True)
    ]
    margin = np.array(
        [
            min(((head[y] - head[j]) @ x + bias[y] - bias[j]) / np.linalg.norm(head[y] - head[j]) for j in rivals)
            for x, y in zip(features, labels, strict=True)
            for rivals in [np.delete(CLASSES, y)]
        ]
    )
    name = "geometry.margins"
    return by_class(material, f"{name}.margin", margin) | {
        f"{name}.angle": np.average(angle, weights=weights),
        f"{name}.norm": np.average(np.linalg.norm(features, axis=1), weights=weights),
        f"{name}.margin": np.average(margin, weights=weights),
        f"{name}.negative": np.average(margin < 0, weights=weights),
    }
