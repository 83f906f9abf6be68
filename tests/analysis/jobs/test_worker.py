"""The worker process seen from outside: results, cancelling, deaths."""

import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.entry import enter
from graftwork.analysis.jobs.executor import Job
from graftwork.analysis.jobs.worker import Worker

TASKS = '''
"""Tasks that misbehave on purpose."""

import os
import time

from graftwork.analysis.errors import UserError


def enter(connection, threads, memory):
    from graftwork.analysis.worker import serve, tasks

    tasks.TASKS.clear()
    tasks.TASKS.update(echo=echo, count=count, stubborn=stubborn, refuse=refuse, exhaust=exhaust, fault=fault)
    tasks.TASKS.update(card=echo, layers=stubborn, preview=refuse)
    tasks.TASKS.update(unsendable=unsendable, talk=talk)
    serve.serve(connection, 1)


def stillborn(connection, threads, memory):
    os._exit(3)


def echo(desk, payload, ticket):
    return payload


def count(desk, payload, ticket):
    for step in range(payload["steps"]):
        ticket.progress(step, payload["steps"], "counting")
        time.sleep(0.01)
    return "counted"


def stubborn(desk, payload, ticket):
    time.sleep(60)


def refuse(desk, payload, ticket):
    raise UserError("The moon is full.", "Wait a week.")


def exhaust(desk, payload, ticket):
    raise MemoryError


def fault(desk, payload, ticket):
    return 1 / 0


def unsendable(desk, payload, ticket):
    return lambda: None


def talk(desk, payload, ticket):
    print("printed in Python")
    os.write(1, b"printed below it")
'''


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    (tmp_path / "misbehaving.py").write_text(TASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("misbehaving")
    sys.modules.pop("misbehaving")


@pytest.fixture
def worker(misbehaving: object) -> Iterator[Worker]:
    worker = Worker("test", threads=1, entry=misbehaving.enter)  # type: ignore[attr-defined]
    yield worker
    worker.close()


def _running(worker: Worker, job: Job) -> int:
    deadline = time.monotonic() + 60
    while (job.state != "running" or not worker.device) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert job.state == "running"
    assert worker.pid
    return worker.pid


def test_results_come_back_in_order(worker: Worker) -> None:
    jobs = [worker.submit("echo", {"number": number}) for number in range(5)]
    assert [job.result(60)["number"] for job in jobs] == list(range(5))


def test_refusals_and_faults_fail_their_own_job_alone(worker: Worker) -> None:
    with pytest.raises(UserError, match="The moon is full"):
        worker.submit("refuse").result(60)
    with pytest.raises(UserError, match="not enough memory"):
        worker.submit("exhaust").result(60)
    fault = worker.submit("fault")
    with pytest.raises(UserError, match="ZeroDivisionError"):
        fault.result(60)
    assert "return 1 / 0" in fault.detail
    assert worker.submit("echo", {"alive": True}).result(60) == {"alive": True}


def test_a_result_that_cannot_be_sent_fails_its_own_job_alone(worker: Worker) -> None:
    with pytest.raises(UserError, match="Its result cannot be sent"):
        worker.submit("unsendable").result(60)
    assert worker.submit("echo", {"alive": True}).result(60) == {"alive": True}


def test_what_a_method_prints_is_no_part_of_the_output(misbehaving: object, capfd: pytest.CaptureFixture[str]) -> None:
    worker = Worker("talker", threads=1, entry=misbehaving.enter)  # type: ignore[attr-defined] # begun under capture
    worker.submit("talk").result(60)
    worker.close()
    said = capfd.readouterr()
    assert "printed" not in said.out
    assert "printed in Python" in said.err
    assert "printed below it" in said.err


def test_a_cooperative_job_is_cancelled_in_the_same_process(worker: Worker) -> None:
    job = worker.submit("count", {"steps": 6000})
    pid = _running(worker, job)
    start = time.monotonic()
    worker.cancel(job)
    with pytest.raises(Cancelled):
        job.result(5)
    assert time.monotonic() - start < 1
    assert worker.submit("echo").result(60) == {}
    assert worker.pid == pid


def test_a_stubborn_job_is_stopped_within_a_second_and_the_queue_goes_on(worker: Worker) -> None:
    job = worker.submit("stubborn")
    after = worker.submit("echo", {"after": 1})
    pid = _running(worker, job)
    start = time.monotonic()
    worker.cancel(job)
    with pytest.raises(Cancelled):
        job.result(5)
    assert time.monotonic() - start < 1.2
    assert after.result(60) == {"after": 1}
    assert worker.pid != pid


def test_a_waiting_job_is_cancelled_at_once(worker: Worker) -> None:
    running = worker.submit("count", {"steps": 100})
    waiting = worker.submit("echo")
    worker.cancel(waiting)
    with pytest.raises(Cancelled):
        waiting.result(1)
    assert running.result(60) == "counted"


def test_a_killed_worker_fails_its_job_with_the_reason_and_the_queue_goes_on(worker: Worker) -> None:
    job = worker.submit("stubborn", title="A long job")
    after = worker.submit("echo", {"after": 1})
    os.kill(_running(worker, job), signal.SIGKILL)
    with pytest.raises(UserError, match=r"A long job: the worker process was killed \(SIGKILL\)"):
        job.result(10)
    assert after.result(60) == {"after": 1}


def test_progress_says_how_long_is_left(worker: Worker) -> None:
    job = worker.submit("count", {"steps": 100})
    _running(worker, job)
    time.sleep(0.4)
    left = job.seconds_left
    assert left is not None
    assert 0 < left < 10
    assert job.result(60) == "counted"


@pytest.mark.heavy("it is started as often as it may be")
def test_a_worker_that_cannot_start_gives_up_with_the_reason(misbehaving: object) -> None:
    worker = Worker("stillborn", entry=misbehaving.stillborn)  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="cannot start: it ended by itself with code 3"):
        worker.submit("echo").result(60)
    worker.close()


def test_closing_cancels_what_is_left(worker: Worker) -> None:
    jobs = [worker.submit("stubborn"), worker.submit("echo")]
    _running(worker, jobs[0])
    worker.close()
    for job in jobs:
        with pytest.raises(Cancelled):
            job.result(1)


def test_what_takes_a_moment_is_answered_beside_what_takes_long(worker: Worker) -> None:
    long = worker.submit("count", {"steps": 100_000})
    waiting = worker.submit("echo", {"n": 1})
    _running(worker, long)
    assert worker.submit("card", {"n": 2}).result(30) == {"n": 2}
    with pytest.raises(UserError, match="moon"):
        worker.submit("preview").result(30)
    assert not long.over
    assert waiting.state == "queued"
    worker.cancel(long)
    assert waiting.result(30) == {"n": 1}


def test_a_killed_worker_fails_what_it_answered_aside(worker: Worker) -> None:
    aside = worker.submit("layers")
    os.kill(_running(worker, aside), signal.SIGKILL)
    with pytest.raises(UserError, match="was killed"):
        aside.result(30)
    assert worker.submit("card", {"n": 3}).result(30) == {"n": 3}


def test_a_process_whose_program_has_gone_ends_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=enter, args=(theirs, 1, None))
    process.start()
    theirs.close()
    ours.close()
    process.join(60)
    assert process.exitcode == 0
    assert "Traceback" not in capfd.readouterr().err
