"""From a recipe to the workspace's table: fits run once their models are measured, and again when these change."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import torch

from graftwork.analysis.catalogue import Quantity
from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.fits.power_law import PowerLaw
from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.executor import Executor, Job
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES, Evidence
from graftwork.analysis.models.weight import names_of
from graftwork.analysis.recipe import anchored, parse_recipe, write_recipe
from graftwork.analysis.registry import Parameters
from graftwork.analysis.search.proposing import Searching
from graftwork.analysis.sets.gathering import correctness_of
from graftwork.analysis.trials import TrialResult, Value
from graftwork.analysis.worker.answering import answer
from graftwork.analysis.worker.tasks import Desk
from graftwork.analysis.workspace import FitRecord, Workspace, unpack

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
CROSSING = 8e3
LAWS = {"prune.magnitude": PowerLaw(40.0, -0.5, 0.05), "prune.random": PowerLaw(40.0 * CROSSING**0.2, -0.7, 0.05)}
BASE = """
[[model]]
name = "net"
path = "digits-resnet8.safetensors"
[[data]]
name = "test"
path = "digits"
split = "test"
normalise = "digits"
limit = 20
"""
RECIPE = (
    BASE
    + """
[[step]]
method = "prune.magnitude"
of = ["net"]
amount = [0.0, 0.3, 0.6, 0.8, 0.95]
[[step]]
method = "prune.random"
of = ["net"]
amount = [0.0, 0.3, 0.6, 0.8, 0.95]
[measure]
data = "test"
what = ["accuracy", "synthetic"]
[[fit]]
name = "which way scales"
what = "fit.power_law"
of = ["magnitude", "random"]
x = "synthetic.size"
y = "synthetic"
by = "method"
"""
)


class Here(Executor):
    """Does every task at once, in this process, and notes which."""

    slots = 1

    def __init__(self) -> None:
        self.tasks: list[str] = []
        self.desk = Desk(torch.device("cpu"))

    def submit(self, task: str, payload: Mapping[str, Any] | None = None, title: str = "") -> Job:
        """Do it, and return its outcome."""
        job = Job(title, task, payload or {})
        self.tasks.append(task)
        job.end(answer(job.id, task, job.payload, self.desk, Quiet()))
        self.changed.emit(job)
        return job

    def cancel(self, job: Job) -> None:
        """It is over already."""

    def close(self) -> None:
        """Nothing is open."""


class NoParameters(Parameters):
    """None."""


def synthetic(evidence: Evidence, parameters: NoParameters) -> Iterator[Value]:
    """Count the weights that are not zero, and give the error that the law of the model's method has for so many."""
    law = LAWS["prune.random" if "prune.random" in str(evidence.checkpoint.metadata) else "prune.magnitude"]
    size = sum(int((evidence.checkpoint.tensor(name) != 0).sum()) for name in names_of(evidence.checkpoint.weights()))
    yield Value(measure="synthetic.size", value=size)
    yield Value(measure="synthetic", value=float(law.at(size)))


@pytest.fixture(autouse=True)
def _synthetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MEASURES, "_items", dict(MEASURES.load()))
    quantities = (
        Quantity(name="synthetic", title="A law", better="lower"),
        Quantity(name="synthetic.size", title="Size"),
    )
    MEASURES.register("synthetic", title="A law", citation="none", quantities=quantities)(synthetic)


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    """Return a new workspace."""
    with Workspace.create(tmp_path / "w.graft") as space:
        yield space


def ran(space: Workspace, recipe: str) -> Here:
    """Run a recipe to its end."""
    here = Here()
    engine = Engine(space, here)
    refused: list[UserError] = []
    engine.refused.connect(refused.append)
    engine.submit(recipe, DEMO)
    assert engine.wait(100)
    engine.close()
    assert not refused, refused
    return here


def the_fit(space: Workspace) -> FitRecord:
    (record,) = space.fits()
    return record


