"""Choosing a data set, with its preparation."""

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from ..analysis.errors import UserError
from ..analysis.recipe import DataInput
from ..analysis.session import Session
from ..views.bridge import Bridge
from ..views.parts import Sentence, choice_box, column, count_box, named, told
from ..views.theme import GAP
from .asking import known_data
from .preparation import UNPREPARED, PreparationForm, PreviewStrip
from .training_data import TrainingData

_KINDS = "Data sets (*.zip *.npz *.npy *.h5 *.hdf5 *.csv *.tsv *.parquet *.txt *.jsonl);;All files (*)"


class DataChoice(QWidget):
    """A data set of the workspace, the digits, or a file, prepared as the network wants.

    A data set of the workspace keeps the preparation that it was measured with; one that comes new is prepared as is
    guessed for the model, and both can be changed.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._model: str | None = None
        self._guess: dict[str, Any] | None = None
        self._specs = known_data(session)
        self._new: set[str] = set()  # not measured yet
        self._filled: dict[str, Any] = {}  # what the form was given; a person has changed nothing while it holds that
        self.names = told(choice_box(self), "Data set")
        self.names.addItems([*self._specs, "none"])
        self.names.setCurrentText(session.shown.name)
        self.limit = told(
            count_box(self, 0, 10_000_000, suffix=" samples", instead_of_least="all samples"),
            "At most so many, spread evenly over the classes",
            "At most so many samples",
        )
        self.part = told(choice_box(self), "Which part, where the set has several")
        for title, split in (("all of it", None), ("train", "train"), ("val", "val"), ("test", "test")):
            self.part.addItem(title, split)
        self.form = PreparationForm(self)
        self.reason = named(Sentence(self), "quiet")
        self.use = QPushButton("Prepare so", self)
        self.preview = PreviewStrip(session, self)
        self.problem = named(Sentence(self), "form-error")
        self._lay_out()
        self.names.currentTextChanged.connect(self._on_chosen)
        self.limit.valueChanged.connect(self._on_changed)
        self.part.currentIndexChanged.connect(self._on_changed)
        self.form.changed.connect(self._on_changed)
        self.use.clicked.connect(lambda: self._fill(self._fields()))
        Bridge(session.changed, self._on_session_changed, every=True)
        self._say("")
        self._on_chosen(self.name)

    @property
    def name(self) -> str:
        """Name of the chosen data set."""
        return self.names.currentText()

    def training(self) -> TrainingData | None:
        """Return what may be learnt from beside the chosen data set, or None where none is chosen.

        Raises
        ------
        ValueError
            If its preparation makes no sense.
        """
        measured = self.value()
        return TrainingData(self._session, self._specs, measured) if measured else None

    def value(self) -> DataInput | None:
        """Return the chosen data set with its preparation, or None.

        Raises
        ------
        ValueError
            If the preparation makes no sense.
        """
        spec = self._specs.get(self.name)
        if spec is None:
            return None
        return spec.replaced(
            **(self.form.values() | {"limit": self.limit.value() or None, "split": self.part.currentData()})
        )

    def add(self, path: str) -> None:
        """Add a file or folder and choose it."""
        name = stem = Path(path).stem
        while name in self._specs:
            name = f"{stem}-{len(self._specs)}"
        self._specs[name] = DataInput(name=name, path=path)
        self._new.add(name)
        self.names.insertItem(0, name)
        self.names.setCurrentText(name)

    def show_model(self, identity: str | None) -> None:
        """Guess for this model from now on."""
        if identity != self._model:
            self._model, self._guess = identity, None
            self._settle()

    def _lay_out(self) -> None:
        choose, folder = QPushButton("File…", self), QPushButton("Folder…", self)
        choose.clicked.connect(lambda: self._ask(QFileDialog.getOpenFileName(self, "Data set", "", _KINDS)[0]))
        folder.clicked.connect(lambda: self._ask(QFileDialog.getExistingDirectory(self, "Folder of class folders")))
        first, share, second = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        share.addWidget(self.limit, 1)
        share.addWidget(self.part)
        for widget in (self.names, choose, folder):
            first.addWidget(widget, 1 if widget is self.names else 0)
        second.addWidget(self.reason, 1)
        second.addWidget(self.use)
        layout = column(self, spacing=GAP)
        layout.addLayout(first)
        layout.addLayout(share)
        layout.addLayout(second)
        for part in (self.form, self.problem, self.preview):
            layout.addWidget(part)
        layout.addStretch(1)

    def _ask(self, path: str) -> None:
        if path:
            self.add(path)

    # What it hears

    def _on_chosen(self, name: str) -> None:
        spec = self._specs.get(name)
        for widget in (self.limit, self.part, self.form):
            widget.setEnabled(spec is not None)
        if spec:
            self.limit.setValue(spec.limit or 0)
            self.part.setCurrentIndex(self.part.findData(spec.split))
            self._fill(self._fields() if name in self._new else spec.model_dump(include=set(UNPREPARED)))
        self._settle()

    def _on_changed(self) -> None:
        try:
            self.preview.show_data(self.value())
            self._say("")
        except ValueError as error:
            self._say(str(error))
        self._settle()

    def _on_session_changed(self, change: str) -> None:
        if change in ("arrays", "records") and self._guess is None:
            self._settle()

    def _settle(self) -> None:
        """Show the guess, or that it is not there yet; fill it in where nobody else said how to prepare the data."""
        if self._guess is None and self._model is not None:
            guess = self._session.about(self._model, "preparation", "What the network's inputs want")
            if isinstance(guess, UserError) or guess is None:
                self.reason.setText(str(guess or "Looking at what the network wants …"))
                self.use.setEnabled(False)
                return
            self._guess = guess
            self.form.show_kind(guess["inputs"])
            if self.name in self._new and self._holds(self._filled):
                self._fill(self._fields())
        self._show_reason()

    def _show_reason(self) -> None:
        self.reason.setText(f"Guess for this network: {self._guess['because']}" if self._guess else "")
        self.use.setEnabled(bool(self._guess) and self.name in self._specs and not self._holds(self._fields()))

    def _holds(self, fields: dict[str, Any]) -> bool:
        try:
            return self.form.values() == {**UNPREPARED, **fields}
        except ValueError:
            return False

    def _fill(self, fields: dict[str, Any]) -> None:
        self._filled = fields
        self.form.set_values(fields)

    def _fields(self) -> dict[str, Any]:
        """Return what is guessed of the preparation."""
        return {name: _frozen(value) for name, value in (self._guess or {}).items() if name in UNPREPARED}

    def _say(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))


def _frozen(value: Any) -> Any:
    """Return lists as the tuples that a data set's fields are."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
