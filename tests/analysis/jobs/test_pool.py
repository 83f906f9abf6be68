"""Several workers as one executor, and a bound on their memory."""

import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.pool import Pool

BUDGET = 6 << 30


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Return two workers with a budget."""
    pool = Pool(2, BUDGET)
    yield pool
    pool.close()


def test_two_requests_go_to_two_workers(pool: Pool) -> None:
    jobs = [pool.submit("catalogue") for _ in range(2)]
    assert max(worker.load for worker in pool.workers) <= 1  # one may have answered already
    assert jobs[0].result(60) == jobs[1].result(60)
    assert len({worker.pid for worker in pool.workers}) == 2


def test_a_job_is_stopped_whoever_has_it(pool: Pool) -> None:
    *others, last = (pool.submit("catalogue") for _ in range(20))
    pool.cancel(last)
    assert last.state == "cancelled"
    assert all(job.result(60) for job in others)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce such a limit")
def test_what_asks_for_too_much_fails_alone(pool: Pool, tmp_path: Path) -> None:
    large = tmp_path / "large.h5"
    with h5py.File(large, "w") as file:
        file.create_dataset("x", (1 << 20, 1 << 10), np.float32)  # 4 GB, none of it on the disk
    for job in [pool.submit("catalogue") for _ in pool.workers]:
        job.result(60)
    before = [worker.pid for worker in pool.workers]
    payload = {
        "features": [(str(large), "x")],
        "method": "pca",
        "parameters": {},
        "target": str(tmp_path / "t.h5"),
    }
    with pytest.raises(UserError, match="not enough memory"):
        pool.submit("project", payload).result(60)
    assert pool.submit("catalogue").result(60)
    assert [worker.pid for worker in pool.workers] == before
