"""The installed command: results, resuming after a kill, and one sentence for bad input."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from graftwork.analysis.workspace import Workspace

from .conftest import Program

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
KEYS = ["model", "parents", "operation", "params", "seed", "data", "measure", "value", "low", "high", "unit", "name"]
RECIPE = f"""
seeds = [0]
[[model]]
name = "net"
path = "{DEMO / "digits-resnet8.safetensors"}"
[[model]]
name = "other"
path = "{DEMO / "digits-resnet14.safetensors"}"
[[data]]
name = "test"
path = "digits"
split = "test"
normalise = "digits"
[[step]]
method = "prune.magnitude"
of = ["net"]
amount = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
[measure]
data = "test"
what = ["accuracy", "loss", "cost.nominal", "geometry.margins"]
"""


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "graftwork", *map(str, arguments)]


def _alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own."""
    return subprocess.run(_command(*arguments), capture_output=True, text=True, check=False, timeout=200)


def _values(graftwork: Program, folder: Path) -> list[dict[str, Any]]:
    done = graftwork("measures", "-w", folder, "--json")
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "sweep.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def finished(graftwork: Program, recipe: Path) -> Path:
    folder = recipe.parent / "whole.graft"
    done = graftwork("run", recipe, "-w", folder)
    assert done.returncode == 0, done.stderr
    assert "net/magnitude-0.7" in done.stdout
    return folder


def test_measures_have_the_promised_fields(graftwork: Program, finished: Path) -> None:
    values = _values(graftwork, finished)
    assert {tuple(value) for value in values} == {tuple(KEYS)}
    pruned = next(v for v in values if v["model"] == "net/magnitude-0.5" and v["measure"] == "accuracy")
    assert (pruned["parents"], pruned["operation"], pruned["unit"]) == (["net"], "prune.magnitude", "fraction")
    assert pruned["params"]["amount"] == 0.5
    assert pruned["low"] <= pruned["value"] <= pruned["high"]


def test_a_second_run_has_nothing_to_do(graftwork: Program, finished: Path, recipe: Path) -> None:
    before = _values(graftwork, finished)
    assert graftwork("run", recipe, "-w", finished).returncode == 0
    assert _values(graftwork, finished) == before
    with Workspace.open(finished, read_only=True) as workspace:
        assert {trial.attempts for trial in workspace.trials()} == {1}


def test_a_workspace_that_is_being_written_is_refused_with_the_writer_named(
    graftwork: Program, finished: Path, recipe: Path
) -> None:
    with Workspace.open(finished):
        done = graftwork("run", recipe, "-w", finished)
        assert graftwork("workspace", "check", finished).returncode == 0
    assert done.returncode == 2
    assert done.stderr.startswith(f"graftwork: The workspace {finished} is being written by process {os.getpid()}.")
    assert done.stderr.strip().count("\n") == 0


