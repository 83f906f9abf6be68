"""Selections: kept groups of samples, and what can be made of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..analysis.wording import counted, share_of
from .panel import Panel, view
from .parts import Line, named, told
from .table import Table
from .theme import GAP, TIGHT, icon, look

if TYPE_CHECKING:
    from ..analysis.session import Session


@dataclass(frozen=True)
class SelectionsState:
    """What is shown: the current selection, and the kept ones as (name, samples)."""

    count: int
    size: int
    models: int
    kept: tuple[tuple[str, int], ...]
    can_keep: bool
    can_change: bool


def resolve(session: "Session") -> SelectionsState:
    """Return the current selection and those that are kept for the current data set."""
    selection = session.state.selection
    kept = tuple((r.name, r.count) for r in session.snapshot.selections if r.data == session.state.data)
    return SelectionsState(
        count=selection.count,
        size=selection.size or session.samples(),
        models=len(selection.models),
        kept=kept,
        can_keep=bool(selection.count) and session.state.data is not None and not session.read_only,
        can_change=not session.read_only,
    )


_COMBINE = (
    ("union", "add", "Add it"),
    ("intersect", "intersect", "Keep what both have"),
    ("subtract", "remove", "Take it away"),
)


def table(state: SelectionsState) -> Table:
    """Return one row a kept selection."""
    return Table(("Selection", "Samples"), state.kept)


@view(
    id="selections",
    title="Selections",
    question="Which groups of samples do I come back to?",
    area="right",
    order=2,
)
class SelectionsPanel(Panel[SelectionsState]):
    """The kept selections, with the set algebra on the current one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._current = named(Line(self), "quiet")
        self._name = QLineEdit(self, placeholderText="Name for the current selection")
        self._keep = QPushButton("Keep", self)
        self._list = QListWidget(self)
        self._keep.clicked.connect(self._on_keep)
        self._name.returnPressed.connect(self._on_keep)
        self._list.itemActivated.connect(lambda item: self._recall("replace"))
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._changes = [self._change("Rename…", "F2", self.rename), self._change("Delete", "Del", self._forget)]
        self._buttons = [self._button(*entry) for entry in _COMBINE]
        self.set_content(self._lay_out())

    def _button(self, name: str, mode: str, tip: str) -> QToolButton:
        button = told(QToolButton(self), f"{tip}: the marked selection and the current one", tip)
        button.setIcon(icon(name))
        button.clicked.connect(lambda: self._recall(mode))
        return button

    def _change(self, text: str, keys: str, slot: Callable[[], object]) -> QAction:
        action = QAction(text, self._list)
        action.setShortcut(keys)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: slot())
        self._list.addAction(action)
        return action

    def _lay_out(self) -> QWidget:
        body = QWidget(self)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(TIGHT)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self._current, 1)
        for button in self._buttons:
            first.addWidget(button)
        second.addWidget(self._name, 1)
        second.addWidget(self._keep)
        layout.addLayout(first)
        layout.addWidget(self._list, 1)
        layout.addLayout(second)
        return body

    def restyle(self) -> None:
        """Take over the theme's icons."""
        for button, (name, _, _) in zip(self._buttons, _COMBINE, strict=True):
            button.setIcon(icon(name, look.theme.text))

    def show_state(self, old: SelectionsState | None, new: SelectionsState) -> None:
        """Show the counts, and the list where it differs."""
        self._current.setText(f"{share_of(new.count, new.size, 'sample')}, {counted(new.models, 'model')}")
        self._keep.setEnabled(new.can_keep)
        if old is None or old.kept != new.kept:
            self._list.clear()
            for name, count in new.kept:
                item = QListWidgetItem(f"{name}   {count:,}")
                item.setData(Qt.ItemDataRole.UserRole, name)
                self._list.addItem(item)
        for button in self._buttons:
            button.setEnabled(bool(new.kept))
        for change in self._changes:
            change.setEnabled(bool(new.kept) and new.can_change)

    def _on_keep(self) -> None:
        name = self._name.text().strip()
        if self.session and name and self.state and self.state.can_keep:
            self.session.keep_selection(name)
            self._name.clear()

    def rename(self) -> QInputDialog | None:
        """Ask for the marked selection's new name."""
        old, session = self._marked(), self.session
        if session is None or old is None:
            return None
        dialog = QInputDialog(self)
        dialog.setWindowTitle("Rename selection")
        dialog.setLabelText(f"New name of “{old}”:")
        dialog.setTextValue(old)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(lambda new: session.rename_selection(old, new.strip()))
        dialog.open()
        return dialog

    def _forget(self) -> None:
        name = self._marked()
        if self.session and name is not None:
            self.session.forget_selection(name)

    def _recall(self, mode: str) -> None:
        name = self._marked()
        if self.session and name is not None:
            self.session.recall_selection(name, mode)

    def _marked(self) -> str | None:
        item = self._list.currentItem() or self._list.item(0)
        return str(item.data(Qt.ItemDataRole.UserRole)) if item else None
