"""What a view says where it has nothing to show."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QPushButton, QWidget

from ..analysis.errors import UserError
from .parts import Sentence, column, named
from .theme import GAP, WIDE

if TYPE_CHECKING:
    from ..analysis.session import Session


@dataclass(frozen=True)
class Notice:
    """What a view says where it has nothing to show: a sentence, and what to do next.

    Attributes
    ----------
    kind : str
        ``empty``, ``busy`` or ``error``.
    sentence, next_step : str
        What holds; what to do about it.
    button, command : str
        A button's text and the id of the command that it runs; none where either is empty.
    progress : float or None
        Share that is done, 0 to 1; None where nobody knows.
    """

    kind: Literal["empty", "busy", "error"]
    sentence: str
    next_step: str = ""
    button: str = ""
    command: str = ""
    progress: float | None = None

    @classmethod
    def of(cls, error: UserError) -> "Notice":
        """Return the notice of an error."""
        return cls("error", error.problem, error.next_step)

    def unless_awaited(self, session: "Session", model: str | None) -> "Notice":
        """Return this notice, or that work is under way which may give what is missing of a model, or of any."""
        return Notice("busy", "It is being measured.") if session.awaits(model) else self


class NoticePage(QWidget):
    """A sentence in the middle, what to do next, perhaps a button or thin progress."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panel-page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.notice = Notice("empty", "")
        self.sentence = self._label("notice")
        self.next_step = self._label("notice-next")
        self.progress = QProgressBar(self, textVisible=False)
        self.progress.setMaximumWidth(240)
        self.button = QPushButton(self)
        layout = column(self, spacing=GAP, margin=WIDE)
        layout.addStretch(1)
        for label in (self.sentence, self.next_step):
            layout.addWidget(label)
        for widget in (self.progress, self.button):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)

    def _label(self, name: str) -> Sentence:
        label = named(Sentence(self), name)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def show_notice(self, notice: Notice) -> None:
        """Show this one."""
        self.notice = notice
        self.sentence.setText(notice.sentence)
        self.sentence.setObjectName("notice-error" if notice.kind == "error" else "notice")
        self.sentence.style().polish(self.sentence)
        self.next_step.setText(notice.next_step)
        self.next_step.setVisible(bool(notice.next_step))
        self.button.setText(notice.button)
        self.button.setVisible(bool(notice.button and notice.command))
        self.progress.setVisible(notice.kind == "busy")
        self.progress.setRange(0, 0 if notice.progress is None else 100)
        self.progress.setValue(round(100 * (notice.progress or 0)))
