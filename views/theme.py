"""The look: colours, spacing, type and icons of the light and the dark theme."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontInfo, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Choice = Literal["system", "light", "dark"]

TIGHT, GAP, WIDE = 4, 8, 16
BASE_PX = 13

CLASS_HUES = ("#3a7fd5", "#d0680f", "#2f8f4e", "#8a63d2", "#0f93a3", "#c9483b", "#8f6a4a", "#8a8412")
"""One colour a class, the same in every view and in both themes; a class without one is drawn in `Theme.mark`."""


@dataclass(frozen=True)
class Theme:
    """The colours of one theme.

    Attributes
    ----------
    ground : str
        Behind data.
    chrome : str
        Behind controls and headers.
    raised : str
        A control under the pointer.
    text, quiet : str
        First and second rank of text.
    hairline, grid : str
        Between parts; behind marks.
    mark : str
        A mark without a class.
    faded : str
        A mark that is not selected while others are.
    accent : str
        The selection, and nothing else.
    trouble : str
        The sentence of an error.
    """

    name: str
    ground: str
    chrome: str
    raised: str
    text: str
    quiet: str
    hairline: str
    grid: str
    mark: str
    faded: str
    accent: str
    trouble: str


LIGHT = Theme(
    name="light",
    ground="#ffffff",
    chrome="#f6f6f5",
    raised="#e9e9e7",
    text="#1f2226",
    quiet="#62666d",
    hairline="#dcdcd9",
    grid="#ebebe9",
    mark="#5d6b7c",
    faded="#c9ccd0",
    accent="#c2177f",
    trouble="#b3261e",
)
DARK = Theme(
    name="dark",
    ground="#17191d",
    chrome="#1e2125",
    raised="#2c3036",
    text="#e6e7e9",
    quiet="#a0a5ad",
    hairline="#33373d",
    grid="#272a30",
    mark="#93a1b3",
    faded="#4a4f57",
    accent="#ff6bb5",
    trouble="#ff8a80",
)


class Look(QObject):
    """The theme in force; tells when it changes."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.choice: Choice = "system"
        self.scale = 1.0
        self._follows = False

    def apply(self, choice: Choice | None = None, scale: float | None = None) -> None:
        """Dress the application: follow the system, or keep to one theme; scale the 13 px of text."""
        self.choice = choice or self.choice
        self.scale = scale or self.scale
        if not self._follows:
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_changed)
            self._follows = True
        self.theme = _wanted(self.choice)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setStyle("Fusion")
            application.setFont(base_font(self.scale))
            application.setPalette(palette(self.theme))
            application.setStyleSheet(stylesheet(self.theme, self.scale))
        self.changed.emit()

    def _on_system_changed(self) -> None:
        if self.choice == "system":
            self.apply()


look = Look()


def _wanted(choice: Choice) -> Theme:
    if choice == "system":
        scheme = QGuiApplication.styleHints().colorScheme()
        return DARK if scheme == Qt.ColorScheme.Dark else LIGHT
    return DARK if choice == "dark" else LIGHT


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21, as WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def rgb(colour: str) -> tuple[float, float, float]:
    """Return red, green and blue, 0 to 1."""
    parts = QColor(colour)
    return parts.redF(), parts.greenF(), parts.blueF()


def sequential() -> "NDArray[np.uint8]":
    """Return the perceptually uniform map for quantities, (256, 3), running from the ground's side to the far one."""
    table = _table("CET-L17")
    return table if look.theme is LIGHT else _table("viridis")


@lru_cache
def _table(name: str) -> "NDArray[np.uint8]":
    import pyqtgraph as pg

    table: NDArray[np.uint8] = pg.colormap.get(name).getLookupTable(nPts=256)[:, :3]
    return table


def base_font(scale: float = 1.0) -> QFont:
    """Return the system's font at 13 px times ``scale``, with figures of equal width."""
    font = QGuiApplication.font()
    if QFontInfo(font).fixedPitch():
        font.setFamily("sans-serif")
    font.setPixelSize(round(BASE_PX * scale))
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def icon(name: str, colour: str | None = None) -> QIcon:
    """Return an icon of the family, in the theme's text colour or another; dimmed where it is disabled.

    Raises
    ------
    FileNotFoundError
        If there is no icon of that name.
    """
    return _icon(name, colour or look.theme.text, look.theme.hairline, look.theme.accent)


@lru_cache(maxsize=256)
def _icon(name: str, colour: str, dim: str, lit: str) -> QIcon:
    source = (files("graftwork.assets") / "icons" / f"{name}.svg").read_text("utf-8")
    made = QIcon()
    for size in (16, 32, 48):
        made.addPixmap(_tinted(source, colour, size), QIcon.Mode.Normal, QIcon.State.Off)
        made.addPixmap(_tinted(source, lit, size), QIcon.Mode.Normal, QIcon.State.On)
        made.addPixmap(_tinted(source, dim, size), QIcon.Mode.Disabled)
    return made


def _tinted(source: str, colour: str, size: int) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(source.replace("currentColor", colour).encode()))
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def palette(theme: Theme) -> QPalette:
    """Return the palette of a theme."""
    made = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: theme.chrome,
        roles.Base: theme.ground,
        roles.AlternateBase: theme.chrome,
        roles.Button: theme.chrome,
        roles.ToolTipBase: theme.raised,
        roles.WindowText: theme.text,
        roles.Text: theme.text,
        roles.ButtonText: theme.text,
        roles.ToolTipText: theme.text,
        roles.PlaceholderText: theme.quiet,
        roles.Highlight: theme.accent,
        roles.HighlightedText: theme.ground,
        roles.Link: theme.text,
        roles.Mid: theme.hairline,
    }.items():
        made.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.faded))
    return made


