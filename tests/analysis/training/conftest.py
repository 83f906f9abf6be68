"""Digits to learn from, and networks that learn them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import METHODS, Derivative, MethodContext
from graftwork.analysis.models import Checkpoint, open_checkpoint, write_checkpoint
from graftwork.analysis.trials import DataSpec
from tests import executing

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"

Run = Callable[..., Derivative]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Compute on one thread: these networks are too small for two."""
    with executing.one_thread():
        yield


@pytest.fixture(scope="session")
def digits() -> Prepared:
    """Return 200 handwritten digits."""
    spec = DataSpec(name="digits", path="digits", content="digits", normalise="digits", split="train", limit=200)
    return open_data(spec)


@pytest.fixture(scope="session")
def dense() -> Checkpoint:
    """Return the smallest of the demo's networks."""
    return open_checkpoint(DEMO / "digits-resnet8.safetensors")


def context_of(data: Any, **changes: Any) -> MethodContext:
    """Return a context on the processor; ``changes`` are its fields."""
    plain = MethodContext(0, torch.device("cpu"), Quiet(), {"data": data}, {})
    return MethodContext(**{**vars(plain), **changes})


def apply(method: str, parent: Checkpoint, context: MethodContext, **values: Any) -> Derivative:
    """Run a method; names of models and data need only be there."""
    entry = METHODS.get(method)
    named = {key: key for key in (*context.data, *context.models) if key in entry.parameters.model_fields}
    return entry.function([parent], entry.check(named | values), context)


def saved(made: Derivative, path: Path, parent: Checkpoint | None = None) -> Checkpoint:
    """Write what a method made, and open it."""
    inherited = parent.inherited() if parent else {}
    write_checkpoint(path, made.specs, made.tensor, inherited | made.settings | {"facts": made.facts})
    return open_checkpoint(path)


@pytest.fixture(scope="session")
def sparse(dense: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Return the same network with nine tenths of its weights set to zero."""
    made = apply("prune.magnitude", dense, context_of(None), amount=0.9)
    return saved(made, tmp_path_factory.mktemp("sparse") / "sparse.safetensors")


def tensors(made: Derivative) -> dict[str, torch.Tensor]:
    """Return all tensors of a result."""
    return {name: made.tensor(name) for name in made.specs}