def test_a_dry_run_says_what_is_to_come_and_leaves_nothing(
    graftwork: Program, finished: Path, recipe: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new.graft"
    fresh = graftwork("run", recipe, "-w", new, "--dry-run")
    assert fresh.returncode == 0, fresh.stderr
    assert "a time that nothing run before tells" in fresh.stdout
    assert "net/magnitude-0.7" in fresh.stdout
    assert not new.exists()
    again = graftwork("run", recipe, "-w", finished, "--dry-run")
    assert "trials are done" in again.stdout


@pytest.mark.heavy("the whole program, in processes of its own")
def test_several_workers_give_the_same_table(graftwork: Program, finished: Path, recipe: Path, tmp_path: Path) -> None:
    done = graftwork("run", recipe, "-w", tmp_path / "two.graft", "--workers", "2", "--memory", "16GB")
    assert done.returncode == 0, done.stderr
    assert _values(graftwork, tmp_path / "two.graft") == _values(graftwork, finished)


@pytest.mark.heavy("the whole program, in processes of its own")
@pytest.mark.timeout(400)
def test_whatever_process_is_killed_the_workspace_is_sound_and_the_table_the_same() -> None:
    script = Path(__file__).resolve().parents[1] / "benchmarks" / "resuming.py"
    done = subprocess.run([sys.executable, script, "--kills", "4"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("check clean") >= 3
    assert "4 kills: every check clean" in done.stdout


@pytest.mark.heavy("the whole program, in processes of its own")
@pytest.mark.timeout(300)
def test_a_killed_worker_fails_its_trial_alone_and_the_next_run_makes_it_good(
    graftwork: Program, finished: Path, recipe: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "worker.graft"
    process = subprocess.Popen(
        _command("run", recipe, "-w", folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    _wait_for_trials(folder, 1)
    children = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-f", "spawn_main"], capture_output=True, text=True, check=False
    )
    for child in children.stdout.split():
        os.kill(int(child), signal.SIGKILL)
    _, said = process.communicate(timeout=200)
    with Workspace.open(folder, read_only=True) as workspace:
        failed = workspace.trials("failed")
        assert not workspace.trials("pending")
    assert process.returncode == (1 if failed else 0)
    if failed:
        assert "was killed (SIGKILL)" in " ".join(said.split())
    assert graftwork("run", recipe, "-w", folder).returncode == 0
    assert _values(graftwork, folder) == _values(graftwork, finished)


def test_inspect_says_what_is_assumed_until_it_is_declared(graftwork: Program, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(bytes(save({"fc1.weight": torch.eye(3), "fc2.weight": torch.ones(2, 3)})))
    assert "taken for ReLU" in graftwork("inspect", file).stdout
    assert "assumed" not in graftwork("inspect", file, "--activation", "Tanh").stdout
    refused = graftwork("inspect", file, "--activation", "tan")
    assert (refused.returncode, "'tan' is no activation" in refused.stderr) == (2, True)


def test_inspect_and_methods_and_workspace_commands(graftwork: Program, finished: Path, tmp_path: Path) -> None:
    facts = json.loads(graftwork("inspect", DEMO / "digits-resnet14.safetensors", "--json").stdout)
    assert (facts["family"], facts["depth"], facts["classes"]) == ("resnet_cifar", 14, 10)
    methods = {entry["id"]: entry for entry in json.loads(graftwork("methods", "--json").stdout)}
    assert {"prune.magnitude", "prune.random", "merge.linear", "accuracy", "umap"} <= set(methods)
    magnitude = methods["prune.magnitude"]
    assert magnitude["family"] == "prune"
    assert magnitude["parameter_schema"]["properties"]["amount"]["maximum"] == 1
    packed = graftwork("workspace", "pack", finished, "-o", tmp_path / "w.zip")
    assert packed.returncode == 0
    assert (tmp_path / "w.zip").stat().st_size > 10_000
    assert json.loads(graftwork("workspace", "info", finished, "--json").stdout)


@pytest.mark.heavy("the whole program, in processes of its own")
def test_a_device_that_is_not_here_fails_the_trials_with_the_reason(recipe: Path, tmp_path: Path) -> None:
    done = _alone("run", recipe, "-w", tmp_path / "w.graft", "--device", "cuda:99")
    assert done.returncode == 1
    assert "There is no device 'cuda:99' here." in " ".join(done.stderr.split())


def test_compare_and_statistics_and_trust(graftwork: Program, tmp_path: Path) -> None:
    files = [DEMO / "digits-resnet14.safetensors", DEMO / "digits-resnet14-low.safetensors"]
    (found,) = json.loads(graftwork("compare", *files, "--json").stdout)
    assert 0 < found["total"]["relative"] < 1
    assert "in total" in graftwork("compare", *files).stdout
    facts = json.loads(graftwork("inspect", files[0], "--tensors", "--json").stdout)
    assert facts["macs"] > 1e6
    assert all(layer["rms"] > 0 for layer in facts["layers"] if layer["name"].endswith("conv1.weight"))
    (tmp_path / "net.py").write_text("x = 1")
    (tmp_path / "helper.py").write_text("x = 1")
    assert "helper.py" not in graftwork("trust", tmp_path / "net.py").stdout
    (tmp_path / "net.py").write_text("import helper")
    said = graftwork("trust", tmp_path / "net.py").stdout
    assert "helper.py (SHA-256 of all" in said
    assert "importlib" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "{tmp}/bad.toml"),
        ("trust", "{tmp}/nowhere.py"),
        ("run", "nowhere.toml", "-w", "{tmp}/a.graft"),
        ("run", "{tmp}", "-w", "{tmp}/a.graft"),
        ("run", "{tmp}/bad.toml", "-w", "{tmp}/a.graft"),
        ("inspect", "{tmp}/bad.toml"),
        ("measures", "-w", "{tmp}/none.graft"),
        ("workspace", "check", "{tmp}"),
        ("figure", "-w", "{tmp}/none.graft", "--view", "tradeoff", "-o", "{tmp}/a.png"),
        ("figure", "-w", "{tmp}/none.graft", "--view", "tradeoff", "-o", "{tmp}/a.png", "--set", "nothing"),
        ("run", "--no-such-option"),
        ("methods", "superfluous"),
    ],
)
def test_bad_input_gets_one_sentence_and_no_file(
    graftwork: Program, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text("this is = not = toml")
    done = graftwork(*(a.replace("{tmp}", str(tmp_path)) for a in arguments))
    assert done.returncode not in {0, 1}
    assert done.stderr.startswith("graftwork: ")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert not list(tmp_path.glob("*.png"))


def test_a_figure_shows_the_axes_that_it_is_told(graftwork: Program, finished: Path, tmp_path: Path) -> None:
    axes = ("--set", "tradeoff.x=loss", "--set", "tradeoff.y=accuracy")
    drawn = tmp_path / "a.svg"
    done = graftwork("figure", "-w", finished, "--view", "tradeoff", *axes, "-o", drawn)
    assert done.returncode == 0, done.stderr
    assert re.search(r"Cross-entropy on \S+ \(nats\)", drawn.read_text())


def _wait_for_trials(folder: Path, count: int) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if (folder / "workspace.db").is_file():
            with Workspace.open(folder, read_only=True) as workspace:
                if len(workspace.trials("done")) >= count:
                    return
        time.sleep(0.1)
    raise TimeoutError
