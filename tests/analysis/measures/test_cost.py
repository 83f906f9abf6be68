"""Costs by hand."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES, cost_measured
from graftwork.analysis.measures.inputs import inputs_of_cost
from graftwork.analysis.models import TensorSpec
from graftwork.analysis.models.architecture import Sizes

from .conftest import Samples

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
    assert calls == [(4, 3, 6, 6)] * 12  # the last three for the memory
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


def on(evidence: Any, *shape: int, kind: str = "images", tokens: int = 0) -> Any:
    """Return evidence whose data are five samples of another shape."""
    data = Samples(torch.full((5, *shape), tokens) if kind == "tokens" else torch.randn(5, *shape), np.zeros(5), 7)
    data.kind = kind
    return replace(evidence, data=data, reference=None)


SHAPES = [(3, 10, 10), (3, 6, 6), (3, 5, 9)]


@pytest.mark.parametrize("shape", SHAPES)
def test_costs_are_those_of_the_datas_size(shape: tuple[int, ...], evidence: Make) -> None:
    given, places = on(evidence(), *shape), shape[1] * shape[2]
    nominal, timed = said("cost.nominal", given), said("cost.measured", given, batch=8, repeats=3)
    assert nominal["cost.nominal.macs"].value == places * CONV + 7 * 8
    assert nominal["cost.nominal.activations"].value == 4 * (3 + 2 * 8) * places
    assert timed["cost.measured.memory"].value == 4 * (CONV + NORM + HEAD + 16) + 8 + 8 * 4 * (3 + 2 * 8) * places


@pytest.mark.parametrize("sizes", [Sizes(), None])
def test_beside_data_that_do_not_suit_costs_are_those_of_the_stated_size(sizes: Any, evidence: Make) -> None:
    for given in (replace(evidence(), data=None), on(evidence(), 1, 9, 9), on(evidence(), 4, kind="tokens")):
        given.checkpoint.architecture = replace(given.checkpoint.architecture, sizes=sizes)
        assert said("cost.nominal", given)["cost.nominal.macs"].value == 36 * CONV + 7 * 8
        assert "cost.measured.latency" in said("cost.measured", given, repeats=3)


def test_a_network_that_states_no_sizes_is_tried_on_the_data(evidence: Make) -> None:
    given = on(evidence(), 3, 9, 9)
    given.checkpoint.architecture = replace(given.checkpoint.architecture, family="own", sizes=None)
    assert inputs_of_cost(given, given.build(), 2).shape == (2, 3, 9, 9)
    assert inputs_of_cost(on(given, 9, kind="numbers"), given.build(), 2).shape == (2, 3, 6, 6)


@pytest.mark.parametrize(("length", "token", "used"), [(9, 4, 9), (3, 4, 3), (3, 5, 6), (20, 4, 6)])
def test_a_text_has_the_length_of_the_data(length: int, token: int, used: int, evidence: Make) -> None:
    given = on(evidence(), length, kind="tokens", tokens=token)
    known = replace(given.checkpoint.architecture, inputs="tokens", vocabulary=5, input_shape=(6,), sizes=Sizes(1, 12))
    given.checkpoint.architecture = known
    assert inputs_of_cost(given, given.build(), 8).shape == (8, used)


@pytest.fixture
def few_threads() -> Iterator[int]:
    """One thread, as one worker of many has."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield 1
    torch.set_num_threads(before)


def test_a_timing_has_all_threads_and_tells_how_many(
    few_threads: int, evidence: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost_measured, "cores", lambda: 2)
    given, seen = evidence(), []
    monkeypatch.setattr(given.checkpoint.module, "forward", lambda _: seen.append(torch.get_num_threads()))
    found = said("cost.measured", replace(given, reference=None), repeats=3, warmup=2)
    assert seen[:5] == [2] * 5
    assert (found["cost.measured.threads"].value, found["cost.measured.threads"].unit) == (2, "threads")
    assert torch.get_num_threads() == few_threads


def test_a_timing_that_is_stopped_gives_the_threads_back(
    few_threads: int, evidence: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost_measured, "cores", lambda: 2)
    with pytest.raises(Cancelled):
        said("cost.measured", replace(evidence(), ticket=Quiet(stop=lambda: True)))
    assert torch.get_num_threads() == few_threads


@pytest.mark.parametrize(
    ("measure", "everywhere"),
    [
        ("cost.nominal", {"parameters", "nonzeros", "bytes"}),
        ("cost.measured", set()),
        ("proxy.synflow", {"synflow"}),
        ("accuracy", set()),
    ],
)
def test_what_depends_on_the_samples_size_holds_beside_its_own_data_alone(measure: str, everywhere: set[str]) -> None:
    found = MEASURES.get(measure)
    names = [quantity.name for quantity in found.entry.quantities]
    assert {name.rpartition(".")[2] for name in names if found.holds_everywhere(name)} == everywhere
