"""Flatness of whole networks, against the whole Hessian and torch's own losses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from graftwork.analysis.errors import UserError

Make = Callable[..., Any]


def _hessian(evidence: Any) -> torch.Tensor:
    network, inputs = evidence.build(), next(iter(evidence.data.batches(1000)))
    names = dict(network.named_parameters())
    labels = torch.from_numpy(evidence.labels)

    def loss(flat: torch.Tensor) -> torch.Tensor:
        parts = torch.split(flat, [p.numel() for p in names.values()])
        held = {n: part.view(p.shape) for (n, p), part in zip(names.items(), parts, strict=True)}
        return F.cross_entropy(torch.func.functional_call(network, held, (inputs,)), labels)

    point = torch.cat([p.detach().flatten() for p in names.values()])
    dense: Any = torch.autograd.functional.hessian(loss, point)
    return torch.as_tensor(dense)


def test_trace_and_eigenvalue_are_those_of_the_whole_hessian(evidence: Make, values_of: Make) -> None:
    given = evidence(samples=20)
    found, dense = values_of("flatness", given, probes=200, draws=2), _hessian(given)
    trace, eigenvalue = found["flatness.trace"], found["flatness.eigenvalue"]
    assert trace.low - 0.1 * trace.value < float(dense.trace()) < trace.high + 0.1 * trace.value
    assert eigenvalue.value == pytest.approx(float(torch.linalg.eigvalsh(dense)[-1]), rel=1e-3)


def test_noise_that_is_nothing_adds_nothing(evidence: Make, values_of: Make) -> None:
    quiet = values_of("flatness", evidence(), sigma=1e-6, probes=2, steps=2)["flatness.sharpness"]
    loud = values_of("flatness", evidence(), sigma=2.0, probes=2, steps=2)["flatness.sharpness"]
    assert abs(quiet.value) < 1e-4 < loud.value


def test_slices_cross_at_the_weights_own_loss(evidence: Make, values_of: Make) -> None:
    given = evidence()
    found = values_of("flatness.slices", given, points=5)
    own = values_of("loss", replace(given, columns={"logits": given.build()(given.data.inputs).detach().numpy()}))
    for name in ("line.at.0", "plane.at.0,0"):
        assert found[f"flatness.slices.{name}"].value == pytest.approx(own["loss"].value, rel=1e-5)
    for x in ("-1", "-0.5", "0.5", "1"):
        line = found[f"flatness.slices.line.at.{x}"].value
        assert line == pytest.approx(found[f"flatness.slices.plane.at.{x},0"].value, rel=1e-5)
        assert line != pytest.approx(own["loss"].value, rel=1e-4)
    assert len(found) == 5 + 25


def test_weights_stay_as_they_were(evidence: Make, values_of: Make) -> None:
    given = evidence()
    before = {n: t.clone() for n, t in given.build().state_dict().items()}
    values_of("flatness", given, probes=2, steps=2, draws=2)
    for name, tensor in given.build().state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_samples_are_spread_over_the_classes(evidence: Make, values_of: Make) -> None:
    given = evidence(labels=np.sort(np.arange(200) % 7))
    few = values_of("flatness.slices", given, points=3, samples=7)["flatness.slices.line.at.0"].value
    sevenths = np.unique(np.linspace(0, 199, 7).astype(int))
    logits = given.build()(given.data.inputs[sevenths])
    expected = F.cross_entropy(logits, torch.from_numpy(given.labels[sevenths]))
    assert few == pytest.approx(expected.item(), rel=1e-5)


def test_samples_without_labels_are_refused(evidence: Make, values_of: Make) -> None:
    with pytest.raises(UserError, match="no labels"):
        values_of("flatness", evidence(labels=np.full(200, -1)))
    with pytest.raises(UserError, match="one score for each class"):
        values_of("flatness.slices", evidence(labels=np.full(200, 9)))
