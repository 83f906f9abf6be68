"""Commands: one registry for menus, palette, keys, tooltips and tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QMenuBar, QWidget

from ..analysis.errors import unknown
from ..views.theme import icon, look

if TYPE_CHECKING:
    from ..views.plot import Plot

MENUS = ("File", "Edit", "Select", "Model", "Experiment", "View", "Help")


@dataclass(frozen=True)
class Command:
    """Something that a person can do.

    Attributes
    ----------
    id : str
        ``room.verb``.
    title : str
        Its name in menus and the palette.
    run : callable
        Does it.
    keys : str
        A key sequence such as ``Ctrl+Shift+P``; empty for none.
    icon : str
        Name of its icon; empty for none.
    menu : tuple of str
        The menus that lead to it; empty for the palette alone.
    enabled : callable
        Whether it can be done now.
    checked : callable or None
        Whether it is on, for something that is on or off.
    by_focus : bool
        The focused widget takes the keys itself; the registry only tells of them.
    name : callable or None
        Its name at the moment, for something that stands for one thing now and for another later; it is left out of
        the menus while it cannot be done.
    """

    id: str
    title: str
    run: Callable[[], object]
    keys: str = ""
    icon: str = ""
    menu: tuple[str, ...] = ()
    enabled: Callable[[], bool] = field(default=lambda: True)
    checked: Callable[[], bool] | None = None
    by_focus: bool = False
    name: Callable[[], str] | None = None

    @property
    def text(self) -> str:
        """What it is called now."""
        return self.name() if self.name else self.title

    @property
    def tooltip(self) -> str:
        """Title and keys."""
        return f"{self.title.rstrip('…')} ({key_text(self.keys)})" if self.keys else self.title.rstrip("…")


def key_text(keys: str) -> str:
    """Return a key sequence as this system writes it."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


class Commands(QObject):
    """Every command of a window, with an action each."""

    ran = Signal(str)
    """Emitted with the id of a command that was run."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._menus: dict[tuple[str, ...], QMenu] = {}
        look.changed.connect(self._restyle)

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, name: str) -> Command:
        if name not in self._commands:
            raise unknown("command", name, list(self._commands))
        return self._commands[name]

    def add(self, *commands: Command) -> None:
        """Register commands.

        Raises
        ------
        ValueError
            If an id or a key sequence is taken.
        """
        for command in commands:
            self._check(command)
            self._commands[command.id] = command
            self._actions[command.id] = self._make_action(command)

    def action(self, name: str) -> QAction:
        """Return the action of a command, for a menu or a tool bar."""
        return self._actions[self[name].id]

    def run(self, name: str) -> bool:
        """Run a command if it can be done now; return whether it was."""
        command = self[name]
        if not command.enabled():
            return False
        command.run()
        self.ran.emit(name)
        self.settle()
        return True

    def available(self) -> list[Command]:
        """Return the commands that can be done now."""
        return [command for command in self if command.enabled()]

    def settle(self) -> None:
        """Bring every action up to date with what can be done now."""
        for name, action in self._actions.items():
            _settle(action, self._commands[name])
        for path, menu in self._menus.items():
            if len(path) > 1:  # one that opens with nothing in it
                menu.menuAction().setEnabled(any(action.isVisible() for action in menu.actions()))

    def fill(self, bar: QMenuBar) -> None:
        """Fill a menu bar: the menus in their usual order, the commands in the order in which they were added."""
        bar.clear()
        menus = self._menus = {}
        used = [command.menu[0] for command in self if command.menu]
        for title in dict.fromkeys([*(m for m in MENUS if m in used), *used]):
            menus[(title,)] = bar.addMenu(title)
            menus[(title,)].aboutToShow.connect(self.settle)
        for command in self:
            if command.menu:
                _menu_at(menus, command.menu).addAction(self._actions[command.id])

    def _check(self, command: Command) -> None:
        if command.id in self._commands:
            raise ValueError(f"two commands are called '{command.id}'")
        keys = QKeySequence(command.keys)
        if command.keys and (keys.isEmpty() or keys[0].key() == Qt.Key.Key_unknown):  # type: ignore[index]
            raise ValueError(f"'{command.keys}' is no key sequence")
        rival = next((c for c in self if command.keys and QKeySequence(c.keys) == keys), None)
        if rival:
            raise ValueError(f"'{command.id}' and '{rival.id}' have the same keys, {command.keys}")

    def _make_action(self, command: Command) -> QAction:
        action = QAction(command.title, self)
        action.setToolTip(command.tooltip)
        action.setStatusTip(command.title)
        action.setCheckable(command.checked is not None)
        if command.icon:
            action.setIcon(icon(command.icon))
        if command.keys and command.by_focus:
            action.setText(f"{command.title}\t{key_text(command.keys)}")
        elif command.keys:
            action.setShortcut(QKeySequence(command.keys))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda: self.run(command.id))
        self._window.addAction(action)
        return action

    def _restyle(self) -> None:
        for name, action in self._actions.items():
            if self._commands[name].icon:
                action.setIcon(icon(self._commands[name].icon))


def _settle(action: QAction, command: Command) -> None:
    possible = bool(command.enabled())
    if command.name:
        action.setText(command.text.replace("&", "&&"))
        action.setVisible(possible)
    action.setEnabled(possible)
    if command.checked:
        action.setChecked(command.checked())


def _menu_at(menus: dict[tuple[str, ...], QMenu], path: tuple[str, ...]) -> QMenu:
    if path not in menus:
        menus[path] = _menu_at(menus, path[:-1]).addMenu(path[-1])
    return menus[path]


def focused_plot() -> "Plot | None":
    """Return the plot that has the focus, if one has."""
    from ..views.plot import Plot

    widget = QApplication.focusWidget()
    while widget is not None and not isinstance(widget, Plot):
        widget = widget.parentWidget()
    return widget
