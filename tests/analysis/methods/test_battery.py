"""What every method owes, whatever it does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch

from graftwork.analysis.errors import Cancelled
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import METHODS
from graftwork.analysis.models import TensorSpec

Make = Callable[..., Any]

TENSOR_LEVEL = ["prune.magnitude", "prune.random", "merge.linear"]


@pytest.mark.parametrize("name", sorted(METHODS.load()))
def test_says_what_it_is(name: str) -> None:
    entry = METHODS.get(name).entry
    assert entry.title
    assert entry.citation
    assert entry.summary.endswith((".", "…"))
    json.dumps(entry.parameter_schema)


def test_these_are_registered() -> None:
    assert set(TENSOR_LEVEL) <= set(METHODS.load())


def run(name: str, make: Make, context: Any, **parameters: Any) -> Any:
    method = METHODS.get(name)
    parents = [make(0), make(1)] if method.entry.parents == "many" else [make(0)]
    derivative = method.function(parents, method.check(parameters), context)
    return parents, derivative, {key: derivative.tensor(key) for key in derivative.specs}


@pytest.mark.parametrize("name", TENSOR_LEVEL)
def test_parents_stay_as_they_were(name: str, make: Make, context: Make) -> None:
    parents, _, _ = run(name, make, context())
    for parent, fresh in zip(parents, [make(0), make(1)], strict=False):
        assert all(torch.equal(parent.tensors[key], fresh.tensors[key]) for key in fresh.tensors)


@pytest.mark.parametrize("name", TENSOR_LEVEL)
def test_tensors_are_what_the_specs_promise(name: str, make: Make, context: Make) -> None:
    _, derivative, tensors = run(name, make, context())
    for key, tensor in tensors.items():
        assert derivative.specs[key] == TensorSpec(tuple(tensor.shape), tensor.dtype)
    json.dumps(derivative.facts, allow_nan=False)


@pytest.mark.parametrize("name", TENSOR_LEVEL)
def test_same_seed_same_result(name: str, make: Make, context: Make) -> None:
    first, again = (run(name, make, context(5))[2] for _ in range(2))
    other = run(name, make, context(6))[2]
    assert all(torch.equal(first[key], again[key]) for key in first)
    changed = any(not torch.equal(first[key], other[key]) for key in first)
    assert changed == METHODS.get(name).entry.stochastic


@pytest.mark.parametrize("name", TENSOR_LEVEL)
def test_stops_when_asked(name: str, make: Make, context: Make) -> None:
    with pytest.raises(Cancelled):
        run(name, make, context(ticket=Quiet(stop=lambda: True)))
