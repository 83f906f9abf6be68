"""Questions from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.recipe import anchored, read_recipe
from graftwork.analysis.worker.tasks import TASKS, Desk
from graftwork.app.asking import question_about, value_of
from graftwork.app.cli import run_command

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
NET = "digits-resnet8.safetensors"


class OneWorker:
    """Answers in this process."""

    def __enter__(self) -> "OneWorker":
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, task: str, payload: Any = None, title: str = "") -> "OneWorker":
        import torch

        self.answer = TASKS[task](Desk(torch.device("cpu")), payload or {}, Quiet())
        return self

    def result(self) -> Any:
        return self.answer


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr("graftwork.app.runtime.one_worker", OneWorker)
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / NET).write_bytes((DEMO / NET).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_written_recipe_can_be_planned_from_its_own_folder(here: Path) -> None:
    (here / "recipes").mkdir()
    options = ["--data", "digits", "--train", "digits", "--normalise", "digits", "--set", "amounts=[0.5]"]
    arguments = ["preset", "pruning", "--model", f"net=nets/{NET}", *options, "-o", "recipes/ask.toml"]
    assert run_command(arguments) == 0
    recipe = read_recipe(here / "recipes" / "ask.toml")
    assert recipe.model[0].path == f"../nets/{NET}"
    assert [(data.name, data.split) for data in recipe.data] == [("test", "test"), ("train", "train")]
    planned = plan(anchored(recipe, here / "recipes"))
    assert {trial.model.name for trial in planned.trials} >= {"net", "net/global-0.5", "net/global-0.5/dense"}


def test_without_a_file_the_recipe_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["preset", "depth", "--model", f"nets/{NET}", "--data", "digits", "--set", "points=3"]) == 0
    text = capsys.readouterr().out
    assert f'path = "nets/{NET}"' in text
    assert "# Baseline:" in text
    assert "retrain" not in text


def test_the_questions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["presets", "--json"]) == 0
    found = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert found["pruning"]["title"] == "Which pruning method, at which ratio?"
    assert {"amounts", "random", "steps"} <= found["pruning"]["parameter_schema"]["properties"].keys()
    assert run_command(["methods", "--json"]) == 0
    assert not found.keys() & {entry["id"] for entry in json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["prunning"], "Did you mean 'pruning'"),
        (["merging"], "single model"),
        (["depth", "--set", "most=2"], "most = 2"),
        (["depth", "--set", "most"], "sets nothing"),
        (["depth", "--model", "net=a.pt", "--model", "net=b.pt"], "Two models"),
    ],
)
def test_wrong_questions_get_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["preset", *arguments, "--model", f"nets/{NET}", "--data", "digits"]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_values_are_tomls_or_texts() -> None:
    assert [value_of(text) for text in ("[0.5, 0.9]", "3", "true", "erk")] == [[0.5, 0.9], 3, True, "erk"]


def test_models_without_a_name_have_their_files(here: Path) -> None:
    found = question_about(["a/net.pt", "b/net.pt"], "d.zip", None, "none", here)
    assert [model.name for model in found["models"]] == ["a/net", "b/net"]
    assert found["train"] is None
    with pytest.raises(UserError, match="Two models are called 'x'"):
        question_about(["x=a.pt", "x=b.pt"], "d.zip", None, "none", here)
