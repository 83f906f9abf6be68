"""The main window: menus, views, and the workspace that they show."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from ..analysis.errors import UserError
from ..analysis.wording import counted
from ..views.bridge import Bridge, in_background
from ..views.parts import Line, column, named, scrolled, sized
from ..views.theme import look
from .banner import Banner
from .commands import Commands
from .opener import Opener
from .opening import Opening, opening
from .run_dialog import RunDialog
from .settings import Settings, load_settings, save_settings

if TYPE_CHECKING:
    from ..analysis.session import Snapshot
    from ..analysis.workspace import Workspace
    from ..views.panel import Panel
    from .palette import Choice
    from .runtime import Runtime

_LAYOUT, _SEEN = "window", "seen"
_LOOK_MS = 2000  # how often files that others may bring, take or change are looked at


class Window(Opener):
    """Shows one workspace at a time.

    It is a frame at first, so that it is there at once; `fill` gives it views and menus.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.runtime: Runtime | None = None
        self.setWindowTitle("Graftwork")
        sized(self, 1440, 900)
        self.commands = Commands(self)
        self.panels: dict[str, Panel[Any]] = {}
        self._banner = Banner(self)
        self._message: UserError | None = None  # of the session, as last shown
        self._files = QTimer(self, interval=_LOOK_MS)
        self._files.timeout.connect(self._look_at_files)
        self._stamp: object = None
        self.setAcceptDrops(True)
        self.menuBar().addMenu("File")  # holds the line where the menus will be
        self.statusBar().setSizeGripEnabled(False)
        self._state = named(Line(self), "quiet")
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
        layout = column(body)
        layout.addWidget(self._banner)
        self.data_bar = DataBar(body)
        layout.addWidget(self.data_bar)
        self._views = arrange(views, self.panels)
        layout.addWidget(scrolled(self._views, body, sideways=True), 1)  # for a small screen
        self.setCentralWidget(body)
        self.commands.add(*window_commands(self))
        self.commands.fill(self.menuBar())

    # Workspaces

    @property
    def session(self) -> Any:
        """The open workspace's session, or None."""
        return self.runtime.session if self.runtime else None

    def open(self, what: Opening, recipe: Path | None = None) -> None:
        """Open a workspace; anything else in the open workspace, or in a new one below the current folder.

        A recipe is run in it as soon as it is there.
        """

        def then() -> None:
            if recipe:
                self.run_recipe(recipe)
            else:
                self.take(what)

        if what.kind == "workspace" or self.session is None:
            self.open_workspace(what.workspace(Path.cwd()), then)
        else:
            then()

    def open_workspace(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Open a workspace, making it where there is none, and do something with it once it is there."""
        device = self.settings.device

        def work() -> "Runtime":
            from . import runtime  # here, and not on the window's thread: it takes as long as all the views

            runtime.use_device(device)
            return runtime.open_runtime(_open_or_view(path), desk=True)

        in_background(work, lambda opened: self._show(opened, then), self.trouble)

    def _show(self, opened: "Runtime", then: Callable[[], None] | None) -> None:
        self.close_workspace()
        self.runtime = opened
        session = opened.session
        self.panels = self.panels or {}
        Bridge(session.changed, self._on_session_changed, every=True)
        for panel in self.panels.values():
            panel.bind(session)
        in_background(lambda: _load(session), lambda layout: self._on_loaded(layout, then), self.trouble)
        self._load_catalogue()
        path = session.workspace.path
        self.setWindowTitle(f"{path.name}{' (read-only)' if session.read_only else ''} – Graftwork")
        self.settings.recent = load_settings().recent  # another window may have opened some
        self.settings.opened(path.resolve())
        save_settings(self.settings)
        self._files.start()
        self.tell(f"Opened {path}.")
        self.commands.settle()

    def _on_loaded(self, layout: dict[str, Any], then: Callable[[], None] | None) -> None:
        from .layout import restore

        session = self.session
        if session is None:
            return
        if layout:
            restore(self._views, self.panels, layout)
            session.restore(layout.get(_SEEN, {}))
        if then:
            then()
        if session.snapshot.unfinished and self.commands["run.resume"].enabled():
            self._banner.ask(unfinished(session.snapshot), "Resume", lambda: self.commands.run("run.resume"))

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
        self._files.stop()
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

    def guard(self, work: Callable[[], None]) -> None:
        """Do something, and say why not where it is refused."""
        self._banner.settle()
        try:
            work()
        except UserError as error:
            self.trouble(error)

    def trouble(self, error: Exception) -> None:
        """Say what is wrong, above the views."""
        self._banner.ask(str(error))

    def _on_session_changed(self, change: str) -> None:
        session = self.session
        if session is None:
            return
        if change == "jobs" and session.message is not self._message:
            self._message = session.message
            self._show_message()
        self._state.setText(_summary(session))
        self.data_bar.show_session(session)
        self.commands.settle()

    def _show_message(self) -> None:
        """Say what the session has to say, unless a dialog that waits for it does."""
        if self._message is None:
            self._banner.settle()
        elif not any(dialog.waiting for dialog in self.findChildren(RunDialog)):
            self._banner.ask(str(self._message))

    def _look_at_files(self) -> None:
        """Ask the views to look anew when the file of the model that is looked at has come, gone or changed."""
        session = self.session
        looked, self._stamp = self._stamp, (session.state.primary, session.stamp(session.state.primary))
        if looked != self._stamp:
            session.changed.emit("arrays")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take files and folders."""
        if _dropped(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open what is dropped."""
        paths = _dropped(event.mimeData())
        event.acceptProposedAction()
        self._banner.settle()
        in_background(lambda: opening(paths), self.open, self.trouble)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Hide at once, then stop the work: it resumes when the workspace is opened again."""
        self.hide()
        QGuiApplication.processEvents()
        self.close_workspace()
        event.accept()


def unfinished(snapshot: "Snapshot") -> str:
    """Return what an earlier run has left, as a sentence."""
    trials = any(trial.state == "pending" for trial in snapshot.trials)
    left = counted(snapshot.unfinished, "trial") if trials else counted(snapshot.unfinished, "search", "searches")
    return f"{left} of an earlier run {'is' if snapshot.unfinished == 1 else 'are'} not finished."


def _dropped(content: QMimeData) -> list[Path]:
    """Return the files and folders of this machine among what is dropped."""
    return [Path(url.toLocalFile()) for url in content.urls() if url.isLocalFile()]


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
    parts = [counted(len(session.snapshot.models), "model")]
    if data.count:
        parts.append(f"{counted(data.count, 'sample')} selected")
    primary = session.model(state.primary)
    if primary:
        parts.append(primary.name)
    return "   ".join(parts)
