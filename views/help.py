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
    return show_text(help_text(page, title), title, parent)


def show_text(text: str, title: str, parent: QWidget | None = None) -> QDialog:
    """Open a text, as Markdown, beside the window and return its dialog."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(f"{title} – Help")
    shown = QTextBrowser(dialog, openExternalLinks=True)
    shown.setMarkdown(text)
    shown.document().setDocumentMargin(WIDE)
    column(dialog).addWidget(shown)
    dialog.resize(520, 480)
    dialog.show()
    return dialog
