"""Two models on the same samples, by numpy and scipy."""

from collections import defaultdict

import numpy as np
from scipy import stats

from .behaviour import by_class
from .material import Material
from .rows import Numbers, reference


@reference("compare.flips", "numpy; McNemar's test by scipy: binomtest")
def flips(material: Material) -> Numbers:
    """Return what changed sides."""
    labels, own, other = material.labels, material.logits.argmax(1), material.other.argmax(1)
    lost, gained, name = (other == labels) & (own != labels), (own == labels) & (other != labels), "compare.flips"
    told = {
        f"{name}.negative": lost,
        f"{name}.positive": gained,
        f"{name}.agreement": own == other,
        f"{name}.churn": own != other,
        f"{name}.difference": gained.astype(float) - lost,
    }
    means = {key: np.average(each, weights=material.weights) for key, each in told.items()}
    classes = {**by_class(material, f"{name}.negative", lost), **by_class(material, f"{name}.positive", gained)}
    return means | classes | _test(material, gained.astype(float) - lost, means[f"{name}.difference"])


def _test(material: Material, apart: np.ndarray, gain: float) -> Numbers:
    name, weights = "compare.flips", material.weights
    if material.weighted:
        error = np.sqrt((weights**2 * (apart - gain) ** 2).sum()) / weights.sum()
        return {f"{name}.distinguishable": float(abs(gain) > 1.96 * error)}
    counts = int((apart > 0).sum()), int((apart < 0).sum())
    exact = stats.binomtest(counts[0], sum(counts)).pvalue
    mid = exact - stats.binom.pmf(counts[0], sum(counts), 0.5)
    return {f"{name}.p_exact": exact, f"{name}.p_mid": mid, f"{name}.distinguishable": float(exact <= 0.05)}


@reference("compare.complementary", "numpy")
def complementary(material: Material) -> Numbers:
    """Return what one knows and the other does not."""
    labels, weights, name = material.labels, material.weights, "compare.complementary"
    own, other = material.logits.argmax(1) == labels, material.other.argmax(1) == labels
    means = {"own": own & ~other, "other": other & ~own, "either": own | other}
    told = {f"{name}.{key}": np.average(each, weights=weights) for key, each in means.items()}
    told[f"{name}.mended"] = (weights * (own & ~other)).sum() / (weights * ~other).sum()
    told[f"{name}.mendable"] = (weights * (other & ~own)).sum() / (weights * ~own).sum()
    return told | dict(
        **by_class(material, f"{name}.own", means["own"]), **by_class(material, f"{name}.other", means["other"])
    )


@reference("compare.margin_flow", "numpy, a sample at a time", tolerance=1e-6)
def margin_flow(material: Material) -> Numbers:
    """Return what came over to the right side, and how the margin changed."""
    flow: defaultdict[tuple[int, int], float] = defaultdict(float)
    changes = []
    for before, after, label, weight in zip(
        material.other, material.logits, material.labels, material.weights, strict=True
    ):
        if before.argmax() != label and after.argmax() == label:
            flow[label, before.argmax()] += weight
        if before.argmax() == label and after.argmax() != label:
            flow[label, after.argmax()] -= weight
        own = [scores[label] - np.delete(scores, label).max() for scores in (after, before)]
        changes.append(own[0] - own[1])
    whole, name = material.weights.sum(), "compare.margin_flow"
    pairs = {f"{name}.pair.{true}>{other}": net / whole for (true, other), net in flow.items() if net}
    return pairs | {
        name: sum(flow.values()) / whole,
        f"{name}.change": np.average(changes, weights=material.weights),
    }
