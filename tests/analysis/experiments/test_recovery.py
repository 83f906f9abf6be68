"""Recovery from a recipe: as it is written, resumed by the runner, with its cost."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.recipe import Recipe, anchored, parse_recipe, read_recipe
from graftwork.analysis.trials import DerivedModel, Plan, TrialResult
from graftwork.analysis.workspace import Workspace
from tests.executing import one_thread, run_trials

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
RECIPE = """
[[model]]
name = "dense"
path = "digits-resnet8.safetensors"
[[data]]
name = "train"
path = "digits"
split = "train"
normalise = "digits"
limit = 100
[[step]]
name = "sparse"
method = "prune.magnitude"
of = ["dense"]
amount = 0.9
[[step]]
name = "recovered"
method = "retrain.full"
of = ["sparse"]
data = "train"
steps = [4, 6]
batch = 20
learning_rate = 0.01
keep_every = 3
[[step]]
name = "taught"
method = "distil.logits"
of = ["recovered"]
teacher = "dense"
data = "train"
steps = 3
batch = 20
[[step]]
name = "soup"
method = "merge.linear"
of = [["taught", "recovered"]]
[[step]]
name = "repaired"
method = "repair.norm"
of = ["soup"]
data = "train"
[measure]
data = "train"
what = ["accuracy", "cost.training"]
"""


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan(anchored(parse_recipe(RECIPE), DEMO))


@pytest.fixture(scope="module")
def finished(planned: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[TrialResult]]]:
    home = tmp_path_factory.mktemp("recovery") / "w.graft"
    with one_thread():
        with Workspace.create(home) as space:
            space.add_plan(planned, RECIPE)
            results = run_trials(space, planned.trials)
            assert space.check() == []
        yield home, results


def test_every_model_of_the_recipe_is_made_and_measured(
    planned: Plan, finished: tuple[Path, list[TrialResult]]
) -> None:
    names = [trial.model.name for trial in planned.trials]
    assert "dense/sparse/recovered-6/taught" in names
    assert len(names) == 2 + 2 + 2 + 4 + 4
    assert all(result.values for result in finished[1])


def seconds(planned: Plan, results: list[TrialResult]) -> dict[str, float]:
    pairs = zip(planned.trials, results, strict=True)
    return {
        trial.model.name: next(v.value for v in result.values if v.measure == "cost.training")
        for trial, result in pairs
    }


def test_the_cost_of_training_adds_up_along_the_lineage(
    planned: Plan, finished: tuple[Path, list[TrialResult]]
) -> None:
    cost = seconds(planned, finished[1])
    assert cost["dense"] == cost["dense/sparse"] == 0
    short, long = "dense/sparse/recovered-4", "dense/sparse/recovered-6"
    assert 0 < cost[short] < cost[f"{short}/taught"]
    shared = f"{short}/taught+{short}/soup"  # both descend from one training
    assert cost[shared] == pytest.approx(cost[f"{short}/taught"])
    apart = f"{short}/taught+{long}/soup"
    assert cost[apart] == pytest.approx(cost[f"{short}/taught"] + cost[long])
    assert cost[f"{apart}/repaired"] == cost[apart]


def test_what_a_model_has_learnt_from_is_marked_along_the_lineage(
    planned: Plan, finished: tuple[Path, list[TrialResult]]
) -> None:
    found = {trial.model.name: result.overlap for trial, result in zip(planned.trials, finished[1], strict=True)}
    untouched = {"dense", "dense/sparse"}
    assert {name: found[name] for name in untouched} == dict.fromkeys(untouched, None)
    assert {overlap for name, overlap in found.items() if name not in untouched} == {1.0}
    with Workspace.open(finished[0], read_only=True) as space:
        marked = {(value.model, value.measure): value.overlap for value in space.values()}
    assert marked["dense/sparse/recovered-4", "accuracy"] == 1
    assert marked["dense/sparse/recovered-4", "cost.training"] is None


def test_what_is_kept_on_the_way_stays_and_drafts_go(finished: tuple[Path, list[TrialResult]]) -> None:
    home, results = finished
    found = [result.facts["training"].get("kept", []) for result in results if "training" in result.facts]
    assert [[entry["step"] for entry in kept] for kept in found] == [[3], [3, 6], [], []]
    files = [home / "checkpoints" / entry["file"] for kept in found for entry in kept]
    assert all(open_checkpoint(file).architecture for file in files)
    assert not list(home.rglob("*.draft"))
    assert {path for path in (home / "checkpoints").iterdir() if path.is_dir()} == {file.parent for file in files}


def test_a_measure_runs_over_the_checkpoints_on_the_way(finished: tuple[Path, list[TrialResult]]) -> None:
    home, results = finished
    kept = next(r.facts["training"]["kept"] for r in results if len(r.facts.get("training", {}).get("kept", ())) == 2)
    series = (home / "checkpoints" / kept[0]["file"]).parent / "*.safetensors"
    recipe = RECIPE.split("[[step]]")[0].replace("digits-resnet8.safetensors", str(series)) + (
        '[measure]\ndata = "train"\nwhat = ["accuracy"]'
    )
    trials = plan(anchored(parse_recipe(recipe), DEMO)).trials
    assert [trial.model.name for trial in trials] == ["dense/step0000003", "dense/step0000006"]
    runner = Runner(home, torch.device("cpu"))
    ran = [runner.run(trial, Quiet()) for trial in trials]
    assert all(result.values[0].measure == "accuracy" for result in ran)
    assert [result.overlap for result in ran] == [1, 1]


def test_an_interrupted_trial_goes_on_and_ends_with_the_same_tensors(
    planned: Plan, finished: tuple[Path, list[TrialResult]], tmp_path: Path
) -> None:
    for folder in ("arrays", "checkpoints"):
        (tmp_path / folder).mkdir()
    sparse, trial = (
        next(t for t in planned.trials if t.model.name.endswith(end)) for end in ("/sparse", "recovered-6")
    )
    runner = Runner(tmp_path, torch.device("cpu"))
    runner.run(sparse, Quiet())
    left = itertools.count(4, -1)
    with pytest.raises(Cancelled):
        runner.run(trial, Quiet(stop=lambda: next(left) <= 0))
    assert list((tmp_path / "checkpoints" / trial.model.identity).glob("*.draft"))
    resumed, whole = Runner(tmp_path, torch.device("cpu")).run(trial, Quiet()), finished[0]
    assert resumed.checkpoint
    again, once = (open_checkpoint(root / "checkpoints" / resumed.checkpoint) for root in (tmp_path, whole))
    assert_equal(again, once)
    assert not list(tmp_path.rglob("*.draft"))


def assert_equal(first: Checkpoint, second: Checkpoint) -> None:
    assert all(torch.equal(first.tensor(name), second.tensor(name)) for name in first.specs)


def test_data_and_teacher_are_part_of_the_identity(planned: Plan) -> None:
    other = plan(anchored(parse_recipe(RECIPE.replace("limit = 100", "limit = 90")), DEMO))
    first, second = (
        {t.model.name: t.model for t in made.trials if isinstance(t.model, DerivedModel)} for made in (planned, other)
    )
    assert first["dense/sparse"].identity == second["dense/sparse"].identity
    assert first["dense/sparse/recovered-4"].identity != second["dense/sparse/recovered-4"].identity
    assert set(first["dense/sparse/recovered-4/taught"].references) == {"data", "teacher"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('teacher = "dense"\n', "", "distil.logits: teacher"),
        ('teacher = "dense"', 'teacher = "sense"', "no model or earlier step 'sense'. Did you mean 'dense'"),
        ('teacher = "dense"', 'teacher = "recovered"', "stands for 2 models"),
        ("keep_every = 3", "warmup = 3\nschedule = 'one_cycle'", "one_cycle has a warm-up of its own"),
        ("learning_rate = 0.01", "learning_rate = 0", "learning_rate = 0 does not fit"),
    ],
)
def test_mistakes_are_found_before_anything_runs(old: str, new: str, sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        plan(anchored(parse_recipe(RECIPE.replace(old, new, 1)), DEMO))
    assert sentence in str(refused.value)


@pytest.mark.parametrize("name", ["cut.toml", "merge.toml"])
def test_the_shared_recipes_recovery_is_planned_as_written(name: str, shared: Path) -> None:
    path = shared / "examples" / name
    whole = read_recipe(path)
    model = whole.model[0].name
    steps = [step.replaced(of=(model,)) for step in whole.step if step.method in _RECOVERY]
    assert {step.method for step in steps} == ({"retrain.full"} if name == "cut.toml" else set(_RECOVERY))
    recipe: Recipe = whole.replaced(step=tuple(steps), measure=None)
    made = plan(anchored(recipe, path.parent)).trials[len(whole.model) :]
    for step, trial in zip(steps, made, strict=True):
        assert isinstance(trial.model, DerivedModel)
        assert step.parameters.items() <= trial.model.parameters.items()
        assert trial.operation_data["data"].name == step.parameters["data"]


_RECOVERY = ("retrain.full", "repair.norm")


def test_the_recipe_that_ships_is_planned(shared: Path, tmp_path: Path) -> None:
    text = (DEMO.parent / "recipes" / "recovery.toml").read_text()
    data = shared / "data"
    for old, new in (("cifar10/resnet20", f"{data}/cifar10-resnet/resnet20"), ("cifar10/t", f"{data}/cifar10-jpeg/t")):
        text = text.replace(old, new)
    assert len(plan(anchored(parse_recipe(text), tmp_path)).trials) == 3 + 4 * 3
