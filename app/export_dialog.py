"""The export dialog: where a model goes, in which format; refusals stay beside the choices."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from ..analysis.exporting.choice import FOLDER, FORMATS, Choice
from ..analysis.exporting.target import discard
from ..analysis.session import Session
from ..views.help import show_help
from ..views.parts import choice_box, told
from .exporting import request
from .run_dialog import RunDialog


class ExportDialog(RunDialog):
    """How the model that is looked at leaves; it closes once the file is there.

    Parameters
    ----------
    session : Session
        Whose worker exports it; closed before that is done, the dialog leaves the work to the jobs view.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        model = session.model(session.state.primary)
        assert model is not None, "the command needs a model that is looked at"
        self._session, self._model = session, model.name
        self.setWindowTitle(f"Export {model.name}")
        self.format = told(choice_box(self, 40), "What the file is, and who opens it", "Format")
        for suffix, meaning in FORMATS.items():
            self.format.addItem(f"{suffix}: {meaning}", suffix)
        self.format.currentIndexChanged.connect(self._on_format_changed)
        self.target = told(QLineEdit(str(Path.cwd() / f"{_plain(model.name)}.safetensors"), self), "Where", "Target")
        self.dense = QCheckBox("Multiply factors out", self)
        self.dequantise = QCheckBox("Write packed codes as numbers", self)
        self.overwrite = QCheckBox("Replace what is there", self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close | QDialogButtonBox.StandardButton.Help, self)
        self.run = buttons.addButton("Run", QDialogButtonBox.ButtonRole.AcceptRole)
        for button in buttons.buttons():
            button.setIcon(QIcon())  # the system's are of all colours
        buttons.accepted.connect(self._on_run)
        buttons.rejected.connect(self.reject)
        buttons.helpRequested.connect(lambda: show_help("export", "Export", self))
        self._lay_out(buttons)

    def reject(self) -> None:
        """Close; what is under way goes on, and the jobs view stops it."""
        QDialog.reject(self)

    def _lay_out(self, buttons: QWidget) -> None:
        browse = QPushButton("Choose…", self)
        browse.clicked.connect(self._on_browse)
        line = QHBoxLayout()
        line.addWidget(self.target, 1)
        line.addWidget(browse)
        form = QFormLayout(self)
        form.addRow("Format", self.format)
        form.addRow("Target", line)
        for box in (self.dense, self.dequantise, self.overwrite, self.problem, buttons):
            form.addRow(box)

    def _on_format_changed(self) -> None:
        suffix = self.format.currentData()
        self.target.setText(str(Path(self.target.text()).with_suffix("" if suffix == FOLDER else suffix)))

    def _on_browse(self) -> None:
        suffix = self.format.currentData()
        kinds = "" if suffix == FOLDER else f"{FORMATS[suffix].capitalize()} (*{suffix})"
        options = QFileDialog.Option.DontConfirmOverwrite
        name, _ = QFileDialog.getSaveFileName(self, "Export to", self.target.text(), kinds, options=options)
        if name:
            self.target.setText(name)

    def _on_run(self) -> None:
        self.submit(self._begin)
        if self.waiting:
            self.run.setText("Exporting …")

    def _begin(self) -> Future[Any]:
        choice = Choice(
            dense=self.dense.isChecked(), dequantise=self.dequantise.isChecked(), overwrite=self.overwrite.isChecked()
        )
        target = Path(self.target.text())
        asked = request(self._model, self._session.workspace, target, choice)
        engine = self._session.engine
        assert engine is not None, "the command needs a workspace that can be written"
        outcome = engine.ask("export", asked, f"Exporting {target.name}")
        outcome.add_done_callback(lambda _: discard(Path(asked["draft"])))  # a worker that was ended left it
        return outcome


def _plain(name: str) -> str:
    """Return a model's name as that of a file."""
    return name.replace("/", "-")
