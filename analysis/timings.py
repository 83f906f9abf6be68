"""Times that were measured with more threads than others, and so do not compare with them."""

from collections.abc import Iterable, Iterator

from .wording import counted
from .workspace import ValueRecord

_THREADS = "cost.measured.threads"
_NAMED = 3


def remarks_on_threads(values: Iterable[ValueRecord]) -> Iterator[str]:
    """Say in a sentence which models were timed with how many threads, if they differ."""
    timed: dict[int, list[str]] = {}
    for value in values:
        if value.measure == _THREADS:
            timed.setdefault(int(value.value), []).append(value.model)
    if len(timed) > 1:
        yield (
            f"Latencies do not compare: {'; '.join(_with(*found) for found in sorted(timed.items()))}. Run the recipes"
            " again on one machine, in a new workspace, to time all alike."
        )


def _with(threads: int, models: list[str]) -> str:
    named = list(dict.fromkeys(models))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more} with {counted(threads, 'thread')}"
