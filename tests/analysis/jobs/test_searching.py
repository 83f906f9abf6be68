"""The engine asks searches how they go on, over an executor that is told what to answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.protocol import Done, Failed
from graftwork.analysis.trials import Answer, Plan, Proposal, Proposed, SearchSpec
from graftwork.analysis.workspace import Workspace

from .making import SOURCE, child, trial
from .test_engine import Puppet

SPEC = SearchSpec(identity="s", measures=("accuracy",), trials=3)
BASE = Plan(title="Smallest", trials=(trial(SOURCE),), search=SPEC)
FIRST, SECOND = (trial(child(name, SOURCE), SOURCE) for name in ("first", "second"))
TWO = Proposal(
    answer=Answer(sentence="Nothing yet."),
    points=tuple(Proposed(point={}, trials=(t.identity,)) for t in (FIRST, SECOND)),
    plan=Plan(title="", trials=(*BASE.trials, FIRST, SECOND)),
)
END = Proposal(answer=Answer(sentence="Found."))
ASKING = "Searching: Smallest"


@pytest.fixture
def puppet() -> Puppet:
    return Puppet()


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "w.graft") as space:
        yield space


@pytest.fixture
def engine(space: Workspace, puppet: Puppet) -> Iterator[Engine]:
    """Return an engine that has been given the search."""
    engine = Engine(space, puppet)
    engine.submit("title = 'Smallest'", space.path)
    job = puppet.job("Checking the recipe")
    puppet.end(job, Done(job.id, BASE))
    yield engine
    engine.close()


def answer(puppet: Puppet, proposal: Proposal) -> None:
    job = puppet.job(ASKING)
    puppet.end(job, Done(job.id, proposal))


def test_a_search_is_asked_until_it_is_finished(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    puppet.do("source", space.path)
    asked = puppet.job(ASKING)
    assert asked.payload["slots"] == 2
    assert asked.payload["tried"] == []
    assert asked.payload["folder"] == str(space.path)
    answer(puppet, TWO)
    puppet.do("first", space.path)
    puppet.job("second")
    assert [job.title for job in puppet.live] == ["second"]
    puppet.do("second", space.path)
    assert [entry.trials for entry in puppet.job(ASKING).payload["tried"]] == [(FIRST.identity,), (SECOND.identity,)]
    answer(puppet, END)
    assert engine.wait(10)
    (search,) = space.searches()
    assert search.finished
    assert search.answer == END.answer


def test_a_search_that_was_stopped_goes_on_in_another_process(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    puppet.do("source", space.path)
    puppet.job(ASKING)
    engine.close()
    assert engine.unfinished() == 1
    later = Engine(space, puppet)
    later.resume()
    answer(puppet, TWO)
    puppet.do("first", space.path)
    later.cancel()
    assert later.wait(10)
    assert later.unfinished() == 1
    later.resume()
    puppet.do("second", space.path)
    answer(puppet, END)
    assert later.wait(10)
    assert later.unfinished() == 0
    later.close()


def test_a_failed_trial_leaves_the_search_going_on(engine: Engine, puppet: Puppet, space: Workspace) -> None:
    puppet.do("source", space.path)
    answer(puppet, TWO)
    job = puppet.job("first")
    puppet.end(job, Failed(job.id, "It broke.", "Mend it."))
    puppet.do("second", space.path)
    answer(puppet, END)
    assert engine.wait(10)
    assert space.searches()[0].finished


def test_a_search_that_cannot_go_on_says_why_and_is_asked_again_on_resuming(
    engine: Engine, puppet: Puppet, space: Workspace
) -> None:
    told: list[UserError] = []
    engine.refused.connect(told.append)
    puppet.do("source", space.path)
    job = puppet.job(ASKING)
    puppet.end(job, Failed(job.id, "Its reference has no accuracy.", "See why."))
    assert engine.wait(10)
    assert [error.problem for error in told] == ["Its reference has no accuracy."]
    engine.resume()
    answer(puppet, END)
    assert engine.wait(10)
    assert space.searches()[0].finished
