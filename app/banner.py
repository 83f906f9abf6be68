"""A line above the views that says something until it is answered."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ..views.parts import Sentence
from ..views.theme import GAP, TIGHT


class Banner(QWidget):
    """A sentence, perhaps with a button that does something about it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.sentence = Sentence(self)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.act = QPushButton(self)
        self._close = QPushButton("Dismiss", self)
        self._do: Callable[[], object] | None = None
        self.act.clicked.connect(self._on_act)
        self._close.clicked.connect(self.hide)
        line = QHBoxLayout(self)
        line.setContentsMargins(GAP, TIGHT, GAP, TIGHT)
        line.addWidget(self.sentence, 1)
        line.addWidget(self.act)
        line.addWidget(self._close)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.show)
        self.hide()

    def ask(self, text: str, button: str = "", do: Callable[[], object] | None = None) -> None:
        """Say a sentence, with a button that does something about it."""
        self.sentence.setText(text)
        self.act.setText(button)
        self.act.setVisible(do is not None)
        self._do = do
        self._soon.start()

    def settle(self) -> None:
        """Leave out a sentence that nothing can be done about: what it was of is over."""
        if self._do is None:
            self._soon.stop()
            self.hide()

    def _on_act(self) -> None:
        self.hide()
        if self._do:
            self._do()
