"""The main window: menus, views, and the workspace that they show."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..analysis.errors import UserError
from ..views.bridge import Bridge, in_background
from ..views.parts import named
from ..views.theme import GAP, TIGHT, look
from .commands import Commands
from .settings import Settings, save_settings

if TYPE_CHECKING:
    from ..analysis.workspace import Workspace
    from ..views.panel import Panel
    from .palette import Choice
    from .runtime import Runtime

_LAYOUT, _SEEN = "window", "seen"
_RECIPES = "Recipes (*.toml)"
_CHECKPOINTS = "Checkpoints (*.safetensors *.pt *.pth *.th *.bin *.ckpt *.pt2 *.ts *.index.json);;All files (*)"


class Window(QMainWindow):
    """Shows one workspace at a time.

    It is a frame at first, so that it is there at once; `fill` gives it views and menus.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.runtime: Runtime | None = None
        self.setWindowTitle("Graftwork")
        self.resize(1440, 900)
        self.commands = Commands(self)
        self.panels: dict[str, Panel[Any]] = {}
        self._banner = _Banner(self)
        self.menuBar().addMenu("File")  # holds the line where the menus will be
        self.statusBar().setSizeGripEnabled(False)
        self._state = named(QLabel(self), "quiet")
        self.statusBar().addPermanentWidget(self._state)
        self.tell("Open a workspace, or start with the demo: File ▸ Open demo.")

    def fill(self) -> None:
        """Put in the views, and the menus of what can be done with them."""
        from ..views.panel import load_views
        from .actions import window_commands
        from .data_bar import DataBar
        from .layout import arrange

        views = load_views()
        self.panels = {view.id: view.panel() for view in views}
        for panel in self.panels.values():
            panel.command_wanted.connect(self.commands.run)
            panel.told.connect(self.tell)
        body = QWidget(self)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._banner)
        self.data_bar = DataBar(body)
        layout.addWidget(self.data_bar)
        self._views = arrange(views, self.panels)
        layout.addWidget(self._views, 1)
        self.setCentralWidget(body)
        self.commands.add(*window_commands(self))
        self.commands.fill(self.menuBar())

    # Workspaces

    @property
    def session(self) -> Any:
        """The open workspace's session, or None."""
        return self.runtime.session if self.runtime else None

    def open_workspace(self, path: Path, recipe: Path | None = None) -> None:
        """Open a workspace, making it where there is none, and run a recipe in it if one is given."""
        device = self.settings.device

        def work() -> "Runtime":
            from . import runtime  # here, and not on the window's thread: it takes as long as all the views

            runtime.use_device(device)
            return runtime.open_runtime(_open_or_view(path), desk=True)

        in_background(work, lambda opened: self._show(opened, recipe), self._on_trouble)

    def _show(self, opened: "Runtime", recipe: Path | None) -> None:
        self.close_workspace()
        self.runtime = opened
        session = opened.session
        self.panels = self.panels or {}
        Bridge(session.changed, self._on_session_changed, every=True)
        for panel in self.panels.values():
            panel.bind(session)
        in_background(lambda: _load(session), lambda layout: self._on_loaded(layout, recipe), self._on_trouble)
        self._load_catalogue()
        path = session.workspace.path
        self.setWindowTitle(f"{path.name}{' (read-only)' if session.read_only else ''} – Graftwork")
        self.settings.opened(path.resolve())
        save_settings(self.settings)
        self.tell(f"Opened {path}.")
        self.commands.settle()

    def _on_loaded(self, layout: dict[str, Any], recipe: Path | None) -> None:
        from .layout import restore

        session = self.session
        if session is None:
            return
        if layout:
            restore(self._views, self.panels, layout)
            session.restore(layout.get(_SEEN, {}))
        waiting = sum(trial.state == "pending" for trial in session.snapshot.trials)
        if recipe:
            self.run_recipe(recipe)
        elif waiting and not session.read_only:
            text = f"{waiting} trial{'s' if waiting > 1 else ''} of an earlier run are not finished."
            self._banner.ask(text, "Resume", lambda: self.commands.run("run.resume"))

    def _load_catalogue(self) -> None:
        from . import runtime

        session = self.session
        known = runtime.cached_catalogue()
        if known:
            self._learn(session, known)
        if session.desk is None:
            return

        def ask() -> Any:
            found = session.desk.submit("catalogue", title="Listing the methods").result()
            runtime.keep_catalogue(found)
            session.desk.submit("warm_up", title="Warming up")
            return found

        def keep(found: Any) -> None:
            self._learn(session, found)
            self.commands.settle()

        in_background(ask, keep, lambda _: None)

    def _learn(self, session: Any, catalogue: Any) -> None:
        """Take over what the program can do, and offer the questions that are new in it."""
        from .actions import questions

        session.learn(catalogue)
        offered = {command.id for command in self.commands}
        new = [command for command in questions(self) if command.id not in offered] if self.session is session else []
        if new:
            self.commands.add(*new)
            self.commands.fill(self.menuBar())

    def close_workspace(self) -> None:
        """Let the open workspace go; what runs returns to its queue."""
        if self.runtime:
            opened, self.runtime = self.runtime, None
            self._keep_layout(opened.session)
            opened.close()

    def _keep_layout(self, session: Any) -> None:
        from .layout import remembered

        if not session.read_only:
            layout = remembered(self._views, self.panels) | {_SEEN: session.history.present.seen}
            session.write(lambda space: space.save_layout(_LAYOUT, layout))

    # What commands do

    def ask_workspace(self) -> None:
        """Ask for a workspace folder and open it."""
        name, _ = QFileDialog.getSaveFileName(
            self, "Open or make a workspace", "", "Workspaces (*.graft)", options=_AS_FOLDER
        )
        if name:
            path = Path(name)
            self.open_workspace(path if path.suffix else path.with_suffix(".graft"))

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
        from .importing import checkpoints_in

        def add(paths: list[Path]) -> None:
            if paths:
                self.add_checkpoints(paths)
            else:
                self._on_trouble(UserError(f"There is no checkpoint in {folder}.", "Choose another folder."))

        in_background(lambda: checkpoints_in(folder), add, self._on_trouble)

    def add_checkpoints(self, paths: list[Path]) -> None:
        """Add checkpoints to the workspace as models."""
        from ..analysis.recipe import ModelInput, Recipe, write_recipe
        from .importing import distinct_names

        def add() -> None:
            named = zip(distinct_names(paths), paths, strict=True)
            models = tuple(ModelInput(name=name, path=os.path.normpath(path.absolute())) for name, path in named)
            recipe = write_recipe(Recipe(title="Opened checkpoints", model=models))
            self.session.run_recipe(recipe, Path.cwd(), "The checkpoint")

        self._guard(add)

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

        self._guard(run)

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

        self._guard(show)

    def ask_question(self, entry: Any) -> None:
        """Write the recipe of a usual question about the selected models, and open it."""
        from .asking import question_in

        session = self.session

        def ask() -> None:
            payload = {"preset": entry.id, "parameters": {}, **question_in(session)}
            in_background(
                lambda: session.desk.submit("ask", payload, "Writing the recipe").result(),
                lambda text: self._show_recipe(text, entry.title, Path.cwd()),
                self._on_trouble,
            )

        self._guard(ask)

    def _show_recipe(self, text: str, title: str, folder: Path) -> None:
        from .recipe_dialog import RecipeDialog

        if self.session is None:  # closed while the recipe was written
            return
        dialog = RecipeDialog(self.session, text, title, folder, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(
            lambda: self._guard(lambda: self.session.run_recipe(dialog.text, dialog.folder, "The recipe"))
        )
        dialog.open()

    def new_experiment(self) -> None:
        """Open the experiment dialog."""
        from ..analysis.recipe import write_recipe
        from .experiment import ExperimentDialog

        dialog = ExperimentDialog(self.session, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(
            lambda: self._guard(
                lambda: self.session.run_recipe(write_recipe(dialog.recipe()), Path.cwd(), "The experiment")
            )
        )
        dialog.open()

    def stop(self) -> None:
        """Return the running trial to the queue."""
        self.session.engine.cancel()

    def resume(self) -> None:
        """Go on with what waits."""
        self._banner.hide()
        self.session.engine.resume()

    def step_model(self, step: int) -> None:
        """Look at the next or the previous measured model."""
        session = self.session
        models = [m.identity for m in session.snapshot.models]
        if models:
            place = models.index(session.state.primary) if session.state.primary in models else 0
            session.look("look at a model", primary=models[(place + step) % len(models)])

    def select_all(self) -> None:
        """Select every sample."""
        self._reselect(lambda mask: mask | True)

    def invert_selection(self) -> None:
        """Select the others."""
        self._reselect(lambda mask: ~mask)

    def _reselect(self, change: Callable[[Any], Any]) -> None:
        labels = self.session.labels()
        if labels is not None:
            self.session.select_samples(change(self.session.selected_mask(len(labels))))

    def choices(self) -> "list[Choice]":
        """Return the models, for going to one."""
        from .palette import Choice

        session = self.session
        if session is None:
            return []

        def look_at(identity: str) -> Callable[[], object]:
            return lambda: session.look("look at a model", primary=identity)

        return [Choice(m.name, look_at(m.identity), m.method or "source") for m in session.snapshot.models]

    def focused_panel(self) -> "Panel[Any] | None":
        """Return the view that has the focus, or else the trade-off."""
        from ..views.panel import Panel

        widget = QApplication.focusWidget()
        while widget is not None and not isinstance(widget, Panel):
            widget = widget.parentWidget()
        return widget if isinstance(widget, Panel) else self.panels.get("tradeoff")

    def set_theme(self, choice: Any) -> None:
        """Change the theme and remember it."""
        self.settings.theme = choice
        save_settings(self.settings)
        look.apply(choice)

    def set_device(self, device: str) -> None:
        """Change what workers compute on and remember it; the open workspace is opened anew with it."""
        self.settings.device = device
        save_settings(self.settings)
        if self.session is not None and not self.session.read_only:
            path = self.session.workspace.path
            self.close_workspace()
            self.open_workspace(path)

    def tell(self, sentence: str) -> None:
        """Say something in the status line."""
        self.statusBar().showMessage(sentence, 8000)

    # What it hears

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except UserError as error:
            self._on_trouble(error)

    def _on_trouble(self, error: Exception) -> None:
        self._banner.ask(str(error), "", None)

    def _on_session_changed(self, change: str) -> None:
        session = self.session
        if session is None:
            return
        if change == "jobs" and session.message:
            self._banner.ask(str(session.message), "", None)
        self._state.setText(_summary(session))
        self.data_bar.show_session(session)
        self.commands.settle()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Hide at once, then stop the work: it resumes when the workspace is opened again."""
        self.hide()
        QGuiApplication.processEvents()
        self.close_workspace()
        event.accept()


class _Banner(QWidget):
    """A line above the views that says something until it is answered."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = QLabel(self, wordWrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._act = QPushButton(self)
        self._close = QPushButton("Dismiss", self)
        self._do: Callable[[], object] | None = None
        self._act.clicked.connect(self._on_act)
        self._close.clicked.connect(self.hide)
        line = QHBoxLayout(self)
        line.setContentsMargins(GAP, TIGHT, GAP, TIGHT)
        line.addWidget(self._text, 1)
        line.addWidget(self._act)
        line.addWidget(self._close)
        self.hide()

    def ask(self, text: str, button: str, do: Callable[[], object] | None) -> None:
        """Say a sentence, with a button that does something about it."""
        self._text.setText(text)
        self._act.setText(button)
        self._act.setVisible(do is not None)
        self._do = do
        QTimer.singleShot(0, self.show)

    def _on_act(self) -> None:
        self.hide()
        if self._do:
            self._do()


_AS_FOLDER = QFileDialog.Option.DontConfirmOverwrite


def _open_or_view(path: Path) -> "Workspace":
    """Open a workspace for writing, or to look at while another process writes it."""
    from ..analysis.workspace import Workspace

    try:
        return Workspace.open_or_create(path)
    except UserError:
        if (path / "workspace.db").is_file():
            return Workspace.open(path, read_only=True)
        raise


def _load(session: Any) -> dict[str, Any]:
    """Read the records; return how the views were arranged, nothing where they never were."""
    session.refresh()
    space = session.workspace
    layout: dict[str, Any] = space.load_layout(_LAYOUT) if _LAYOUT in space.layouts() else {}
    return layout


def _summary(session: Any) -> str:
    state, data = session.state, session.state.selection
    parts = [f"{len(session.snapshot.models)} models"]
    if data.count:
        parts.append(f"{data.count:,} samples selected")
    primary = session.model(state.primary)
    if primary:
        parts.append(primary.name)
    return "   ".join(parts)
