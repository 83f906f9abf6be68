"""How a data set is prepared for a network: fields to fill in, and a look at what they make of a few samples."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from ..analysis.errors import UserError
from ..analysis.recipe import DataInput
from ..analysis.session import Session
from ..views.bridge import Bridge
from ..views.parts import Sentence, column, count_box, named, told
from ..views.theme import GAP, TIGHT
from ..views.tips import as_tip

NORMALISATIONS = ("none", "imagenet", "cifar10", "mnist", "digits")
UNPREPARED: Mapping[str, Any] = {
    name: DataInput.model_fields[name].default
    for name in ("normalise", "resize", "crop", "channels", "tokenizer", "length")
}
"""The fields of a preparation, as they are where nobody said anything."""
_FIELDS = {"images": ("resize", "crop", "channels", "normalise"), "tokens": ("tokenizer", "length"), "numbers": ()}


class PreparationForm(QWidget):
    """Normalisation, size, channels of images; tokenizer and length of text."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.resize_line = told(QLineEdit(self), "Pixels of the shorter side, or height × width; empty: as they are")
        self.resize_line.setPlaceholderText("as they are")
        crop = count_box(self, 0, 100_000, suffix=" px", instead_of_least="none")
        self.crop = told(crop, "Side of the square cut from the middle")
        self.channels = told(QComboBox(self), "Colours")
        for title, value in (("as they are", None), ("grey", 1), ("RGB", 3)):
            self.channels.addItem(title, value)
        self.normalise = told(QComboBox(self), "Mean and deviation that are taken from every channel")
        for name in NORMALISATIONS:
            self.normalise.addItem(name, name)
        self.tokenizer = told(QLineEdit(self), "A tokenizer.json, or a JSON list of characters; empty: bytes")
        self.tokenizer.setPlaceholderText("bytes")
        self.length = told(
            count_box(self, 1, 1_000_000, suffix=" tokens"), "Longer samples are cut, shorter ones filled up"
        )
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._rows = {"normalise": self.normalise, "resize": self.resize_line, "crop": self.crop}
        self._rows |= {"channels": self.channels, "tokenizer": self._tokenizer_row(), "length": self.length}
        for name in ("resize", "crop", "channels", "normalise", "tokenizer", "length"):
            self._layout.addRow(name.capitalize(), self._rows[name])
        for edit in (self.resize_line.textChanged, self.tokenizer.textChanged, self.crop.valueChanged):
            edit.connect(self.changed)
        for edit in (self.length.valueChanged, self.channels.currentIndexChanged, self.normalise.currentIndexChanged):
            edit.connect(self.changed)
        self.show_kind(None)

    def show_kind(self, inputs: str | None) -> None:
        """Show the fields for ``images``, ``tokens`` or ``numbers``; all of them where nobody knows."""
        shown = _FIELDS[inputs] if inputs else tuple(UNPREPARED)
        for name, widget in self._rows.items():
            self._layout.setRowVisible(widget, name in shown)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Fill in fields of a data set; those that are left out are unprepared."""
        filled = {**UNPREPARED, **values}
        self.blockSignals(True)
        self.resize_line.setText(_size_text(filled["resize"]))
        self.crop.setValue(filled["crop"] or 0)
        self.channels.setCurrentIndex(self.channels.findData(filled["channels"]))
        self._set_normalise(filled["normalise"])
        self.tokenizer.setText(filled["tokenizer"] or "")
        self.length.setValue(filled["length"])
        self.blockSignals(False)
        self.changed.emit()

    def values(self) -> dict[str, Any]:
        """Return the fields of a data set.

        Raises
        ------
        ValueError
            If the size is no size.
        """
        return {
            "resize": _size_of(self.resize_line.text()),
            "crop": self.crop.value() or None,
            "channels": self.channels.currentData(),
            "normalise": self.normalise.currentData(),
            "tokenizer": self.tokenizer.text().strip() or None,
            "length": self.length.value(),
        }

    def _set_normalise(self, value: Any) -> None:
        key = value if isinstance(value, str) else _constants_text(value)
        if self.normalise.findText(key) < 0:
            self.normalise.addItem(key, value)
        self.normalise.setCurrentIndex(self.normalise.findText(key))

    def _tokenizer_row(self) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        choose = QPushButton("File…", row)
        choose.clicked.connect(self._ask_tokenizer)
        line.addWidget(self.tokenizer, 1)
        line.addWidget(choose)
        return row

    def _ask_tokenizer(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Tokenizer", "", "Tokenizers (*.json)")
        if name:
            self.tokenizer.setText(name)


def _size_of(text: str) -> int | tuple[int, int] | None:
    numbers = tuple(map(int, re.findall(r"\d+", text)))
    if not text.strip():
        return None
    if len(numbers) not in (1, 2) or min(numbers) < 1 or re.sub(r"[\d\s×x,]", "", text):
        raise ValueError(f"The size is the shorter side or height × width in pixels, not '{text}'.")
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def _size_text(size: int | tuple[int, int] | None) -> str:
    return "" if size is None else str(size) if isinstance(size, int) else f"{size[0]} × {size[1]}"


def _constants_text(constants: tuple[tuple[float, ...], tuple[float, ...]]) -> str:
    means, deviations = (", ".join(f"{value:g}" for value in part) for part in constants)
    return f"means {means}; deviations {deviations}"


class PreviewStrip(QWidget):
    """A few samples as the network gets them, and the range of their values."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._data: DataInput | None = None
        self._pictures = [QLabel(self) for _ in range(_COUNT)]
        self.said = named(Sentence(self), "quiet")
        self._rest = QTimer(self, singleShot=True, interval=300)
        self._rest.timeout.connect(self._settle)
        strip = QHBoxLayout()
        strip.setSpacing(TIGHT)
        for picture in self._pictures:
            strip.addWidget(picture)
        strip.addStretch(1)
        layout = column(self, spacing=GAP)
        layout.addLayout(strip)
        layout.addWidget(self.said)
        Bridge(session.changed, self._on_session_changed, every=True)

    def show_data(self, data: DataInput | None) -> None:
        """Show samples of a data set, once no other is asked for during a moment."""
        if data != self._data:
            self._data = data
            self._rest.start()

    @property
    def settled(self) -> bool:
        """Whether what was asked for last is shown."""
        return not self._rest.isActive()

    def hideEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        self._rest.stop()
        super().hideEvent(event)

    def showEvent(self, event: Any) -> None:  # noqa: N802
        super().showEvent(event)
        self._settle()

    def _on_session_changed(self, change: str) -> None:
        if change == "arrays" and self.settled:
            self._settle()

    def _settle(self) -> None:
        if not self.isVisible():
            return
        if self._data is None:
            self._show({}, "")
            return
        request = {"data": self._data, "count": _COUNT}
        found = self._session.answer("preview", request, f"A look at {self._data.name}")
        if found is None:
            self._show({}, "Preparing a few samples …")
        elif isinstance(found, UserError):
            self._show({}, str(found))
        else:
            self._show(found, " ".join((_summary(found), *found["remarks"])))

    def _show(self, found: Mapping[str, Any], said: str) -> None:
        self.said.setText(said)
        pictures = found.get("pictures", ())
        for number, label in enumerate(self._pictures):
            label.setVisible(number < len(pictures))
            if number < len(pictures):
                label.setPixmap(_pixmap(pictures[number]))
                label.setToolTip(as_tip(f"{found['names'][number]}\n{found['classes'][number]}"))


def _pixmap(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> QPixmap:
    pixels = np.ascontiguousarray(pixels)  # the image borrows its memory
    height, width, _ = pixels.shape
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.scaled(_SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio))


def _summary(found: Mapping[str, Any]) -> str:
    shape = " × ".join(map(str, found["shape"]))
    if found["kind"] == "tokens":
        return f"The network gets {shape} tokens of each text; the first begins {_row(found)}.{_classes(found)}"
    values = (
        f"values from {found['low']:.3g} to {found['high']:.3g}, mean {found['mean']:.2g}, "
        f"deviation {found['deviation']:.2g}"
    )
    begins = f"; the first begins {_row(found)}" if found["kind"] == "numbers" else ""
    return f"The network gets {shape} numbers of each sample: {values}{begins}.{_classes(found)}"


def _classes(found: Mapping[str, Any]) -> str:
    names = found["class_names"]
    listed = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return f" Its outputs stand for {listed}." if names else " The samples have no classes."


def _row(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{value:.3g}" for value in found["rows"][0])


_COUNT, _SIDE, _NAMED = 6, 56, 12
