"""What is printed of a workspace's models."""

from pathlib import Path

import pytest

from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import TrialResult, Value
from graftwork.analysis.workspace import Workspace
from graftwork.app.results import print_results, told_values

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo" / "digits-resnet8.safetensors"
STEP = '[[step]]\nmethod = "prune.magnitude"\nof = ["{}"]\namount = 0.5\n'


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A workspace of one checkpoint under two names, and of what was made of it under each."""
    for name in ("best", "last"):
        (tmp_path / f"{name}.safetensors").write_bytes(DEMO.read_bytes())
    models = "".join(f'[[model]]\nname = "{n}"\npath = "{n}.safetensors"\n' for n in ("best", "last"))
    found = plan(anchored(parse_recipe(models + STEP.format("best") + STEP.format("last")), tmp_path))
    space = Workspace.create(tmp_path / "w.graft")
    space.add_plan(found, "")
    for trial in found.trials:
        space.begin(trial.identity)
        told = (Value(measure="accuracy", value=0.5),)
        space.finish(_result(trial.identity, told))
    return space


def _result(trial: str, values: tuple[Value, ...]) -> TrialResult:
    return TrialResult(trial=trial, values=values, columns={}, checkpoint=None, facts={}, seconds=1.0)


def test_files_of_the_same_content_are_told_under_each_of_their_names(
    space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["best", "best/magnitude", "last", "last/magnitude"]
    assert sorted(value.model for value in told_values(space)) == names
    print_results(space)
    said = capsys.readouterr().out
    assert all(name in said for name in names)
    assert "last has the content of best." in said
    space.close()
