"""A dialog that runs a recipe: it closes once that was accepted, and otherwise stays, with all of its choices."""

from collections.abc import Callable
from concurrent.futures import Future

from PySide6.QtWidgets import QDialog, QPushButton, QWidget
from shiboken6 import isValid

from ..analysis.errors import Cancelled, UserError
from ..views.bridge import in_background
from ..views.parts import Sentence, named


class RunDialog(QDialog):
    """The base of dialogs with a button that runs something.

    A subclass places `problem`, sets `run` to its button, and calls `submit` when it is pressed.
    """

    run: QPushButton

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.problem = named(Sentence(self), "form-error")
        self.say("")
        self._outcome: Future[None] | None = None

    @property
    def waiting(self) -> bool:
        """Whether it waits for the recipe to be accepted or refused."""
        return self._outcome is not None

    def submit(self, start: Callable[[], Future[None]]) -> None:
        """Start a run; close if it is accepted, and say why not otherwise."""
        try:
            outcome = self._outcome = start()
        except (UserError, ValueError) as error:
            self.say(str(error))
            return
        self.say("")
        self.run.setText("Checking …")
        self.run.setEnabled(False)
        in_background(outcome.result, lambda _: self._on_accepted(), self._on_refused)

    def say(self, problem: str) -> None:
        """Show what is wrong; nothing where all is well."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def reject(self) -> None:
        """Close; what is still being checked is not run."""
        if self._outcome:
            self._outcome.cancel()
        super().reject()

    def _on_accepted(self) -> None:
        if isValid(self) and self.isVisible():
            self.accept()

    def _on_refused(self, error: Exception) -> None:
        if not isValid(self):
            return
        self._outcome = None
        self.run.setText("Run")
        self.run.setEnabled(True)
        self.say("It was stopped." if isinstance(error, Cancelled) else str(error))
