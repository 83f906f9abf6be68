"""Help pages."""

from importlib.resources import files

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QTextBrowser, QWidget

from .parts import column
from .theme import WIDE


def help_text(page: str, title: str) -> str:
    """Return a help page as Markdown; a sentence that says so where there is none."""
    source = files("graftwork.assets") / "help" / f"{page}.md"
    return source.read_text("utf-8") if source.is_file() else f"# {title}\n\nThis page has not been written."


def show_help(page: str, title: str, parent: QWidget | None = None) -> QDialog:
    """Open a help page beside the window and return its dialog."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(f"{title} – Help")
    text = QTextBrowser(dialog, openExternalLinks=True)
    text.setMarkdown(help_text(page, title))
    text.document().setDocumentMargin(WIDE)
    column(dialog).addWidget(text)
    dialog.resize(520, 480)
    dialog.show()
    return dialog
