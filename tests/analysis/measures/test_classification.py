"""Accuracy and cross-entropy by hand and against torch and sklearn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, top_k_accuracy_score

from graftwork.analysis.measures import MEASURES, Column

Make = Callable[..., Any]


def said(name: str, evidence: Any) -> Any:
    measure = MEASURES.get(name)
    results: list[Any] = list(measure.function(evidence, measure.check({})))
    return {(r.name if isinstance(r, Column) else r.measure, isinstance(r, Column)): r for r in results}


def test_accuracy_equals_sklearn(evidence: Make) -> None:
    given = evidence()
    found = said("accuracy", given)
    logits, labels = given.columns["logits"], given.labels
    assert found["accuracy", False].value == accuracy_score(labels, logits.argmax(1))
    assert 0.4 < found["accuracy", False].value < 0.9
    expected = top_k_accuracy_score(labels, logits, k=5, labels=range(7))
    assert found["accuracy.top5", False].value == pytest.approx(expected)


def test_columns_agree_with_torch(evidence: Make) -> None:
    given = evidence()
    found = said("accuracy", given)
    probabilities, best = torch.from_numpy(given.columns["logits"]).softmax(1).max(1)
    np.testing.assert_allclose(found["confidence", True].values, probabilities, rtol=1e-5)
    np.testing.assert_array_equal(found["prediction", True].values, best)
    correct = found["correct", True].values
    assert correct.dtype == bool
    np.testing.assert_array_equal(correct, best.numpy() == given.labels)


def test_classes_without_samples_say_nothing(evidence: Make) -> None:
    logits = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]]
    found = said("accuracy", evidence(samples=4, classes=3, labels=[0, 0, 0, 1], logits=logits))
    assert found["accuracy.class.c0", False].value == pytest.approx(2 / 3)
    assert found["accuracy.class.c1", False].value == 1
    assert ("accuracy.class.c2", False) not in found
    assert ("accuracy.top5", False) not in found


def test_loss_equals_torch(evidence: Make) -> None:
    given = evidence()
    found = said("loss", given)
    logits, labels = torch.from_numpy(given.columns["logits"]), torch.from_numpy(given.labels)
    each = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    np.testing.assert_allclose(found["loss", True].values, each, rtol=1e-4, atol=1e-6)
    assert found["loss", False].value == pytest.approx(each.mean().item(), rel=1e-5)


def test_loss_of_knowing_nothing(evidence: Make) -> None:
    found = said("loss", evidence(samples=5, logits=np.full((5, 7), 1e4, np.float32)))
    assert found["loss", False].value == pytest.approx(np.log(7))
