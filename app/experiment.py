"""The experiment dialog: writes a recipe from choices."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..analysis.catalogue import Entry
from ..analysis.recipe import KEPT, DataInput, Measuring, ModelInput, Recipe, Step
from ..analysis.session import Session
from ..views.forms import Form
from ..views.parts import named, told
from ..views.theme import GAP, WIDE

NORMALISATIONS = ("imagenet", "cifar10", "mnist", "digits", "none")
_USUAL = ("accuracy", "loss", "cost.nominal", "cost.measured", "geometry.margins")


class ExperimentDialog(QDialog):
    """Choose models, a method with its parameters, data and measures; `recipe` is what they come to."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New experiment")
        self.resize(860, 620)
        self._session = session
        self._form: Form | None = None
        self._title = QLineEdit("Experiment", self)
        self._models = _checklist(self, [m.name for m in session.snapshot.models], self._ticked(session))
        self._method = told(QComboBox(self), "Method")
        for entry in session.catalogue.of_kind("method"):
            self._method.addItem(f"{entry.title}   {entry.id}", entry.id)
        self._place = QScrollArea(self, widgetResizable=True)
        self._place.setFrameShape(QScrollArea.Shape.NoFrame)
        self._summary = named(QLabel(self, wordWrap=True), "quiet")
        self._data = _DataChoice(session, self)
        measures = [entry.id for entry in session.catalogue.of_kind("measure")]
        self._measures = _checklist(self, measures, [name for name in measures if name in _USUAL])
        self._seeds = told(
            QLineEdit("0", self), "Comma list; methods that draw random numbers run once for each", "Seeds"
        )
        self._problem = named(QLabel(self, wordWrap=True), "form-error")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._run = self._buttons.addButton("Run", QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.accepted.connect(self._on_run)
        self._buttons.rejected.connect(self.reject)
        self._method.currentIndexChanged.connect(self._on_method_changed)
        self._lay_out()
        self._on_method_changed()

    def recipe(self) -> Recipe:
        """Return the recipe that the choices come to.

        Raises
        ------
        ValueError
            With the first thing that is missing, as a sentence.
        """
        names = _ticked_of(self._models)
        if not names:
            raise ValueError("Tick at least one model.")
        entry = self._entry()
        if entry is None or self._form is None:
            raise ValueError("The worker has not said yet which methods there are; try again in a moment.")
        many = entry.parents == "many"
        if many and len(names) < 2:
            raise ValueError(f"{entry.title} combines models: tick at least two.")
        data = self._data.value()
        measures = _ticked_of(self._measures)
        step = {"method": entry.id, "of": [names] if many else names, **self._form.values()}
        return Recipe(
            title=self._title.text() or "Experiment",
            seeds=_numbers(self._seeds.text()),
            model=tuple(ModelInput(name=name, path=f"{KEPT}{name}") for name in names),
            data=(data,) if data else (),
            step=(Step.model_validate(step),),
            measure=self._measuring(data.name, measures, names[0]) if data and measures else None,
        )

    def _measuring(self, data: str, measures: Sequence[str], reference: str) -> Measuring:
        """Return what is measured; measures that compare do so with the first model."""
        compare = any(self._session.catalogue.get("measure", name).compares is True for name in measures)
        return Measuring(data=data, what=tuple(measures), reference=reference if compare else None)

    @staticmethod
    def _ticked(session: Session) -> Sequence[str]:
        chosen = [m.name for m in session.snapshot.models if m.identity in session.state.selection.models]
        primary = session.model(session.state.primary)
        return chosen or ([primary.name] if primary else [])

    def _entry(self) -> Entry | None:
        name = self._method.currentData()
        return self._session.catalogue.get("method", name) if name else None

    def _on_method_changed(self) -> None:
        entry = self._entry()
        if entry is None:
            return
        names = {"model": _ticked_of(self._models), "data": [self._data.name]}
        self._form = Form(entry.parameter_schema, names, self)
        self._summary.setText(f"{entry.summary}\n{entry.citation}")
        self._place.setWidget(self._form)

    def _on_run(self) -> None:
        try:
            self.recipe()
        except ValueError as error:
            self._problem.setText(str(error))
            return
        self.accept()

    def _lay_out(self) -> None:
        left, right = QFormLayout(), QVBoxLayout()
        left.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        for text, widget in (
            ("Title", self._title),
            ("Models", self._models),
            ("Data", self._data),
            ("Measures", self._measures),
            ("Seeds", self._seeds),
        ):
            left.addRow(text, widget)
        right.addWidget(QLabel("Method", self))
        right.addWidget(self._method)
        right.addWidget(self._summary)
        right.addWidget(self._place, 1)
        columns = QHBoxLayout()
        columns.setSpacing(WIDE)
        columns.addLayout(left, 1)
        columns.addLayout(right, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(GAP)
        layout.addLayout(columns, 1)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons)


class _DataChoice(QWidget):
    """A data set of the workspace, the digits, or a file, with its preparation."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._specs: dict[str, DataInput] = {
            record.name: DataInput(name=record.name, **record.spec.model_dump(exclude={"name", "content"}))
            for record in session.snapshot.datasets
        }
        if not any(spec.path == "digits" for spec in self._specs.values()):
            self._specs["digits"] = DataInput(name="digits", path="digits", normalise="digits", split="test")
        self._names = told(QComboBox(self), "Data set")
        self._names.addItems([*self._specs, "none"])
        self._normalise = told(QComboBox(self), "Normalisation", "Normalisation")
        self._normalise.addItems(NORMALISATIONS)
        self._limit = QSpinBox(self, maximum=10_000_000, suffix=" samples")
        self._limit.setSpecialValueText("all")
        self._limit.setToolTip("At most so many, spread evenly over the classes")
        self._limit.setGroupSeparatorShown(True)
        choose = QPushButton("File…", self)
        folder = QPushButton("Folder…", self)
        choose.clicked.connect(lambda: self._add(QFileDialog.getOpenFileName(self, "Data set", "", _DATA_KINDS)[0]))
        folder.clicked.connect(lambda: self._add(QFileDialog.getExistingDirectory(self, "Folder of class folders")))
        self._names.currentTextChanged.connect(self._on_chosen)
        first, second = QHBoxLayout(), QHBoxLayout()
        for line, widgets in ((first, (self._names, choose, folder)), (second, (self._normalise, self._limit))):
            for widget in widgets:
                line.addWidget(widget, 1 if isinstance(widget, QComboBox) else 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(first)
        layout.addLayout(second)
        self._on_chosen(self._names.currentText())

    @property
    def name(self) -> str:
        """Name of the chosen data set."""
        return self._names.currentText()

    def value(self) -> DataInput | None:
        """Return the chosen data set with its preparation, or None."""
        spec = self._specs.get(self.name)
        if spec is None:
            return None
        changes: dict[str, Any] = {"limit": self._limit.value() or None}
        if isinstance(spec.normalise, str):
            changes["normalise"] = self._normalise.currentText()
        return spec.model_copy(update=changes)

    def _on_chosen(self, name: str) -> None:
        spec = self._specs.get(name)
        for widget in (self._normalise, self._limit):
            widget.setEnabled(spec is not None)
        if spec:
            self._normalise.setCurrentText(spec.normalise if isinstance(spec.normalise, str) else "none")
            self._limit.setValue(spec.limit or 0)

    def _add(self, path: str) -> None:
        if path:
            name = Path(path).stem
            self._specs[name] = DataInput(name=name, path=path, normalise="imagenet")
            self._names.insertItem(0, name)
            self._names.setCurrentIndex(0)


_DATA_KINDS = "Data sets (*.zip *.npz);;All files (*)"


def _checklist(parent: QWidget, names: Sequence[str], ticked: Sequence[str]) -> QListWidget:
    widget = QListWidget(parent)
    for name in names:
        item = QListWidgetItem(name)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if name in ticked else Qt.CheckState.Unchecked)
        widget.addItem(item)
    return widget


def _ticked_of(widget: QListWidget) -> list[str]:
    items = (widget.item(row) for row in range(widget.count()))
    return [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) or (0,)
    except ValueError as error:
        raise ValueError(f"Seeds are whole numbers with commas between them, not '{text}'.") from error
