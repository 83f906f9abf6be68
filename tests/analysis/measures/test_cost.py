"""Costs by hand."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES
from graftwork.analysis.models import TensorSpec

Make = Callable[..., Any]


def said(name: str, evidence: Any, **parameters: Any) -> Any:
    measure = MEASURES.get(name)
    found: Any = measure.function(evidence, measure.check(parameters))
    return {value.measure: value for value in found}


CONV, NORM, HEAD = 8 * 3 * 9, 8 + 8, 7 * 8 + 7


def test_nominal_by_hand(evidence: Make) -> None:
    found = said("cost.nominal", evidence())
    assert found["cost.nominal.parameters"].value == CONV + NORM + HEAD
    assert found["cost.nominal.macs"].value == 36 * CONV + 7 * 8
    assert found["cost.nominal.bytes"].value == 4 * (CONV + NORM + HEAD + 16) + 8
    # The input, held by the caller, and two maps of 8 channels on 6 by 6 places: before and after a step.
    assert found["cost.nominal.activations"].value == 4 * (3 + 2 * 8) * 36


def test_zeros_are_not_counted(evidence: Make) -> None:
    given = evidence()
    with torch.no_grad():
        given.checkpoint.module.conv.weight[:4] = 0
    dense, sparse = said("cost.nominal", evidence()), said("cost.nominal", given)
    gap = dense["cost.nominal.nonzeros"].value - sparse["cost.nominal.nonzeros"].value
    assert gap == CONV / 2
    assert sparse["cost.nominal.macs"] == dense["cost.nominal.macs"]


def test_an_unknown_network_still_has_parameters(evidence: Make) -> None:
    given = evidence()
    given.checkpoint.architecture = None
    found = said("cost.nominal", given)
    assert found["cost.nominal.parameters"].value == CONV + NORM + HEAD
    assert "cost.nominal.macs" not in found
    with pytest.raises(UserError, match="cannot be timed"):
        said("cost.measured", given)


def test_numbers_of_a_byte_and_complex_ones_count(evidence: Make) -> None:
    given = evidence()
    given.checkpoint.architecture = None
    tensors = {"a": torch.tensor([1.0, 0, 2]).to(torch.float8_e4m3fn), "b": torch.tensor([0, 1j])}
    given.checkpoint.specs = {name: TensorSpec(tuple(t.shape), t.dtype) for name, t in tensors.items()}
    given.checkpoint.tensor, given.checkpoint.trained = tensors.__getitem__, lambda: tuple(tensors)
    found = said("cost.nominal", given)
    assert (found["cost.nominal.parameters"].value, found["cost.nominal.nonzeros"].value) == (5, 3)


def test_latency_of_a_network_that_sleeps(evidence: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    given = evidence()
    calls = []

    def sleep(x: torch.Tensor) -> Any:
        calls.append(x.shape)
        time.sleep(0.005 if len(calls) > 6 else 0.1)

    monkeypatch.setattr(given.checkpoint.module, "forward", sleep)
    found = said("cost.measured", given, batch=4, repeats=3, warmup=6)
    latency = found["cost.measured.latency"]
    assert calls == [(4, 3, 6, 6)] * 10  # the last for the memory
    assert 5 <= latency.low <= latency.value <= latency.high
    assert latency.value < 50  # the slow first calls are warm-up
    assert found["cost.measured.throughput"].value == pytest.approx(4000 / latency.value)
    assert found["cost.measured.batch"].value == 4


def test_model_and_reference_take_turns(evidence: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    given = evidence()
    order = []

    def sleeping(name: str, seconds: float) -> Any:
        def sleep(x: torch.Tensor) -> Any:
            order.append(name)
            time.sleep(seconds)

        return sleep

    monkeypatch.setattr(given.checkpoint.module, "forward", sleeping("own", 0.002))
    monkeypatch.setattr(given.reference.checkpoint.module, "forward", sleeping("other", 0.02))
    found = said("cost.measured", given, batch=4, repeats=6, warmup=2)
    assert order[:8] == ["other", "own", "own", "other"] * 2
    speedup = found["cost.measured.speedup"]
    assert 1.5 < speedup.value < 11
    assert speedup.low <= speedup.value <= speedup.high
    assert "cost.measured.speedup" not in said("cost.measured", replace(given, reference=None), repeats=3)


def test_memory_is_that_of_weights_and_activations(evidence: Make) -> None:
    given = evidence()
    constant = 4 * (CONV + NORM + HEAD + 16) + 8
    for batch in (1, 5):
        found = said("cost.measured", given, batch=batch, repeats=3)
        assert found["cost.measured.memory"].value == constant + batch * 4 * (3 + 2 * 8) * 36


def test_timing_can_be_stopped(evidence: Make) -> None:
    given = evidence()
    object.__setattr__(given, "ticket", Quiet(stop=lambda: True))
    with pytest.raises(Cancelled):
        said("cost.measured", given)
