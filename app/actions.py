"""The window's commands, as data."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..views.parts import shortened
from . import palette
from .commands import Command, focused_plot
from .settings import DEVICES, RECENT

if TYPE_CHECKING:
    from ..analysis.catalogue import Entry
    from .window import Window


_LONGEST = 60


def window_commands(window: "Window") -> list[Command]:
    """Return every command of a window, in the order of the menus."""
    return [
        *_file(window),
        *_edit(window),
        *_select(window),
        *_model(window),
        *_experiment(window),
        *_view(window),
        *_help(window),
    ]


def _file(window: "Window") -> list[Command]:
    def open_demo() -> None:
        from .demo import default_folder, demo_recipe

        window.open_workspace(default_folder(), lambda: window.run_recipe(demo_recipe()))

    return [
        Command("file.workspace", "Open or make a workspace…", window.ask_workspace, "Ctrl+O", "open", ("File",)),
        Command("file.demo", "Open demo", open_demo, menu=("File",)),
        *(_recent(window, number) for number in range(RECENT)),
        Command(
            "file.open",
            "Open checkpoints…",
            window.ask_checkpoint,
            "Ctrl+Shift+O",
            "plus",
            ("File",),
            enabled=lambda: _writable(window),
        ),
        Command(
            "file.folder",
            "Open a folder of checkpoints…",
            window.ask_folder,
            menu=("File",),
            enabled=lambda: _writable(window),
        ),
        Command(
            "file.recipe",
            "Open recipe…",
            window.ask_recipe_to_open,
            menu=("File",),
            enabled=lambda: _writable(window),
        ),
        Command("file.export", "Export figure…", lambda: _panel(window, "_ask_figure"), "Ctrl+E", "export", ("File",)),
        Command(
            "file.table", "Export table…", lambda: _panel(window, "_ask_table"), "Ctrl+Shift+E", "table", ("File",)
        ),
        Command("file.quit", "Quit", window.close, "Ctrl+Q", menu=("File",)),
    ]


def _recent(window: "Window", number: int) -> Command:
    """Return the command that opens a workspace again: the latest is the first."""

    def there() -> list[Path]:
        return window.settings.recent_workspaces()[number : number + 1]

    def reopen() -> None:
        for path in there():
            window.open_workspace(path)

    return Command(
        f"file.recent.{number}",
        "Recent workspace",
        reopen,
        menu=("File", "Recent"),
        enabled=lambda: bool(there()),
        name=lambda: next((shortened(f"{path.name} – {path.parent}", _LONGEST) for path in there()), ""),
    )


def _edit(window: "Window") -> list[Command]:
    return [
        Command(
            "edit.undo",
            "Undo",
            lambda: window.session.undo(),
            "Ctrl+Z",
            "undo",
            ("Edit",),
            enabled=lambda: bool(window.session and window.session.history.undoes),
        ),
        Command(
            "edit.redo",
            "Redo",
            lambda: window.session.redo(),
            "Ctrl+Shift+Z",
            "redo",
            ("Edit",),
            enabled=lambda: bool(window.session and window.session.history.redoes),
        ),
        Command(
            "edit.python", "Copy as Python", lambda: _panel(window, "copy_python"), "Ctrl+Shift+C", "copy", ("Edit",)
        ),
    ]


def _select(window: "Window") -> list[Command]:
    def there() -> bool:
        return window.session is not None

    return [
        Command("select.all", "All samples", window.select_all, "Ctrl+A", menu=("Select",), enabled=there),
        Command("select.invert", "Invert", window.invert_selection, "Ctrl+I", menu=("Select",), enabled=there),
        Command(
            "select.clear",
            "Clear",
            lambda: window.session.clear_selection(),
            "Ctrl+D",
            menu=("Select",),
            enabled=there,
        ),
    ]


def _model(window: "Window") -> list[Command]:
    return [
        Command(
            "model.export",
            "Export…",
            window.ask_export,
            menu=("Model",),
            enabled=lambda: _writable(window) and window.session.model(window.session.state.primary) is not None,
        )
    ]


def _experiment(window: "Window") -> list[Command]:
    return [
        Command(
            "experiment.new",
            "New experiment…",
            window.new_experiment,
            "Ctrl+N",
            "run",
            ("Experiment",),
            enabled=lambda: _writable(window) and bool(window.session.catalogue.entries),
        ),
        Command(
            "experiment.recipe",
            "Run a recipe…",
            window.ask_recipe,
            "Ctrl+R",
            menu=("Experiment",),
            enabled=lambda: _writable(window),
        ),
        Command(
            "run.stop",
            "Stop",
            window.stop,
            "Ctrl+.",
            "stop",
            ("Experiment",),
            enabled=lambda: _writable(window) and window.session.engine.running,
        ),
        Command(
            "run.resume",
            "Resume",
            window.resume,
            menu=("Experiment",),
            enabled=lambda: (
                _writable(window) and not window.session.engine.running and window.session.snapshot.unfinished
            ),
        ),
        *(_device(window, device, title) for device, title in DEVICES.items()),
    ]


def questions(window: "Window") -> list[Command]:
    """Return a command for every usual question in the catalogue."""

    def ask(entry: "Entry") -> Command:
        return Command(
            f"preset.{entry.id}",
            entry.title,
            lambda: window.ask_question(entry),
            menu=("Experiment", "Ask"),
            enabled=lambda: _writable(window) and window.session.state.primary is not None,
        )

    return [ask(entry) for entry in window.session.catalogue.of_kind("preset")]


def _device(window: "Window", device: str, title: str) -> Command:
    return Command(
        f"device.{device or 'automatic'}",
        title,
        lambda: window.set_device(device),
        menu=("Experiment", "Compute on"),
        checked=lambda: window.settings.device == device,
    )


def _view(window: "Window") -> list[Command]:
    def shown(name: str) -> Command:
        panel = window.panels[name]
        return Command(
            f"view.{name}",
            panel.info.title,
            lambda: panel.setVisible(panel.isHidden()),
            menu=("View", "Views"),
            checked=lambda: not panel.isHidden(),
        )

    def theme(name: str) -> Command:
        return Command(
            f"view.theme.{name}",
            name.capitalize(),
            lambda: window.set_theme(name),
            menu=("View", "Theme"),
            checked=lambda: window.settings.theme == name,
        )

    def there() -> bool:
        return window.session is not None

    return [
        Command(
            "view.goto", "Go to model…", lambda: palette.go_to(window.choices(), window), "Ctrl+K", "search", ("View",)
        ),
        Command("view.previous", "Previous model", lambda: window.step_model(-1), "[", menu=("View",), enabled=there),
        Command("view.next", "Next model", lambda: window.step_model(1), "]", menu=("View",), enabled=there),
        Command("view.fit", "Fit", lambda: _plot("fit"), "Ctrl+0", "fit", ("View",), by_focus=True),
        Command("view.frame", "Frame the selection", lambda: _plot("frame"), "F", "frame", ("View",), by_focus=True),
        Command("view.lasso", "Lasso", lambda: _tool("lasso"), "L", "lasso", ("View",), by_focus=True),
        Command("view.rectangle", "Rectangle", lambda: _tool("rectangle"), "R", "rectangle", ("View",), by_focus=True),
        Command("view.hand", "Hand", lambda: _tool("hand"), "H", "hand", ("View",), by_focus=True),
        *(shown(name) for name in window.panels),
        *(theme(name) for name in ("system", "light", "dark")),
    ]


def _help(window: "Window") -> list[Command]:
    return [
        Command(
            "help.palette",
            "All commands…",
            lambda: palette.command_palette(window.commands, window),
            "Ctrl+Shift+P",
            menu=("Help",),
        ),
        Command("help.keys", "Keys", lambda: palette.key_list(window.commands, window), "?", "help", ("Help",)),
        Command("help.view", "About this view", lambda: _panel(window, "show_help"), "F1", menu=("Help",)),
    ]


def _writable(window: "Window") -> bool:
    return window.session is not None and not window.session.read_only


def _panel(window: "Window", what: str) -> None:
    panel = window.focused_panel()
    if panel is not None:
        getattr(panel, what)()


def _plot(what: str) -> None:
    plot = focused_plot()
    if plot is not None:
        getattr(plot, what)()


def _tool(tool: str) -> None:
    plot = focused_plot()
    if plot is not None:
        plot.set_tool(tool)  # type: ignore[arg-type]
