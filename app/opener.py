"""What a window opens in its workspace: checkpoints, recipes, data, and the dialogs that run them."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMainWindow

from ..analysis.errors import UserError
from ..views.bridge import in_background
from .opening import Opening
from .run_dialog import RunDialog

_RECIPES = "Recipes (*.toml)"
_CHECKPOINTS = "Checkpoints (*.safetensors *.pt *.pth *.th *.bin *.ckpt *.pt2 *.ts *.index.json);;All files (*)"


class Opener(QMainWindow):
    """A window with a session; what is refused goes to `trouble`."""

    @property
    def session(self) -> Any:
        """The open workspace's session, or None."""
        raise NotImplementedError

    def guard(self, work: Callable[[], None]) -> None:
        """Do something, and say why not where it is refused."""
        raise NotImplementedError

    def trouble(self, error: Exception) -> None:
        """Say what is wrong."""
        raise NotImplementedError

    def take(self, what: Opening) -> None:
        """Open in the workspace what is no workspace."""
        first = what.paths[0]
        match what.kind:
            case "checkpoints":
                self.add_all(what.paths)
            case "recipe":
                self.open_recipe(first)
            case "data" if self.session.snapshot.models:
                self.new_experiment(first)
            case "data":
                problem = f"'{first.name}' is a data set, and there is no model to measure on it."
                self.trouble(UserError(problem, "Open a checkpoint first."))

    def ask_export(self) -> None:
        """Show how the model that is looked at can leave."""
        from .export_dialog import ExportDialog

        dialog = ExportDialog(self.session, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def ask_checkpoint(self) -> None:
        """Ask for checkpoints and add them to the workspace."""
        names, _ = QFileDialog.getOpenFileNames(self, "Open checkpoints", "", _CHECKPOINTS)
        if names:
            self.add_checkpoints([Path(name) for name in names])

    def ask_folder(self) -> None:
        """Ask for a folder and add every checkpoint in it."""
        name = QFileDialog.getExistingDirectory(self, "Open a folder of checkpoints")
        if name:
            self.add_folder(Path(name))

    def add_folder(self, folder: Path) -> None:
        """Add every checkpoint in a folder to the workspace."""
        self.add_all([folder])

    def add_all(self, paths: Sequence[Path]) -> None:
        """Add checkpoints to the workspace, and all that lie in folders."""
        from .importing import checkpoints_in

        def find() -> list[Path]:
            found = [file for path in paths for file in (checkpoints_in(path) if path.is_dir() else [path])]
            if not found:
                raise UserError(f"There is no checkpoint in {paths[0]}.", "Choose another folder.")
            return found

        in_background(find, self.add_checkpoints, self.trouble)

    def add_checkpoints(self, paths: list[Path]) -> None:
        """Add checkpoints to the workspace as models."""
        from ..analysis.recipe import ModelInput, Recipe, write_recipe
        from .importing import distinct_names

        def add() -> None:
            if self.session is None:  # closed while the folder was looked through
                return
            named = zip(distinct_names(paths), paths, strict=True)
            models = tuple(ModelInput(name=name, path=os.path.normpath(path.absolute())) for name, path in named)
            recipe = write_recipe(Recipe(title="Opened checkpoints", model=models))
            self.session.run_recipe(recipe, Path.cwd(), "The checkpoint")

        self.guard(add)

    def ask_recipe(self) -> None:
        """Ask for a recipe and run it."""
        name, _ = QFileDialog.getOpenFileName(self, "Run a recipe", "", _RECIPES)
        if name:
            self.run_recipe(Path(name))

    def run_recipe(self, path: Path) -> None:
        """Run a recipe file in the workspace."""

        def run() -> None:
            from ..analysis.recipe import recipe_text

            self.session.run_recipe(recipe_text(path), path.resolve().parent, f"The recipe {path.name}")

        self.guard(run)

    def ask_recipe_to_open(self) -> None:
        """Ask for a recipe and open it."""
        name, _ = QFileDialog.getOpenFileName(self, "Open a recipe", "", _RECIPES)
        if name:
            self.open_recipe(Path(name))

    def open_recipe(self, path: Path) -> None:
        """Open a recipe file in its dialog."""

        def show() -> None:
            from ..analysis.recipe import recipe_text

            self._show_recipe(recipe_text(path), path.name, path.resolve().parent)

        self.guard(show)

    def ask_question(self, entry: Any) -> None:
        """Write the recipe of a usual question about the selected models, and open it."""
        from .asking import question_in

        session = self.session

        def ask() -> None:
            payload = {"preset": entry.id, "parameters": {}, **question_in(session)}
            in_background(
                lambda: session.desk.submit("ask", payload, "Writing the recipe").result(),
                lambda text: self._show_recipe(text, entry.title, Path.cwd()),
                self.trouble,
            )

        self.guard(ask)

    def _show_recipe(self, text: str, title: str, folder: Path) -> None:
        from .recipe_dialog import RecipeDialog

        if self.session is None:  # closed while the recipe was written
            return
        self._open_dialog(RecipeDialog(self.session, text, title, folder, self))

    def new_experiment(self, data: Path | None = None) -> None:
        """Open the experiment dialog, with a file or folder of data chosen if one is given."""
        from .experiment import ExperimentDialog

        dialog = ExperimentDialog(self.session, self)
        if data:
            dialog.data.add(str(data.absolute()))
            dialog.pages.setCurrentWidget(dialog.data)
        self._open_dialog(dialog)

    def _open_dialog(self, dialog: RunDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
