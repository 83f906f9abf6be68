"""What the program tells, measured once for all rows, and the table of what they came to."""

from collections.abc import Callable
from functools import cache

import pytest

from graftwork.analysis.measures import MEASURES

from . import behaviour, boxes, calibration, comparing, cost, further, groups, landscape, moved, untrained
from .material import Material, measured
from .rows import REFERENCES, Row, table

MODULES = (behaviour, boxes, calibration, comparing, cost, further, groups, landscape, moved, untrained)
_ROWS = pytest.StashKey[list[Row]]()


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bool], Material]:
    """Return a function that gives what was measured on one kind of samples, weighted or not."""

    @cache
    def once(kind: str, weighted: bool) -> Material:
        what = sorted(name for name, found in REFERENCES.items() if found.material == kind and name in MEASURES.load())
        return measured(kind, what, weighted, tmp_path_factory.mktemp("recomputed") / kind)

    return once


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest) -> list[Row]:
    """Return the rows of the table, to which each test adds its own."""
    return request.config.stash.setdefault(_ROWS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table where these tests were asked for by the marker or the folder."""
    asked = config.option.markexpr == "recomputed" or any("recomputed" in str(place) for place in config.args)
    if asked and (rows := config.stash.get(_ROWS, [])):
        terminalreporter.section("measures, recomputed")
        for line in table(sorted(rows, key=lambda row: (row.quantity, row.weighted))):
            terminalreporter.write_line(line)
