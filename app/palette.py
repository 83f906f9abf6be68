"""The palette: type a few letters, get what you meant; for commands, models, samples and keys."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from ..views.parts import column
from ..views.theme import GAP, TIGHT, icon, look
from .commands import Commands, key_text

_SHOWN = 50


@dataclass(frozen=True)
class Choice:
    """One thing to choose.

    Attributes
    ----------
    text, detail : str
        What it is called; what stands at the right.
    run : callable
        Called when it is chosen.
    icon : str
        Name of its icon; empty for none.
    """

    text: str
    run: Callable[[], object]
    detail: str = ""
    icon: str = ""


def score(query: str, text: str) -> float | None:
    """Return how well letters fit a text, higher is better; None where they do not occur in it in this order.

    Letters that begin a word, or follow the letter before, weigh more; of equal ones the shorter text wins.
    """
    low = text.lower()
    letters = query.lower().replace(" ", "")
    if not letters:
        return 0.0
    found = [fit for seek in (_eager, str.find) if (fit := _fit(letters, low, seek)) is not None]
    return max(found) - len(text) / 1000 if found else None


def _fit(letters: str, text: str, seek: Callable[[str, str, int], int]) -> float | None:
    total, last = 0.0, -1
    for letter in letters:
        place = seek(text, letter, last + 1)
        if place < 0:
            return None
        total += 3.0 if _begins(text, place) else 2.0 if place == last + 1 else 0.5
        last = place
    return total


def _eager(text: str, letter: str, start: int) -> int:
    """Return where a letter fits best: right here, else at a word's beginning, else as soon as it comes."""
    if text[start : start + 1] == letter:
        return start
    begins = (place for place in range(start, len(text)) if text[place] == letter and _begins(text, place))
    return next(begins, text.find(letter, start))


def _begins(text: str, place: int) -> bool:
    return place == 0 or not text[place - 1].isalnum()


def ranked(query: str, choices: Iterable[Choice], limit: int = _SHOWN) -> list[Choice]:
    """Return the choices that fit a query, best first."""
    scored = [(score(query, choice.text), choice) for choice in choices]
    fits = [(found, choice) for found, choice in scored if found is not None]
    return [choice for _, choice in sorted(fits, key=lambda pair: -pair[0])][:limit]


class Palette(QDialog):
    """A field over a list; Enter runs the marked choice, Esc closes.

    Parameters
    ----------
    choices : sequence of Choice, or a function from a query to one
        What there is. A function is asked at every letter, and must be quick.
    prompt : str
        What the empty field says.
    """

    def __init__(
        self,
        choices: Sequence[Choice] | Callable[[str], Sequence[Choice]],
        prompt: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._find = choices if callable(choices) else lambda query: ranked(query, choices)
        self._shown: Sequence[Choice] = ()
        self.field = QLineEdit(self, placeholderText=prompt, clearButtonEnabled=True)
        self.field.addAction(icon("search", look.theme.quiet), QLineEdit.ActionPosition.LeadingPosition)
        self.field.setAccessibleName(prompt)
        self.list = _make_list(self)
        layout = column(self, spacing=TIGHT, margin=GAP)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.installEventFilter(self)
        self.list.itemActivated.connect(lambda *_: self.accept())
        self.list.itemClicked.connect(lambda *_: self.accept())
        self._on_text_changed("")
        self._place()

    @property
    def texts(self) -> list[str]:
        """What the list shows."""
        return [choice.text for choice in self._shown]

    def accept(self) -> None:
        row = self.list.currentIndex().row()
        chosen = self._shown[row] if row >= 0 else None
        super().accept()
        if chosen:
            chosen.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}
            step = steps.get(Qt.Key(event.key()))
            if step is not None:
                self._move(step)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.accept()
                return True
        return super().eventFilter(watched, event)

    def _move(self, step: int) -> None:
        count = self.list.topLevelItemCount()
        if count:
            row = self.list.currentIndex().row() + step
            self._mark(row % count if abs(step) == 1 else min(max(row, 0), count - 1))

    def _mark(self, row: int) -> None:
        self.list.setCurrentIndex(self.list.model().index(row, 0))

    def _on_text_changed(self, query: str) -> None:
        self._shown = self._find(query)
        self.list.clear()
        for choice in self._shown:
            item = QTreeWidgetItem(self.list, [choice.text, choice.detail])
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setForeground(1, self.palette().placeholderText())
            if choice.icon:
                item.setIcon(0, icon(choice.icon))
        if self._shown:
            self._mark(0)

    def _place(self) -> None:
        self.resize(round(480 * look.scale), round(360 * look.scale))
        parent = self.parentWidget()
        if parent:
            top = parent.mapToGlobal(parent.rect().topLeft())
            self.move(top.x() + (parent.width() - self.width()) // 2, top.y() + 48)


def _make_list(parent: QWidget) -> QTreeWidget:
    made = QTreeWidget(parent)
    made.setColumnCount(2)
    made.setRootIsDecorated(False)
    made.setHeaderHidden(True)
    made.setUniformRowHeights(True)
    made.setFrameShape(QTreeWidget.Shape.NoFrame)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.header().setStretchLastSection(False)
    made.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    made.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return made


def command_palette(commands: Commands, parent: QWidget) -> Palette:
    """Open the palette of the commands that can be done now."""

    def choice(name: str) -> Choice:
        command = commands[name]
        path = " › ".join((*command.menu, command.text.rstrip("…")))
        return Choice(path, lambda: commands.run(name), key_text(command.keys), command.icon)

    return _opened(Palette([choice(command.id) for command in commands.available()], "Run a command", parent))


def key_list(commands: Commands, parent: QWidget) -> Palette:
    """Open the list of all keys; choosing one runs its command."""
    keyed = [command for command in commands if command.keys]
    choices = [
        Choice(c.text.rstrip("…"), lambda name=c.id: commands.run(name), key_text(c.keys), c.icon)  # type: ignore[misc]
        for c in keyed
    ]
    return _opened(Palette(choices, "Find a key", parent))


def go_to(find: Sequence[Choice] | Callable[[str], Sequence[Choice]], parent: QWidget) -> Palette:
    """Open the palette of models and samples."""
    return _opened(Palette(find, "Go to a model or a sample", parent))


def _opened(palette: Palette) -> Palette:
    palette.show()
    palette.field.setFocus()
    return palette
