"""Trials on a cluster of two workers: the table of one process, whatever happens to workers and connection."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from distributed import Client
from distributed.comm import CommClosedError

from graftwork.analysis.cluster import executor as clusters
from graftwork.analysis.cluster.executor import Cluster
from graftwork.analysis.cluster.remote import BEGUN, COMPUTED, LOG, WorkspaceStamp
from graftwork.analysis.cluster.transfers import Transfer
from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.engine import Engine
from graftwork.analysis.jobs.executor import Executor
from graftwork.analysis.jobs.pool import Pool
from graftwork.analysis.trials import SourceModel, Trial
from graftwork.analysis.workspace import Workspace

pytestmark = pytest.mark.timeout(600)

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
INPUTS = f"""
[[model]]
name = "resnet8"
path = "{DEMO}/digits-resnet8.safetensors"
[[data]]
name = "digits"
path = "digits"
split = "test"
limit = 60
"""
RECIPE = (
    INPUTS
    + """
[[step]]
name = "cut"
method = "prune.magnitude"
of = ["resnet8"]
amount = [0.2, 0.4, 0.6]
[[step]]
name = "joined"
method = "merge.linear"
of = [["cut", "cut"]]
[measure]
data = "digits"
what = ["accuracy", "loss", "cost.nominal"]
"""
)
TRIALS = 1 + 3 + 9
TRAINING = (
    INPUTS
    + """
[[step]]
name = "trained"
method = "retrain.full"
of = ["resnet8"]
data = "digits"
steps = 2
batch = 10
keep_every = 1
"""
)


Table = dict[tuple[str, str], tuple[float, float | None, float | None]]


@pytest.fixture(scope="module")
def planner() -> Iterator[Pool]:
    """Return two local workers: they check recipes, and are one of the executors under test."""
    pool = Pool(2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Return a cluster of two workers."""
    cluster = Cluster("local:2")
    yield cluster
    cluster.close()


@pytest.fixture(autouse=True)
def nothing_is_sent_any_more() -> Iterator[None]:
    """Wait for what is still sent again, which would forget what the next test has sent."""
    yield
    for thread in threading.enumerate():
        if thread.name == clusters.SENDING_AGAIN:
            thread.join(30)


