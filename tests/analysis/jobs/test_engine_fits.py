"""Fits wait for the trials, go back to the list when they are stopped, and are done where recipes are checked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.protocol import Done, Failed
from graftwork.analysis.trials import FitEntry, FitResult, FitSpec, Plan, Value
from graftwork.analysis.workspace import Workspace

from .making import SOURCE, child, trial
from .test_engine import Puppet

LEFT, RIGHT = child("left", SOURCE), child("right", SOURCE)
FIT = FitSpec(
    name="law", fit="fit.power_law", version=1, of=(FitEntry(name="all", models=(LEFT.identity, RIGHT.identity)),)
)
PLAN = Plan(title="Two", trials=(trial(LEFT, SOURCE), trial(RIGHT, SOURCE)), fits=(FIT,))
RESULT = FitResult(values=(Value(measure="fit.power_law.beta", value=-0.5, low=-0.6, high=-0.4),), remarks=("It is.",))


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    """Return a new workspace."""
    with Workspace.create(tmp_path / "w.graft") as space:
        yield space


@pytest.fixture
def puppets() -> tuple[Puppet, Puppet]:
    """Return where trials run and where recipes are checked."""
    return Puppet(), Puppet()


@pytest.fixture
def engine(space: Workspace, puppets: tuple[Puppet, Puppet]) -> Iterator[Engine]:
    """Return an engine that has been given two trials and a fit."""
    engine = Engine(space, *puppets)
    engine.submit("title = 'Two'", space.path)
    job = puppets[1].job("Checking the recipe")
    puppets[1].end(job, Done(job.id, PLAN))
    yield engine
    engine.close()


def test_a_fit_waits_for_all_trials_and_is_done_by_the_planner(
    engine: Engine, puppets: tuple[Puppet, Puppet], space: Workspace
) -> None:
    trials, planner = puppets
    trials.do("left", space.path)
    trials.job("right")
    assert not planner.live
    trials.do("right", space.path)
    job = planner.job("law")
    assert engine.running
    assert job.payload == {"root": str(space.path), "spec": FIT}
    planner.end(job, Done(job.id, RESULT))
    assert engine.wait(10)
    (record,) = space.fits()
    assert record.result == RESULT
    engine.resume()
    assert engine.wait(10)
    assert not planner.live


def test_a_fit_that_is_stopped_is_done_when_the_engine_goes_on(
    engine: Engine, puppets: tuple[Puppet, Puppet], space: Workspace
) -> None:
    trials, planner = puppets
    for name in ("left", "right"):
        trials.do(name, space.path)
    planner.job("law")
    engine.cancel()
    assert engine.wait(10)
    assert space.fits()[0].inputs is None
    engine.resume()
    job = planner.job("law")
    planner.end(job, Done(job.id, RESULT))
    assert engine.wait(10)
    assert space.fits()[0].result == RESULT


def test_a_fit_that_fails_is_recorded_and_not_tried_for_ever(
    engine: Engine, puppets: tuple[Puppet, Puppet], space: Workspace
) -> None:
    trials, planner = puppets
    job = trials.job("left")
    trials.end(job, Failed(job.id, "It broke.", "Mend it."))
    trials.do("right", space.path)
    job = planner.job("law")
    planner.end(job, Failed(job.id, "Too few.", "Measure more."))
    assert engine.wait(10)
    assert (space.fits()[0].problem, space.fits()[0].next_step) == ("Too few.", "Measure more.")
    assert not planner.live
