"""The base of every view: its declaration, header, states, table twin and exports.

A view is one module of this folder. It holds pure functions, ``resolve(session, **choices)``, which gives a state or
None, and where it has them ``draw(figure, state)`` and ``table(state)``, which need no screen; and one decorated
subclass of `Panel`, which shows a state. `load_views` finds it.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from ..analysis.errors import UserError
from .bridge import Bridge, in_background
from .figure import FORMATS, NARROW_MM, Range, render
from .help import show_help
from .notice import Notice, NoticePage
from .parts import Line, column, named
from .script import drawing_script
from .table import Table, TableSheet
from .theme import GAP, TIGHT, icon, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.session import Session

Area = Literal["left", "centre", "right", "bottom"]
AREAS: tuple[Area, ...] = get_args(Area)
State = TypeVar("State")
_WIDEST = 220  # pixels of a data set's name
Kind = TypeVar("Kind", bound="type[Panel[Any]]")


@dataclass(frozen=True)
class ViewInfo:
    """A view's declaration.

    Attributes
    ----------
    id : str
        Its name for the command line and the layouts.
    title, question : str
        Its header, and the question that it answers.
    area, order : str, int
        Where it stands at first, from the top.
    width_mm : float
        Width of its printed figure.
    panel : type of Panel
        Makes it.
    of_data : bool
        Whether its header names the data set that is shown; one that does without says it in its content.
    """

    id: str
    title: str
    question: str
    area: Area
    order: int
    width_mm: float
    panel: "type[Panel[Any]]"
    of_data: bool = True

    @property
    def resolve(self) -> Callable[..., Any]:
        """The module's ``resolve(session)``, which gives a state, or a `Notice` where there is nothing to show."""
        found: Callable[..., Any] = vars(sys.modules[self.panel.__module__])["resolve"]
        return found

    @property
    def draw(self) -> "Callable[[Figure, Any], None] | None":
        """The module's ``draw(figure, state)``; None where it has no figure."""
        return vars(sys.modules[self.panel.__module__]).get("draw")

    @property
    def table(self) -> Callable[[Any], Table] | None:
        """The module's ``table(state)``; None where it has none."""
        return vars(sys.modules[self.panel.__module__]).get("table")

    def save_figure(self, state: Any, path: Path | str, seen: Sequence[Range | None] = ()) -> Path:
        """Draw a state into a file, as `render` does; ``seen``: the range that each of its axes shows.

        Raises
        ------
        UserError
            If the view has no figure, or as `render`.
        """
        if self.draw is None:
            raise UserError(f"The view '{self.id}' has no figure.", "Export its table instead.")
        return render(self.draw, state, path, width_mm=self.width_mm, seen=seen)


_views: dict[str, ViewInfo] = {}


def view(
    *,
    id: str,  # noqa: A002
    title: str,
    question: str,
    area: Area,
    order: int = 50,
    width_mm: float = NARROW_MM,
    of_data: bool = True,
) -> Callable[[Kind], Kind]:
    """Declare the decorated `Panel` as a view.

    Raises
    ------
    ValueError
        If the id is taken.
    """

    def keep(panel: Kind) -> Kind:
        known = _views.get(id)
        if known and known.panel.__module__ != panel.__module__:
            raise ValueError(f"two views are called '{id}'")
        panel.info = _views[id] = ViewInfo(id, title, question, area, order, width_mm, panel, of_data)
        return panel

    return keep


def load_views() -> tuple[ViewInfo, ...]:
    """Import every module of this folder; return the views by area, in the order in which they stand."""
    package = importlib.import_module("..views", __package__)
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
    return tuple(sorted(_views.values(), key=lambda info: (AREAS.index(info.area), info.order, info.id)))


