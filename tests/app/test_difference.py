"""What tells two models of a workspace apart, on the command line."""

import json
from pathlib import Path

import pytest
from scipy import stats

from graftwork.analysis.errors import UserError
from graftwork.analysis.workspace import Workspace
from graftwork.app.cli import app, run_command
from graftwork.app.difference import differences
from graftwork.app.main import COMMANDS


def test_every_command_is_known_where_the_window_is_chosen_or_not() -> None:
    named = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert named | {"workspace"} == set(COMMANDS)


def test_a_pruned_model_is_set_beside_its_parent(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["difference", "resnet8", "resnet8/magnitude-0.7", "-w", str(measured), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    with Workspace.open(measured, read_only=True) as space:
        table = {(v.model, v.measure): v.value for v in space.values()}
    assert found["first"]["mean"] == table["resnet8", "accuracy"]
    assert found["second"]["mean"] == table["resnet8/magnitude-0.7", "accuracy"]
    gain = found["second"]["mean"] - found["first"]["mean"]
    flips = found["positive_flips"], found["negative_flips"]
    assert found["gain"]["mean"] == pytest.approx(gain)
    assert (flips[0] - flips[1]) / found["samples"] == pytest.approx(gain)
    assert found["p_exact"] == pytest.approx(stats.binomtest(flips[0], sum(flips)).pvalue)
    assert found["agreement"] <= 1 - sum(flips) / found["samples"]


def test_models_that_do_not_differ_are_said_to_be_not_distinguishable(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["difference", "low", "low", "-w", str(measured)]) == 0
    assert "low against low: not distinguishable (McNemar's exact p = 1)" in capsys.readouterr().out


def test_a_name_that_is_not_there_gets_a_sentence(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["difference", "resnet8", "hihg", "-w", str(measured)]) == 2
    assert "no model in the workspace called 'hihg'. Did you mean 'high'?" in capsys.readouterr().err


def test_models_without_common_samples_are_refused(measured: Path) -> None:
    with Workspace.open(measured, read_only=True) as space:
        kept = [c for c in space.columns() if c.name != "correct"]
        space.columns = lambda: kept  # type: ignore[method-assign]
        with pytest.raises(UserError, match="not measured on the same samples"):
            differences(space, "low", "high")
