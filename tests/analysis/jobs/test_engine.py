"""The engine over an executor that is told when each trial ends, and how."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.executor import Executor, Job
from graftwork.analysis.jobs.protocol import Done, Failed, Stopped
from graftwork.analysis.trials import DerivedModel, Plan, Trial, TrialResult
from graftwork.analysis.workspace import Workspace

from .making import SOURCE, child, trial

LEFT, RIGHT = child("left", SOURCE), child("right", SOURCE)
BOTH = child("both", LEFT, RIGHT)
PLAN = Plan(title="Diamond", trials=(trial(LEFT, SOURCE), trial(RIGHT, SOURCE), trial(BOTH, LEFT, RIGHT)))


class Puppet(Executor):
    """Runs what it is told to, when it is told to."""

    slots = 2

    def __init__(self) -> None:
        self.began = threading.Condition()
        self.live: list[Job] = []

    def submit(self, task: str, payload: Mapping[str, Any] | None = None, title: str = "") -> Job:
        """Keep the job until it is told how it ended; a plan is ready at once."""
        job = Job(title, task, payload or {})
        job.run()
        with self.began:
            self.live.append(job)
            self.began.notify_all()
        return job

    def cancel(self, job: Job) -> None:
        """Stop it at once, unless it is over."""
        if not job.over:
            self.end(job, Stopped(job.id))

    def close(self) -> None:
        """Nothing is open."""

    def end(self, job: Job, outcome: Done | Failed | Stopped) -> None:
        """Let a job be over."""
        with self.began:
            self.live.remove(job)
        job.end(outcome)
        self.changed.emit(job)

    def job(self, title: str) -> Job:
        """Wait for a job, and return it."""
        with self.began:
            assert self.began.wait_for(lambda: any(job.title == title for job in self.live), 10), title
            return next(job for job in self.live if job.title == title)

    def do(self, title: str, root: Path) -> None:
        """Do the trial of a model as a worker does."""
        job = self.job(title)
        done: Trial = job.payload["trial"]
        name = None
        if isinstance(done.model, DerivedModel):
            name = f"{done.model.identity}.safetensors"
            (root / "checkpoints" / name).write_bytes(b"")
        result = TrialResult(trial=done.identity, values=(), columns={}, checkpoint=name, facts={}, seconds=0.1)
        self.end(job, Done(job.id, result))


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    """Return a new workspace."""
    with Workspace.create(tmp_path / "w.graft") as space:
        yield space


@pytest.fixture
def puppet() -> Puppet:
    """Return an executor of two slots."""
    return Puppet()


@pytest.fixture
def engine(space: Workspace, puppet: Puppet) -> Iterator[Engine]:
    """Return an engine that has been given the diamond."""
    engine = Engine(space, puppet)
    engine.submit("title = 'Diamond'", space.path)
    job = puppet.job("Checking the recipe")
    puppet.end(job, Done(job.id, PLAN))
    yield engine
    engine.close()


def states(space: Workspace) -> dict[str, str]:
    return {record.model: record.state for record in space.trials()}


def test_a_plan_runs_to_its_end_as_wide_as_there_are_slots(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    puppet.job("left")
    puppet.job("right")
    assert [job.title for job in puppet.live] == ["left", "right"]
    assert engine.running
    puppet.do("right", space.path)
    puppet.do("left", space.path)
    puppet.do("both", space.path)
    assert engine.wait(10)
    assert set(states(space).values()) == {"done"}
    assert engine.jobs == ()


def test_a_failure_takes_its_children_with_it_and_nobody_else(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    job = puppet.job("left")
    puppet.end(job, Failed(job.id, "It broke.", "Mend it."))
    puppet.do("right", space.path)
    assert engine.wait(10)
    assert states(space) == {"left": "failed", "right": "done", "both": "failed"}
    problems = {record.model: record.problem for record in space.trials()}
    assert problems["left"] == "It broke."
    assert problems["both"] == "Its parent left was not made."


def test_a_stop_puts_all_back_and_resuming_goes_on(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    puppet.do("left", space.path)
    puppet.job("right")
    engine.cancel()
    assert engine.wait(10)
    assert states(space) == {"left": "done", "right": "pending", "both": "pending"}
    engine.resume()
    puppet.do("right", space.path)
    puppet.do("both", space.path)
    assert engine.wait(10)
    assert set(states(space).values()) == {"done"}


def test_closing_puts_back_what_runs(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    puppet.job("left")
    engine.close()
    assert set(states(space).values()) == {"pending"}


def test_a_skipped_trial_is_off_the_list_and_the_others_go_on(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    engine.skip(PLAN.trials[0].identity)
    puppet.do("right", space.path)
    assert engine.wait(10)
    assert states(space) == {"left": "cancelled", "right": "done", "both": "failed"}


@pytest.mark.parametrize("which", [0, 2], ids=["running", "waiting"])
def test_the_draft_of_a_skipped_training_goes_and_that_of_a_stopped_one_stays(
    which: int, engine: Engine, puppet: Puppet, space: Workspace
) -> None:
    drafts = [space.checkpoints / trial.model.identity / "training.draft" for trial in PLAN.trials]
    puppet.job("left")
    for draft in drafts:
        draft.parent.mkdir()
        draft.touch()
    engine.skip(PLAN.trials[which].identity)
    engine.cancel()
    assert engine.wait(10)
    assert [draft.exists() for draft in drafts] == [number != which for number in range(3)]
    assert space.check() == []


def test_a_result_without_its_file_fails_its_trial_alone(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    job = puppet.job("left")
    result = TrialResult(
        trial=job.payload["trial"].identity,
        values=(),
        columns={},
        checkpoint="gone.safetensors",
        facts={},
        seconds=0,
    )
    puppet.end(job, Done(job.id, result))
    puppet.do("right", space.path)
    assert engine.wait(10)
    assert states(space)["left"] == "failed"
    assert states(space)["right"] == "done"


def test_a_refused_recipe_is_told_and_the_engine_rests(space: Workspace, puppet: Puppet) -> None:
    engine = Engine(space, puppet)
    told: list[UserError] = []
    engine.refused.connect(told.append)
    engine.submit("", space.path)
    job = puppet.job("Checking the recipe")
    assert engine.planning
    puppet.end(job, Failed(job.id, "There is no model 'x'.", "Mend its name."))
    assert engine.wait(10)
    assert not engine.planning
    assert [error.problem for error in told] == ["There is no model 'x'."]
    engine.close()


def test_whoever_submits_a_recipe_hears_what_becomes_of_it(space: Workspace, puppet: Puppet) -> None:
    engine = Engine(space, puppet)
    refused = engine.submit("", space.path)
    puppet.end(job := puppet.job("Checking the recipe"), Failed(job.id, "There is no model 'x'.", "Mend its name."))
    with pytest.raises(UserError, match="There is no model 'x'"):
        refused.result(10)
    accepted = engine.submit("", space.path)
    puppet.end(job := puppet.job("Checking the recipe"), Done(job.id, Plan(title="None", trials=())))
    accepted.result(10)
    stopped = engine.submit("", space.path)
    puppet.cancel(puppet.job("Checking the recipe"))
    with pytest.raises(Cancelled):
        stopped.result(10)
    waiting = engine.submit("", space.path)
    puppet.job("Checking the recipe")
    engine.close()
    with pytest.raises((Cancelled, CancelledError)):
        waiting.result(10)


def test_a_recipe_that_is_taken_back_while_it_is_checked_is_not_run(space: Workspace, puppet: Puppet) -> None:
    engine = Engine(space, puppet)
    outcome = engine.submit("", space.path)
    job = puppet.job("Checking the recipe")
    assert outcome.cancel()
    puppet.end(job, Done(job.id, PLAN))
    assert engine.wait(10)
    assert space.trials() == []
    engine.close()


def test_a_workspace_that_cannot_keep_a_plan_refuses_it(
    space: Workspace, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise UserError("The disk is full.", "Free some space.")

    engine = Engine(space, puppet)
    monkeypatch.setattr(space, "add_plan", full)
    outcome = engine.submit("", space.path)
    puppet.end(job := puppet.job("Checking the recipe"), Done(job.id, PLAN))
    with pytest.raises(UserError, match="The disk is full"):
        outcome.result(10)
    engine.close()


def test_a_workspace_that_cannot_be_written_stops_the_engine_with_the_reason(
    engine: Engine, puppet: Puppet, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[UserError] = []
    engine.refused.connect(told.append)

    def full(*_: object) -> None:
        raise UserError("The disk is full.", "Free some space.")

    puppet.job("right")
    with monkeypatch.context() as patch:
        for name in ("finish", "fail", "begin"):
            patch.setattr(space, name, full)
        puppet.do("left", space.path)
        assert engine.wait(10)
    assert [error.problem for error in told] == ["The disk is full."]
    assert not puppet.live
    engine.resume()
    for name in ("left", "right", "both"):
        puppet.do(name, space.path)
    assert engine.wait(10)
    assert set(states(space).values()) == {"done"}


def test_a_result_that_cannot_be_kept_fails_its_trial_alone(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    job = puppet.job("left")
    odd = TrialResult(
        trial=job.payload["trial"].identity,
        values=(),
        columns={},
        checkpoint="../elsewhere",
        facts={},
        seconds=0,
    )
    puppet.end(job, Done(job.id, odd))
    puppet.do("right", space.path)
    assert engine.wait(10)
    assert states(space)["left"] == "failed"
    assert states(space)["right"] == "done"


def test_a_fault_of_the_program_stops_the_engine_with_the_reason(
    engine: Engine, puppet: Puppet, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[UserError] = []
    engine.refused.connect(told.append)

    def broken(*_: object) -> None:
        raise KeyError("state")

    puppet.job("right")
    with monkeypatch.context() as patch:
        patch.setattr(space, "finish", broken)
        puppet.do("left", space.path)
        assert engine.wait(10)
    assert [error.problem for error in told] == ["The run stopped: KeyError: 'state'."]
    engine.resume()
    for name in ("left", "right", "both"):
        puppet.do(name, space.path)
    assert engine.wait(10)
    assert set(states(space).values()) == {"done"}
