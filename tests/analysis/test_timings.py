"""Times of other numbers of threads."""

import pytest

from graftwork.analysis.timings import remarks_on_threads
from graftwork.analysis.workspace import ValueRecord


def timed(model: str, threads: int, measure: str = "cost.measured.threads") -> ValueRecord:
    return ValueRecord(
        model=model,
        parents=(),
        operation=None,
        params={},
        seed=0,
        measure_seed=0,
        data="test",
        measure=measure,
        value=threads,
        low=None,
        high=None,
        unit="threads",
        overlap=None,
        version=4,
    )


@pytest.mark.parametrize(
    ("threads", "said"),
    [
        ({}, []),
        ({"a": 2, "b": 2}, []),
        ({"a": 2, "b": 1, "c": 2}, ["b with 1 thread; a, c with 2 threads"]),
        ({"a": 2, **dict.fromkeys("bcdef", 8)}, ["a with 2 threads; b, c, d and 2 more with 8 threads"]),
    ],
)
def test_models_that_were_timed_with_other_threads_are_named(threads: dict[str, int], said: list[str]) -> None:
    values = [timed("z", 5, "cost.measured.batch"), *(timed(*each) for each in threads.items())]
    remarks = list(remarks_on_threads(values))
    assert len(remarks) == len(said)
    assert all(part in remark for part, remark in zip(said, remarks, strict=True))
