"""The worked examples of CONTRIBUTING.md are whole files that work."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES
from graftwork.analysis.methods import METHODS, MethodContext
from graftwork.analysis.models import TensorSpec
from graftwork.analysis.registry import Shelf
from graftwork.analysis.sets import FITS, Member, Table, Value

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, str] = dict(re.findall(r"`(analysis/[\w/]+\.py)`:\n\n```python\n(.*?)```", GUIDE, re.DOTALL))


@dataclass
class InMemory:
    """A checkpoint with what a tensor-level method looks at."""

    tensors: Mapping[str, Tensor]
    path: Path = field(default_factory=lambda: Path("memory"))

    @property
    def specs(self) -> dict[str, TensorSpec]:
        return {name: TensorSpec(tuple(value.shape), value.dtype) for name, value in self.tensors.items()}

    def tensor(self, name: str) -> Tensor:
        return self.tensors[name]


def put(name: str, shelf: Shelf[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Import an example as the file it is said to be, on the shelf for the length of the test."""
    monkeypatch.setattr(shelf, "_items", dict(shelf.load()))
    module_name = "graftwork." + name.removesuffix(".py").replace("/", ".")
    spec = importlib.util.spec_from_loader(module_name, loader=None)
    assert spec
    module = importlib.util.module_from_spec(spec)
    module.__package__ = module_name.rpartition(".")[0]
    exec(compile(EXAMPLES[name], name, "exec"), module.__dict__)


def test_the_examples_are_there() -> None:
    expected = ["analysis/measures/entropy.py", "analysis/methods/merge/trimmed.py", "analysis/sets/spread.py"]
    assert sorted(EXAMPLES) == expected


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("arguments", [("check", "--quiet"), ("format", "--check", "--quiet")])
def test_an_example_is_written_as_the_rest(name: str, arguments: tuple[str, ...]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", name, "-"],
        input=EXAMPLES[name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_method_merges(monkeypatch: pytest.MonkeyPatch) -> None:
    put("analysis/methods/merge/trimmed.py", METHODS, monkeypatch)
    method = METHODS.get("merge.trimmed")
    parents: Any = [
        InMemory({"weight": torch.tensor([value, -value]), "steps": torch.tensor(7)}) for value in (1.0, 2.0, 9.0)
    ]
    context = MethodContext(0, torch.device("cpu"), Quiet(), {}, {})

    result = method.function(parents, method.check({"trim": 0.34}), context)
    assert result.tensor("weight").tolist() == [2.0, -2.0]
    assert result.tensor("steps") == 7

    mean = method.function(parents, method.check({"trim": 0.0}), context)
    assert mean.tensor("weight").tolist() == [4.0, -4.0]

    with pytest.raises(UserError, match="trim"):
        method.check({"trim": 0.5})


def test_the_measure_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    put("analysis/measures/entropy.py", MEASURES, monkeypatch)
    measure = MEASURES.get("entropy")
    logits = np.array([[0, 0, 0, 0], [99, 0, 0, 0]], np.float32)
    for weights, mean in ((None, np.log(4) / 2), (np.array([1.0, 0.0]), np.log(4))):
        evidence: Any = SimpleNamespace(columns={"logits": logits}, weights=weights)
        column, value = measure.function(evidence, measure.check({}))
        assert column.values == pytest.approx([np.log(4), 0])  # type: ignore[union-attr]
        assert value.value == pytest.approx(mean)  # type: ignore[union-attr]


def test_the_fit_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    put("analysis/sets/spread.py", FITS, monkeypatch)
    fit = FITS.get("spread")
    losses = {"a": 1.0, "b": 2.0, "c": 3.0}
    members = tuple(Member(name, name, values={"loss": Value(measure="loss", value=v)}) for name, v in losses.items())
    value, remark = fit.function(Table(members, y="loss"), fit.check({}))
    assert value == Value(measure="spread", value=1.0)
    assert remark.text == "All: 3 models, loss from 1 to 3."  # type: ignore[union-attr]
    with pytest.raises(UserError, match="needs 2 models, and there are 1"):
        list(fit.function(Table(members[:1], y="loss"), fit.check({})))
