"""Sessions and themes for the views' tests."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from psygnal import Signal

from graftwork.views.theme import look


class StandIn:
    """A session's face: what the base asks of one."""

    changed = Signal(str)
    shown = SimpleNamespace(name="")

    def __init__(self) -> None:
        self.value: Any = None
        self.trouble: Any = None
        self.busy = False
        self.misses = 0

    def error(self, *_: object) -> Any:
        return self.trouble

    def idle(self) -> bool:
        return not self.busy


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, qapp: object) -> Iterator[str]:
    look.apply(request.param)
    yield request.param
    look.apply("light")