@pytest.fixture(scope="module")
def expected(planner: Pool, tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Return the table of the pool."""
    return run(tmp_path_factory.mktemp("pool") / "w.graft", planner, planner)


def run(path: Path, executor: Executor, planner: Executor) -> Table:
    with Workspace.create(path) as space:
        engine = Engine(space, executor, planner)
        engine.submit(RECIPE, path.parent)
        assert engine.wait(400)
        engine.close()
        assert space.tally() == {"done": TRIALS}, [t.problem for t in space.trials("failed")]
        assert not space.check()
        return {(v.model, v.measure): (v.value, v.low, v.high) for v in space.values()}


def test_workers_that_see_the_workspace_give_the_same_table(
    cluster: Cluster, planner: Pool, expected: Table, tmp_path: Path
) -> None:
    assert cluster.slots == 2
    assert not cluster.apart
    assert all(device.startswith("CPU") for device in cluster.devices.values())
    assert run(tmp_path / "w.graft", cluster, planner) == expected


def test_to_others_inputs_travel_once_and_files_come_back(
    cluster: Cluster, planner: Pool, expected: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster._transfers.clear()  # what was sent for other tests is sent again
    sent: list[str] = []
    pack = Transfer.pack

    def noted(transfer: Transfer) -> bytes:
        sent.append(transfer.key)
        return pack(transfer)

    monkeypatch.setattr(Transfer, "pack", noted)
    monkeypatch.setattr(WorkspaceStamp, "of", lambda root: WorkspaceStamp(str(root), "somebody else", 0))
    assert run(tmp_path / "w.graft", cluster, planner) == expected
    assert len(sent) == len(set(sent)) == 4  # the network, and three parents


@pytest.mark.heavy("workers end and begin anew")
def test_a_lost_worker_and_a_lost_connection_lose_no_trial(
    cluster: Cluster, planner: Pool, expected: Table, tmp_path: Path
) -> None:
    done: list[str] = []

    def disturb(job: object) -> None:
        if getattr(job, "state", "") == "done":
            done.append(job.title)  # type: ignore[attr-defined]
            if len(done) == 3:
                os.kill(victim, signal.SIGKILL)
            if len(done) == 6:
                cluster.client.loop.add_callback(cluster.client.scheduler_comm.comm.abort)

    victim = next(iter(cluster.client.run(os.getpid).values()))
    cluster.changed.connect(disturb)
    assert run(tmp_path / "w.graft", cluster, planner) == expected
    cluster.changed.disconnect(disturb)
    assert len(done) == len(set(done)) == TRIALS


def test_checkpoints_that_a_training_kept_come_back_too(
    cluster: Cluster, planner: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkspaceStamp, "of", lambda root: WorkspaceStamp(str(root), "somebody else", 0))
    with Workspace.create(tmp_path / "w.graft") as space:
        engine = Engine(space, cluster, planner)
        engine.submit(TRAINING, tmp_path)
        assert engine.wait(100)
        engine.close()
        assert set(space.tally()) == {"done"}
        assert space.check() == []
        assert len(list(space.checkpoints.glob("*/step*.safetensors"))) == 2


@pytest.mark.parametrize("call", ["run", "scatter", "subscribe_topic", "submit"])
def test_a_connection_that_is_lost_while_a_trial_is_sent_loses_no_trial(
    call: str, cluster: Cluster, planner: Pool, expected: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[Client] = []
    whole = getattr(Client, call)

    def first_cut(client: Client, *arguments: object, **options: object) -> object:
        if not cut:
            cut.append(client)
            client.close()
        return whole(client, *arguments, **options)

    cluster._transfers.clear()  # what was sent for other tests is sent again
    monkeypatch.setattr(Client, call, first_cut)
    monkeypatch.setattr(WorkspaceStamp, "of", lambda root: WorkspaceStamp(str(root), "somebody else", 0))
    assert run(tmp_path / "w.graft", cluster, planner) == expected
    assert cut
    assert cluster.client not in cut


@pytest.mark.parametrize("seen", [True, False], ids=["workspace seen", "not seen"])
def test_what_a_worker_computes_while_the_connection_is_cut_is_computed_once(
    seen: bool, cluster: Cluster, planner: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not seen:
        monkeypatch.setattr(WorkspaceStamp, "of", lambda root: WorkspaceStamp(str(root), "somebody else", 0))
    with Workspace.create(tmp_path / "w.graft") as space:
        engine = Engine(space, cluster, planner)
        engine.submit(TRAINING.replace("steps = 2", f"steps = {150 + seen}").replace("keep_every = 1", ""), tmp_path)
        while not any(job.title.endswith("trained") and job.progress for job in engine.jobs):
            assert not engine.wait(0.01)
        cluster.client.loop.add_callback(cluster.client.scheduler_comm.comm.abort)
        assert engine.wait(100)
        engine.close()
        assert set(space.tally()) == {"done"}
        (trained,) = (trial for trial in space.trials() if trial.model.endswith("trained"))
    told = [event for _, event in cluster.client.get_events(LOG) if event[0] == trained.identity]
    assert sorted(word for _, word in told) == [BEGUN, COMPUTED]


def test_where_the_workers_cannot_be_counted_there_are_as_many_as_before(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Mock(side_effect=CommClosedError)
    monkeypatch.setattr(clusters, "_COUNT_S", 0)
    assert cluster.slots == 2
    monkeypatch.setattr(Client, "sync", asked)
    assert cluster.slots == 2
    monkeypatch.setattr(clusters, "_COUNT_S", 600)
    assert cluster.slots == 2
    assert asked.call_count == 1  # and no more often than that


def test_what_is_stopped_while_the_connection_is_lost_is_stopped(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "submit", Mock(side_effect=CommClosedError))
    trial = Trial(model=SourceModel(name="net", path="/net.safetensors", content="net"))
    with Workspace.create(tmp_path / "w.graft") as space:
        job = cluster.submit("trial", {"root": str(space.path), "trial": trial}, "lost")
        assert not job.over
        cluster.cancel(job)
        with pytest.raises(Cancelled):
            job.result(20)


def test_what_is_stopped_goes_back_to_the_queue(cluster: Cluster, planner: Pool, tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "w.graft") as space:
        engine = Engine(space, cluster, planner)
        engine.submit(RECIPE, tmp_path)
        while not any(job.task == "trial" for job in engine.jobs):
            engine.wait(0.01)
        engine.cancel()
        assert engine.wait(200)
        assert set(space.tally()) <= {"done", "pending"}
        engine.resume()
        assert engine.wait(400)
        assert space.tally() == {"done": TRIALS}
        engine.close()


def test_where_nobody_answers_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_CONNECT_S", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UserError, match="No Dask scheduler answers"):
        Cluster(address)
