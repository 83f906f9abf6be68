"""A view as short as one can be, for the tests of the base."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QLabel

from graftwork.views import panel
from graftwork.views.notice import Notice
from graftwork.views.panel import Panel, view
from graftwork.views.table import Table


@dataclass(frozen=True)
class State:
    value: int


def resolve(session: Any) -> State | Notice:
    if session.value is not None:
        return State(session.value)
    if session.trouble is not None:
        return Notice.of(session.trouble)
    return Notice("empty", "There is nothing.", "Do something.") if session.idle() else Notice("busy", "Loading…")


def draw(figure: Any, state: State) -> None:
    axes = figure.add_subplot()
    axes.plot([0, state.value], [0, 1], label="Line")
    axes.set_xlabel("Parameters (M)")


def table(state: State) -> Table:
    return Table(("Name", "Value"), (("a", state.value), ("b", None)), ("", "M"))


@view(id="sample", title="Sample", question="Does the base work?", area="centre")
class SamplePanel(Panel[State]):
    def __init__(self) -> None:
        super().__init__()
        self.label = QLabel(self)
        self.shown: list[tuple[State | None, State]] = []
        self.set_content(self.label)

    def show_state(self, old: State | None, new: State) -> None:
        self.shown.append((old, new))
        self.label.setText(str(new.value))


del panel._views["sample"]  # windows of other tests shall not show it
