"""Fits over a workspace, on the command line."""

import json
import shutil
from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.sets.gathering import inputs_of
from graftwork.analysis.sets.kept import kept_fits
from graftwork.analysis.trials import FitResult, FitSpec, Plan, Value
from graftwork.analysis.workspace import Workspace
from graftwork.app.cli import run_command
from graftwork.app.fitting import Question, parsed, spec_of


@pytest.fixture
def copy(measured: Path, tmp_path: Path) -> Path:
    """Return a workspace with seven measured models that may be written."""
    return Path(shutil.copytree(measured, tmp_path / "copy.graft"))


def test_models_are_ranked_by_what_a_worker_knows_to_be_good(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choice = 'measures=["accuracy", "loss"]'
    assert run_command(["fit", "rank.aggregate", "-w", str(measured), "--set", choice, "--of", "*", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    ranks = {v["measure"]: v["value"] for v in found["values"]}
    with Workspace.open(measured, read_only=True) as space:
        loss = {v.model: v.value for v in space.values() if v.measure == "loss"}
        accuracy = {v.model: v.value for v in space.values() if v.measure == "accuracy"}
    worst = max(loss, key=lambda name: (loss[name], -accuracy[name]))
    assert accuracy[worst] == min(accuracy.values())
    assert ranks[f"rank.aggregate.borda.model.{worst}"] >= 6
    assert len(ranks) == 21
    assert found["remarks"]


def test_too_few_models_get_one_sentence(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fit", "fit.power_law", "-w", str(measured), "--x", "amount", "--y", "loss", "--of", "resnet8/*"]
    assert run_command(arguments) == 2
    assert "A power law needs 4 different sizes, and there are 2. Measure more models." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question("fit.power"), "no fit 'fit.power'"),
        (Question("fit.power_law", of=["resnt8"]), "no model in the workspace called 'resnt8'. Did you mean 'resnet8'"),
        (Question("fit.power_law", data="tset"), "no measured data set 'tset'. Did you mean 'test'"),
        (Question("fit.power_law", parameters={"resamples": 1}), "resamples = 1 does not fit"),
    ],
)
def test_a_name_that_is_not_there_gets_a_sentence(measured: Path, question: Question, said: str) -> None:
    with Workspace.open(measured, read_only=True) as space, pytest.raises(UserError) as refusal:
        spec_of(space, question)
    assert said in str(refusal.value)


def test_patterns_choose_models_and_name_their_groups(measured: Path) -> None:
    with Workspace.open(measured, read_only=True) as space:
        spec = spec_of(space, Question("fit.power_law", of=["resnet8/*", "low"], by="of"))
        names = {model.identity: model.name for model in space.models()}
        data = space.datasets()[0].identity
    assert [(entry.name, [names[m] for m in entry.models]) for entry in spec.of] == [
        ("resnet8/*", ["resnet8/magnitude-0.3", "resnet8/magnitude-0.7"]),
        ("low", ["low"]),
    ]
    assert spec.data == data


@pytest.mark.parametrize(("text", "value"), [("a=1e6", 1e6), ("a=[1, 2]", [1, 2]), ("a=source", "source"), ("a=", "")])
def test_parameters_are_toml_or_text(text: str, value: object) -> None:
    assert parsed(text) == ("a", value)


def test_a_parameter_without_a_value_is_refused() -> None:
    with pytest.raises(UserError, match="'at' sets nothing"):
        parsed("at")


def _asked(space: Workspace) -> FitSpec:
    spec = spec_of(space, Question("trace.checkpoints", y="loss")).replaced(name="trace")
    space.add_plan(Plan(title="Fits", trials=(), fits=(spec,)), "")
    return spec


def test_what_a_run_fitted_is_told_until_its_inputs_change(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    infinite = Value(measure="fit.density.model.x", value=float("inf"), low=2.0, high=float("inf"))
    with Workspace.open(copy) as space:
        spec = _asked(space)
        assert kept_fits(space)[0].problem.startswith("It was not computed yet.")
        space.finish_fit(spec.identity, inputs_of(space, spec), FitResult(values=(infinite,), remarks=("It rises.",)))
        assert kept_fits(space)[0].result.values == (infinite,)
    assert run_command(["fit", "-w", str(copy)]) == 0
    out = capsys.readouterr().out
    assert "trace" in out
    assert "It rises." in out
    assert run_command(["fit", "-w", str(copy), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["values"][0]["value"] is None  # JSON has no infinity
    with Workspace.open(copy) as space:
        space.finish_fit(spec.identity, "of others", FitResult(remarks=("It falls.",)))
    assert run_command(["fit", "-w", str(copy)]) == 1
    out = capsys.readouterr().out
    assert "It falls." not in out
    assert "trace: What it is fitted to has changed. Run the recipe again." in out


def test_why_a_fit_cannot_be_done_is_told_and_forgotten_by_the_next_run(copy: Path) -> None:
    with Workspace.open(copy) as space:
        spec = _asked(space)
        space.fail_fit(spec.identity, inputs_of(space, spec), "It has no x.", "Name one.")
        assert kept_fits(space)[0].problem == "It has no x. Name one."
        assert space.fits()[0].inputs is not None
        _asked(space)
        assert space.fits()[0].inputs is None
