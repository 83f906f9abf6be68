"""Starting the window."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from ..views.theme import look
from .display import check_display
from .opening import opening
from .settings import load_settings


def open_window(paths: Sequence[Path], recipe: Path | None = None) -> int:
    """Open the window and stay until it is closed; return the exit code.

    Parameters
    ----------
    paths : sequence of Path
        What to open in it: a workspace, checkpoints or folders of them, a recipe, or a data set.
    recipe : Path or None
        A recipe to run as soon as the workspace is open.

    Raises
    ------
    UserError
        If there is no display, or nothing that could be opened.
    """
    check_display(os.environ)
    wanted = opening(paths) if paths else None
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
    if wanted:
        QTimer.singleShot(0, lambda: window.open(wanted, recipe))
    return application.exec()