def _correctness_is_that_of_the_accuracies(space: Workspace) -> None:
    kept = correctness_of(space, the_fit(space).spec)
    assert kept is not None
    assert kept.samples == 20
    names = {model.identity: model.name for model in space.models()}
    accuracy = {v.model: v.value for v in space.values() if v.measure == "accuracy"}
    found = {names[model]: interval.mean for model, interval in kept.accuracies().items()}
    assert len(found) == 10
    assert found == {name: pytest.approx(accuracy[name]) for name in found}


def test_a_recipes_fit_finds_the_laws_and_runs_again_only_for_new_values(space: Workspace) -> None:
    assert ran(space, RECIPE).tasks == ["plan", *["trial"] * 11, "fit"]
    record = the_fit(space)
    values = {value.measure: value for value in record.result.values}
    for method, law in LAWS.items():
        assert values[f"fit.power_law.beta.group.{method}"].value == pytest.approx(law.beta, abs=0.02)
    crossing = values["fit.power_law.crossing.pair.prune.magnitude.prune.random"]
    assert crossing.value == pytest.approx(CROSSING, rel=0.05)
    assert "prune.magnitude and prune.random: crossing at n = " in record.result.remarks[-1]
    _correctness_is_that_of_the_accuracies(space)
    before = record.result

    assert ran(space, RECIPE).tasks == ["plan"]
    assert the_fit(space).result == before

    trial = next(t for t in space.trials() if t.model == "net/magnitude-0.8")
    space.finish(
        TrialResult(
            trial=trial.identity,
            values=(Value(measure="synthetic.size", value=9e3), Value(measure="synthetic", value=9.0)),
            columns={},
            checkpoint=f"{trial.spec.model.identity}.safetensors",
            facts={},
            seconds=1,
        )
    )
    assert ran(space, RECIPE).tasks == ["plan", "fit"]
    changed = {value.measure: value.value for value in the_fit(space).result.values}
    assert changed["fit.power_law.residual.group.prune.magnitude"] > 0.1
    random = "fit.power_law.beta.group.prune.random"
    assert changed[random] == values[random].value


def test_a_fit_that_cannot_be_done_says_why_and_is_tried_again_by_the_next_run(space: Workspace) -> None:
    recipe = RECIPE.replace("[0.0, 0.3, 0.6, 0.8, 0.95]", "[0.2, 0.4]")
    assert ran(space, recipe).tasks[-1] == "fit"
    assert "needs 4 different sizes, and there are 2" in the_fit(space).problem
    assert the_fit(space).result.values == ()
    assert ran(space, recipe).tasks == ["plan", "fit"]


TRAINED = (
    BASE
    + """
[[step]]
name = "trained"
method = "retrain.full"
of = ["net"]
data = "test"
steps = 6
batch = 20
keep_every = 2
"""
)
TRACED = (
    BASE
    + """
[[model]]
name = "run"
path = "workspace:net/trained@*"
[measure]
data = "test"
what = ["accuracy", "loss"]
[[fit]]
what = "trace.checkpoints"
of = ["run"]
y = "loss"
"""
)


@pytest.fixture
def trained(space: Workspace) -> Workspace:
    """Return the workspace after a training that kept checkpoints."""
    ran(space, TRAINED)
    return space


def test_they_are_traced_where_the_workspace_is_unpacked_too(trained: Workspace, tmp_path: Path) -> None:
    archive = trained.pack(tmp_path / "packed.zip")
    rmtree(trained.checkpoints)
    with Workspace.open(unpack(archive, tmp_path / "elsewhere.graft")) as copy:
        assert copy.check() == []
        ran(copy, TRACED)
        assert the_fit(copy).problem == ""
        assert "trace.checkpoints.at.6" in {value.measure for value in the_fit(copy).result.values}