class Panel(QWidget, Generic[State]):
    """A view: a one-line header over a body that shows content, a table twin or a notice.

    A subclass makes its widgets in its ``__init__``, hands them to `set_content` and `add_control`, and draws in
    `show_state`. What its controls choose it keeps as a `Session.option`, where the module's ``resolve`` finds it.
    """

    info: ViewInfo
    listens: frozenset[str] = frozenset({"records", "state", "arrays"})
    """Which of `Session.changed`'s changes call for a refresh."""

    command_wanted = Signal(str)
    """Emitted with a command's id by a notice's button."""
    told = Signal(str)
    """Emitted with a sentence for the status line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.session: Session | None = None
        self.state: State | None = None
        self._header_notes: list[Line] = []
        self._header = _Header(self.info, self)
        self._body = named(QStackedWidget(self), "panel-body")
        self._notice = NoticePage(self)
        self._sheet: TableSheet | None = None  # made when it is first asked for
        self._content: QWidget = QWidget(self)
        for page in (self._content, self._notice):
            self._body.addWidget(page)
        layout = column(self)
        layout.addWidget(self._header)
        layout.addWidget(self._body, 1)
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._refresh_now)
        self._notice.button.clicked.connect(lambda: self.command_wanted.emit(self._notice.notice.command))
        self._make_actions()
        look.changed.connect(self._on_look_changed)
        self.show_empty("Nothing is open.", "Open a workspace or a checkpoint.")

    # What a view gives

    def show_state(self, old: State | None, new: State) -> None:
        """Redraw what differs between two states; ``old`` is None where all of it is new."""
        raise NotImplementedError

    def restyle(self) -> None:
        """Take over the theme's colours; the whole state is shown anew afterwards."""

    def seen(self) -> tuple[Range | None, ...]:
        """Return the range that each of the figure's axes shows; None where it is all there is."""
        return ()

    # What it gets

    def bind(self, session: "Session") -> None:
        """Show this session from now on; called once."""
        self.session = session
        Bridge(session.changed, self._on_session_changed, every=True)
        self.refresh()

    def refresh(self) -> None:
        """Resolve and show the state anew, once in this turn of the event loop."""
        self._turn.start()

    def table(self) -> Table:
        """Return the numbers behind what is shown."""
        make = self.info.table
        return make(self.state) if make and self.state is not None else Table((), ())

    def set_content(self, widget: QWidget) -> None:
        """Set what the body shows when there is something to show."""
        self._body.removeWidget(self._content)
        self._content.deleteLater()
        self._content = widget
        self._body.insertWidget(0, widget)

    def add_control(self, widget: QWidget) -> None:
        """Add a small control to the right of the header."""
        self._header.add(widget)

    def add_note(self) -> Line:
        """Add a quiet text on the content to the right of the header; a notice has none."""
        note = named(Line(self), "quiet")
        self._header_notes.append(note)
        self.add_control(note)
        return note

    def show_empty(self, sentence: str, next_step: str, button: str = "", command: str = "") -> None:
        """Say that there is nothing yet, and what to do."""
        self.show_notice(Notice("empty", sentence, next_step, button, command))

    def show_busy(self, note: str, progress: float | None = None) -> None:
        """Say what is being waited for."""
        self.show_notice(Notice("busy", note, progress=progress))

    def show_error(self, sentence: str, next_step: str) -> None:
        """Say what went wrong, and what to do."""
        self.show_notice(Notice("error", sentence, next_step))

    def show_notice(self, notice: Notice) -> None:
        """Show a notice in place of the content."""
        self.state = None
        self._notice.show_notice(notice)
        self._body.setCurrentWidget(self._notice)
        self._settle_actions()
        self._show_notes(False)

    def show_content(self) -> None:
        """Show the content, or its table twin where that was asked for."""
        if self.twin_action.isChecked():
            self._body.setCurrentWidget(self._twin())
        else:
            self._body.setCurrentWidget(self._content)
        self._settle_actions()
        self._show_notes(True)

    def _show_notes(self, shown: bool) -> None:
        for note in self._header_notes:
            note.setVisible(shown)

    def _twin(self) -> TableSheet:
        if self._sheet is None:
            self._sheet = TableSheet(self)
            self._body.addWidget(self._sheet)
        self._sheet.show_table(self.table())
        return self._sheet

    @property
    def shows(self) -> str:
        """What the body shows: ``content``, ``table``, ``empty``, ``busy`` or ``error``."""
        current = self._body.currentWidget()
        if current is self._notice:
            return self._notice.notice.kind
        return "table" if current is self._sheet else "content"

    # Exports

    def export_figure(self, path: Path, then: Callable[[Path], None] | None = None) -> None:
        """Write the figure of the present state, on another thread; ``then`` hears of it when it is there."""
        info, state, seen = self.info, self.state, self.seen()
        self._write(path, lambda: info.save_figure(state, path, seen), then)

    def export_table(self, path: Path, then: Callable[[Path], None] | None = None) -> None:
        """Write the table twin as CSV, on another thread."""
        table = self.table()
        self._write(path, lambda: table.write_csv(path), then)

    def as_python(self) -> str:
        """Return a script that draws this figure again."""
        return drawing_script(self.info, self.session, self.seen())

    def _write(self, path: Path, work: Callable[[], Any], then: Callable[[Path], None] | None) -> None:
        def tell(text: str) -> None:
            if isValid(self):  # not closed in the meantime
                self.told.emit(text)

        def done(_: Any) -> None:
            tell(f"Wrote {path}.")
            if then:
                then(path)

        in_background(work, done, lambda error: tell(str(error)))

    # Actions

    def _make_actions(self) -> None:
        self.twin_action = self._action("Show as table", "table", self._on_twin_toggled)
        self.twin_action.setCheckable(True)
        self.export_action = self._action("Export figure…", "export", self._ask_figure)
        self.csv_action = self._action("Export table…", "export", self._ask_table)
        self.python_action = self._action("Copy as Python", "copy", self.copy_python)
        self.help_action = self._action("Help", "help", self.show_help)
        actions = (self.twin_action, self.export_action, self.csv_action, self.python_action, self.help_action)
        self._header.menu.addActions(actions)
        self._restyle_actions()

    def _action(self, text: str, name: str, slot: Callable[[], None]) -> QAction:
        action = QAction(text, self)
        action.setProperty("icon-name", name)
        action.triggered.connect(lambda: slot())
        return action

    def _settle_actions(self) -> None:
        ready = self.state is not None
        for action in (self.twin_action, self.csv_action):
            action.setEnabled(ready and self.info.table is not None)
        for action in (self.export_action, self.python_action):
            action.setEnabled(ready and self.info.draw is not None)

    def _restyle_actions(self) -> None:
        for action in self._header.menu.actions():
            action.setIcon(icon(action.property("icon-name")))
        self._header.restyle()

    def copy_python(self) -> None:
        """Put the script that draws this figure on the clipboard."""
        QGuiApplication.clipboard().setText(self.as_python())
        self.told.emit("Copied as Python.")

    def show_help(self) -> None:
        """Open this view's help page."""
        show_help(self.info.id, self.info.title, self)

    def _ask_figure(self) -> None:
        kinds = ";;".join(f"{kind.upper()} (*.{kind})" for kind in FORMATS)
        name, kind = QFileDialog.getSaveFileName(self, "Export figure", f"{self.info.id}.svg", kinds)
        if name:
            path = Path(name)
            self.export_figure(path if path.suffix else path.with_suffix(f".{kind[:3].lower()}"))

    def _ask_table(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export table", f"{self.info.id}.csv", "CSV (*.csv)")
        if name:
            self.export_table(Path(name).with_suffix(".csv"))

    # What it hears

    def _on_session_changed(self, change: str) -> None:
        if change in self.listens or (change == "jobs" and self.shows == "busy"):
            self.refresh()

    def _on_twin_toggled(self) -> None:
        if self.state is not None:
            self.show_content()

    def _on_look_changed(self) -> None:
        self._restyle_actions()
        self.restyle()
        if self.state is not None:
            self.show_state(None, self.state)

    def _refresh_now(self) -> None:
        if self.session is None:
            return
        self._header.name_data(self.session.shown.name if self.info.of_data else "")
        found = self.info.resolve(self.session)
        if isinstance(found, Notice):
            self.show_notice(found)
            return
        old, self.state = self.state, found
        if old is None or old != found:
            self.show_state(old, found)
        self.show_content()


class _Header(QWidget):
    """Title, controls and the menu, on one line."""

    def __init__(self, info: ViewInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panel-header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setToolTip(info.question)
        self._title = named(QLabel(info.title, self), "panel-title")
        self._data = named(Line(self), "quiet")
        self._data.setMaximumWidth(_WIDEST)
        self.menu = QMenu(self)
        self._button = QToolButton(self, popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self._button.setMenu(self.menu)
        self._button.setToolTip(f"{info.title}: table, export, help")
        self._button.setAccessibleName(f"{info.title} menu")
        self._line = QHBoxLayout(self)
        self._line.setSpacing(TIGHT)
        self._line.setContentsMargins(GAP, 3, TIGHT, 3)
        self._line.addWidget(self._title)
        self._line.addWidget(self._data)
        self._line.addStretch(1)
        self._line.addWidget(self._button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def add(self, widget: QWidget) -> None:
        self._line.insertWidget(self._line.count() - 1, widget)

    def name_data(self, name: str) -> None:
        self._data.setText(f"on {name}" if name else "")

    def restyle(self) -> None:
        self._button.setIcon(icon("menu", look.theme.quiet))
