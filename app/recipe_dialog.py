"""The recipe dialog: any recipe as text, checked, run or saved."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QFontDatabase, QIcon
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFileDialog,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..analysis.atomic import write_whole
from ..analysis.errors import UserError
from ..analysis.recipe import anchored, parse_recipe
from ..analysis.session import Session
from ..views.bridge import in_background
from ..views.help import show_help
from ..views.parts import Sentence, named, sized, told
from ..views.theme import GAP
from .run_dialog import RunDialog

RECIPES = "Recipes (*.toml)"


class RecipeDialog(RunDialog):
    """A recipe in an editor; `text` is what it says now.

    Parameters
    ----------
    session : Session
        Whose worker checks it.
    text : str
        The recipe, as TOML.
    title : str
        Of the dialog: the question, or the file's name.
    folder : Path
        Where its relative paths start.
    """

    def __init__(self, session: Session, text: str, title: str, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        sized(self, 820, 680)
        self._session = session
        self.folder = folder
        self.editor = told(QPlainTextEdit(text, self), "The recipe, as TOML", "Recipe")
        self.editor.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.outlook = named(Sentence(self), "quiet")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.check = self._button("Check", self._on_check)
        self.save = self._button("Save as…", self._on_save)
        self.run = self._buttons.addButton("Run", QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.addButton(QDialogButtonBox.StandardButton.Help)
        for button in self._buttons.buttons():
            button.setIcon(QIcon())  # the system's are of all colours
        self._buttons.accepted.connect(self._on_run)
        self._buttons.rejected.connect(self.reject)
        self._buttons.helpRequested.connect(lambda: show_help("recipe", "Recipes", self))
        self.editor.textChanged.connect(self._on_changed)
        layout = QVBoxLayout(self)
        layout.setSpacing(GAP)
        layout.addWidget(self.editor, 1)
        for part in (self.problem, self.outlook, self._buttons):
            layout.addWidget(part)
        self._on_changed()

    @property
    def text(self) -> str:
        """The recipe as it is now."""
        return self.editor.toPlainText()

    def save_as(self, path: Path) -> None:
        """Write the recipe to a file; relative paths start at its folder from now on."""
        try:
            write_whole(path, self.text)
        except OSError as error:
            self.say(f"{path} cannot be written: {error.strerror}. Choose another place.")
            return
        moved = self._moves(path.parent)
        self.folder = path.parent
        self.outlook.setText(f"Saved as {path}.{' Its relative paths start there now.' if moved else ''}")

    def _moves(self, folder: Path) -> bool:
        try:
            recipe = parse_recipe(self.text)
        except UserError:
            return False
        return anchored(recipe, folder) != anchored(recipe, self.folder)

    def _button(self, title: str, do: Callable[[], None]) -> QPushButton:
        button = self._buttons.addButton(title, QDialogButtonBox.ButtonRole.ActionRole)
        button.clicked.connect(do)
        return button

    def _on_changed(self) -> None:
        self.outlook.clear()
        try:
            parse_recipe(self.text)
        except UserError as error:
            self._allow(str(error))
        else:
            self._allow("")

    def _allow(self, problem: str) -> None:
        self.say(problem)
        for button in (self.check, self.run):
            button.setEnabled(not problem and not self.waiting)

    def _on_run(self) -> None:
        self.submit(lambda: self._session.run_recipe(self.text, self.folder, "The recipe"))

    def _on_check(self) -> None:
        from .foresight import afterwards, foreseen, summary

        session, text, folder = self._session, self.text, self.folder
        self.outlook.setText("Checking…")
        self.check.setEnabled(False)

        def work() -> str:
            if session.desk is None:
                raise UserError("This workspace is open read-only.", "Close the program that is writing to it.")
            plan, estimates, past = foreseen(session.desk, session.workspace, text, folder)
            return " ".join((summary(plan, estimates, past), *afterwards(plan)))

        in_background(work, lambda found: self._on_checked(text, found), lambda error: self._on_unfit(text, error))

    def _on_checked(self, text: str, found: str) -> None:
        self.check.setEnabled(True)
        if text == self.text:
            self.outlook.setText(found)

    def _on_unfit(self, text: str, error: Exception) -> None:
        self.outlook.clear()
        self.check.setEnabled(True)
        if text == self.text:
            self.say(str(error))

    def _on_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the recipe", str(self.folder / "recipe.toml"), RECIPES)
        if name:
            self.save_as(Path(name))