def test_checkpoints_kept_while_training_are_traced(trained: Workspace) -> None:
    space = trained
    ran(space, TRACED)
    record = the_fit(space)
    assert record.problem == ""
    losses = {v.model: v for v in space.values() if v.measure == "loss"}
    values = {value.measure: value for value in record.result.values}
    for step in (2, 4, 6):
        own = losses[f"run/step{step:07d}"]
        assert values[f"trace.checkpoints.at.{step}"].value == own.value
        assert values[f"trace.checkpoints.at.{step}"].low == own.low
    with pytest.raises(UserError, match="No checkpoints were kept while 'net' was trained"):
        plan(
            anchored(parse_recipe(TRACED.replace("net/trained@*", "net@*")), DEMO),
            kept={t.model: t.spec.model for t in space.trials()},
            root=space.path,
        )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('what = "fit.power_law"', 'what = "fit.powerlaw"', "no fit 'fit.powerlaw'. Did you mean 'fit.power_law'?"),
        ('y = "synthetic"', 'y = "synthetc"', "'synthetc'. Did you mean 'synthetic'?"),
        ('of = ["magnitude", "random"]', 'of = ["magnitud"]', "no model or step 'magnitud'"),
        ('by = "method"', "resample = 9", "no parameter of fit.power_law called 'resample'"),
        ('by = "method"', "resamples = 1", "fit.power_law: resamples = 1 does not fit"),
        ("[measure]", "[measuring]", "unknown key measuring"),
    ],
)
def test_a_fit_that_does_not_fit_is_refused_before_anything_runs(old: str, new: str, said: str) -> None:
    with pytest.raises(UserError) as refusal:
        plan(anchored(parse_recipe(RECIPE.replace(old, new)), DEMO))
    assert said in str(refusal.value)


def test_a_recipe_that_fits_without_measuring_is_refused() -> None:
    start, end = RECIPE.index("[measure]"), RECIPE.index("[[fit]]")
    with pytest.raises(UserError, match="fits what it does not measure"):
        plan(anchored(parse_recipe(RECIPE[:start] + RECIPE[end:]), DEMO))


SEARCH = """
[search]
goal = "smallest"
keep = {accuracy = 0.5}
objectives = ["synthetic"]
sampler = "random"
trials = 4
[search.over.random]
amount = {low = 0, high = 0.9}
"""


def searching() -> str:
    """Return the recipe with the amount of the random masks left to a search."""
    step = 'method = "prune.random"\nof = ["net"]\n'
    assert f"{step}amount" in RECIPE
    head, tail = RECIPE.split(f"{step}amount", 1)
    return head + step + tail.split("\n", 1)[1] + SEARCH


def test_a_search_ends_with_the_fits_over_all_that_it_tried(space: Workspace) -> None:
    tasks = ran(space, searching()).tasks
    assert tasks.count("propose") == 5
    assert tasks.index("fit") == len(tasks) - 1
    record = the_fit(space)
    assert record.problem == ""
    named = {entry.name: len(entry.models) for entry in record.spec.of}
    assert named == {"magnitude": 5, "random": 4}
    assert any("prune.random" in value.measure for value in record.result.values)


def test_a_search_is_the_same_whatever_is_fitted_to_it_and_says_what_will_be() -> None:
    fitted = anchored(parse_recipe(searching()), DEMO)
    bare = fitted.replaced(fit=())
    first, second = (Searching(recipe).begin().search for recipe in (fitted, bare))
    assert first
    assert second
    assert first.identity == second.identity
    assert first.fits == ("which way scales",)


def test_a_fit_of_a_search_is_checked_before_anything_runs() -> None:
    with pytest.raises(UserError, match="no model or step 'magnitud'"):
        Searching(anchored(parse_recipe(searching().replace('of = ["magnitude"', 'of = ["magnitud"')), DEMO)).begin()


def test_a_recipe_with_fits_is_written_as_it_was_read() -> None:
    recipe = parse_recipe(RECIPE.replace('by = "method"', "resamples = 50"))
    assert parse_recipe(write_recipe(recipe)) == recipe
    assert recipe.fit[0].parameters == {"resamples": 50}
