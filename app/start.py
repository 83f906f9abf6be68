"""Starting the window."""

import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from ..views.theme import look
from .settings import load_settings


def open_window(arguments: list[str], recipe: Path | None = None) -> int:
    """Open the window on a workspace and stay until it is closed; return the exit code.

    Parameters
    ----------
    arguments : list of str
        The workspace's folder, if any.
    recipe : Path or None
        A recipe to run as soon as the workspace is open.
    """
    application = QApplication(sys.argv[:1])
    application.setApplicationName("graftwork")
    application.setApplicationDisplayName("Graftwork")
    settings = load_settings()
    look.apply(settings.theme, settings.scale)

    from .window import Window

    window = Window(settings)
    window.show()
    application.processEvents()
    window.fill()
    if arguments:
        path = Path(arguments[0])
        QTimer.singleShot(0, lambda: window.open_workspace(path, recipe))
    return application.exec()