def _asset(name: str) -> str:
    """Return the file of an icon whose grey suits both themes, for the style sheet."""
    return (Path(str(files("graftwork.assets"))) / "icons" / f"{name}.svg").as_posix()


def stylesheet(theme: Theme, scale: float = 1.0) -> str:
    """Return the style sheet of a theme: quiet chrome, hairlines, no boxes in boxes."""
    small = round(12 * scale)
    return f"""
    QToolTip {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.hairline};
        padding: {TIGHT}px; }}
    QMenuBar, QStatusBar, QToolBar {{ background: {theme.chrome}; border: none; }}
    QMenuBar::item {{ padding: {TIGHT}px {GAP}px; background: transparent; }}
    QMenuBar::item:selected, QMenu::item:selected {{ background: {theme.raised}; }}
    QMenu {{ background: {theme.ground}; color: {theme.text}; border: 1px solid {theme.hairline}; padding: {TIGHT}px; }}
    QMenu::item {{ padding: {TIGHT}px {WIDE}px {TIGHT}px {GAP}px; }}
    QMenu::icon {{ padding-left: {TIGHT}px; }}
    QMenu::item:disabled {{ color: {theme.faded}; }}
    QMenu::separator {{ height: 1px; background: {theme.hairline}; margin: {TIGHT}px 0; }}
    QSplitter::handle, QMainWindow::separator {{ background: {theme.hairline}; width: 1px; height: 1px; }}
    QToolButton {{ border: none; border-radius: 3px; padding: 3px; background: transparent; color: {theme.text}; }}
    QToolButton:hover, QToolButton:checked {{ background: {theme.raised}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QToolButton:focus, QPushButton:focus, QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus
        {{ border: 1px solid {theme.quiet}; }}
    QPushButton {{ border: 1px solid {theme.hairline}; border-radius: 3px; padding: {TIGHT}px {WIDE}px;
        background: {theme.ground}; color: {theme.text}; }}
    QPushButton:hover {{ background: {theme.raised}; }}
    QPushButton:default {{ background: {theme.text}; color: {theme.ground}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {theme.faded}; }}
    QLineEdit, QComboBox, QAbstractSpinBox {{ border: 1px solid {theme.hairline}; border-radius: 3px;
        padding: 3px {TIGHT}px; background: {theme.ground}; color: {theme.text}; }}
    QComboBox {{ padding-left: {TIGHT + 3}px; }}
    QAbstractSpinBox {{ padding: 2px {TIGHT}px; }}
    QComboBox::drop-down {{ border: none; width: 20px; }}
    QComboBox::down-arrow {{ image: url({_asset("chevron")}); width: 12px; height: 12px; }}
    QCheckBox::indicator, QListView::indicator, QTreeView::indicator {{ width: 14px; height: 14px;
        border: 1px solid {theme.quiet}; border-radius: 3px; background: {theme.ground}; }}
    QCheckBox::indicator:checked, QListView::indicator:checked, QTreeView::indicator:checked
        {{ image: url({_asset("check")}); }}
    QComboBox QAbstractItemView {{ border: 1px solid {theme.hairline}; background: {theme.ground}; }}
    #palette {{ background: {theme.ground}; border: 1px solid {theme.hairline}; }}
    #palette QTreeWidget {{ background: {theme.ground}; border: none; }}
    #palette QTreeWidget::item {{ padding: {TIGHT}px; }}
    #panel-body QAbstractItemView, #panel-body QTextEdit {{ border: none; background: {theme.ground}; }}
    #panel, #panel-body, #panel-page {{ background: {theme.ground}; }}
    #panel-header {{ background: {theme.ground}; border-bottom: 1px solid {theme.hairline}; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
    #panel-header QComboBox, #panel-header QLineEdit {{ border-color: transparent; padding: 1px {TIGHT}px; }}
    #panel-header QComboBox:hover, #panel-header QLineEdit:hover {{ border-color: {theme.hairline}; }}
    #panel-title {{ color: {theme.text}; font-weight: 600; }}
    #notice-next, #quiet {{ color: {theme.quiet}; font-size: {small}px; }}
    #notice-error, #form-error {{ color: {theme.trouble}; }}
    QHeaderView::section {{ background: {theme.ground}; color: {theme.quiet}; border: none;
        border-bottom: 1px solid {theme.hairline}; padding: {TIGHT}px {GAP}px; }}
    QTableView::item {{ padding: 0 {GAP - 3}px; }}
    QTableView, QTreeView, QListView {{ gridline-color: {theme.grid}; selection-background-color: {theme.raised};
        selection-color: {theme.text}; }}
    QProgressBar {{ border: none; background: {theme.grid}; max-height: 3px; border-radius: 1px; }}
    QProgressBar::chunk {{ background: {theme.quiet}; border-radius: 1px; }}
    QScrollBar {{ background: transparent; width: 8px; height: 8px; margin: 0; }}
    QScrollBar::handle {{ background: {theme.hairline}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {theme.faded}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page
        {{ background: none; width: 0; height: 0; }}
    """
