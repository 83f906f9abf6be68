"""The order of trials."""

import random

import pytest

from graftwork.analysis.jobs.schedule import Schedule
from graftwork.analysis.trials import ModelSpec, Trial

from .making import SOURCE, child, trial

LEFT, RIGHT = child("left", SOURCE), child("right", SOURCE)
BOTH = child("both", LEFT, RIGHT)
DIAMOND = (trial(SOURCE), trial(LEFT, SOURCE), trial(RIGHT, SOURCE), trial(BOTH, LEFT, RIGHT))


@pytest.fixture
def made() -> set[str]:
    """Return the identities of the models that have been made."""
    return set()


@pytest.fixture
def schedule(made: set[str]) -> Schedule:
    """Return a schedule of the diamond."""
    schedule = Schedule(made.__contains__)
    schedule.add(DIAMOND)
    return schedule


def take_all(schedule: Schedule) -> list[Trial]:
    return list(iter(schedule.take, None))


def test_what_needs_nothing_begins_at_once(schedule: Schedule) -> None:
    assert take_all(schedule) == list(DIAMOND[:3])
    assert len(schedule) == 1


def test_a_child_waits_for_all_its_parents(schedule: Schedule, made: set[str]) -> None:
    take_all(schedule)
    for parent in (LEFT, RIGHT):
        assert schedule.take() is None
        made.add(parent.identity)
        schedule.end(trial(parent, SOURCE).identity)
    assert schedule.take() == DIAMOND[3]


def test_nobody_is_an_orphan_while_a_parent_may_come(schedule: Schedule) -> None:
    assert not list(schedule.orphans())
    take_all(schedule)
    assert not list(schedule.orphans())


def test_children_of_what_failed_are_orphans_and_so_are_theirs(schedule: Schedule) -> None:
    grandchild = trial(child("grandchild", BOTH), BOTH)
    schedule.add([grandchild])
    take_all(schedule)
    schedule.end(DIAMOND[1].identity)  # over, and nothing was made
    assert list(schedule.orphans()) == [(DIAMOND[3], LEFT), (grandchild, BOTH)]
    assert len(schedule) == 0


def test_a_parent_from_an_earlier_run_serves(made: set[str]) -> None:
    made.update([LEFT.identity, RIGHT.identity])
    schedule = Schedule(made.__contains__)
    schedule.add(DIAMOND[3:])
    assert not list(schedule.orphans())
    assert schedule.take() == DIAMOND[3]


def test_a_model_is_made_once(made: set[str]) -> None:
    schedule = Schedule(made.__contains__)
    first, second = trial(LEFT, SOURCE), trial(LEFT, SOURCE, seed=1)
    schedule.add([first, second])
    assert take_all(schedule) == [first]
    made.add(LEFT.identity)
    schedule.end(first.identity)
    assert schedule.take() == second


def test_a_trial_waits_and_runs_once(schedule: Schedule) -> None:
    schedule.add(DIAMOND)
    running = take_all(schedule)
    schedule.add(DIAMOND)
    assert len(running) == 3
    assert len(schedule) == 1


def test_what_is_dropped_does_not_run(schedule: Schedule) -> None:
    schedule.drop(DIAMOND[1].identity)
    schedule.drop(DIAMOND[1].identity)
    assert take_all(schedule) == [DIAMOND[0], DIAMOND[2]]
    assert list(schedule.orphans()) == [(DIAMOND[3], LEFT)]


@pytest.mark.parametrize("seed", range(20))
def test_any_graph_in_any_order_is_run_whole_with_parents_first(seed: int, made: set[str]) -> None:
    draw = random.Random(seed)
    models: list[ModelSpec] = [SOURCE]
    trials = []
    for number in range(30):
        parents = draw.sample(models, min(len(models), draw.randint(1, 3)))
        models.append(child(str(number), *parents))
        trials.append(trial(models[-1], *parents))
    draw.shuffle(trials)
    schedule = Schedule(made.__contains__)
    schedule.add(trials)
    running: list[Trial] = []
    finished = 0
    while running or len(schedule):
        running += take_all(schedule)
        over = running.pop(draw.randrange(len(running)))
        assert all(parent in made | {SOURCE.identity} for parent in over.inputs)
        made.add(over.model.identity)
        schedule.end(over.identity)
        finished += 1
    assert finished == 30


def alone(model: ModelSpec, *inputs: ModelSpec) -> Trial:
    return trial(model, *inputs).replaced(alone=True)


def test_what_is_timed_runs_alone_and_is_not_overtaken(made: set[str]) -> None:
    schedule = Schedule(made.__contains__)
    first, timed, last = trial(SOURCE), alone(LEFT, SOURCE), trial(RIGHT, SOURCE)
    schedule.add((first, timed, last))
    assert take_all(schedule) == [first]
    schedule.end(first.identity)
    assert take_all(schedule) == [timed]
    schedule.end(timed.identity)
    assert take_all(schedule) == [last]


def test_on_machines_apart_what_is_timed_runs_beside_the_others(made: set[str]) -> None:
    schedule = Schedule(made.__contains__, apart=True)
    trials = [trial(SOURCE), alone(LEFT, SOURCE), alone(RIGHT, SOURCE)]
    schedule.add(trials)
    assert take_all(schedule) == trials
