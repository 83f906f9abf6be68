"""The experiment dialog: writes a recipe from choices."""

from collections.abc import Collection, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..analysis import manual
from ..analysis.catalogue import Entry
from ..analysis.recipe import KEPT, DataInput, Measuring, ModelInput, Recipe, Step, searching, write_recipe
from ..analysis.session import Session
from ..views.forms import Form
from ..views.help import help_text, show_text
from ..views.parts import Sentence, choice_box, column, named, scrolled, sized, told
from ..views.theme import GAP, WIDE
from .data_choice import DataChoice
from .layer_choice import LayerChoice
from .run_dialog import RunDialog
from .search_choice import SearchChoice
from .training_data import TrainingData

_USUAL = ("accuracy", "loss", "cost.nominal", "cost.measured", "geometry.margins")


class ExperimentDialog(RunDialog):
    """Choose models, a method with its parameters, data and measures; `recipe` is what they come to."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New experiment")
        sized(self, 980, 680)
        self._session = session
        self._form: Form | None = None
        self._title = QLineEdit("Experiment", self)
        self._models = _checklist(self, [m.name for m in session.snapshot.models], self._ticked(session))
        self._models.setMinimumWidth(140)
        self._method = told(choice_box(self), "Method")
        for entry in session.catalogue.of_kind("method"):
            self._method.addItem(f"{entry.title}   {entry.id}", entry.id)
        self._place = scrolled(QWidget(self), self)
        self._summary = named(Sentence(self), "quiet")
        session.retry("answer")
        self.data = DataChoice(session, self)
        self.layers = LayerChoice(session, self)
        self.search = SearchChoice(session, self)
        measures = [entry.id for entry in session.catalogue.of_kind("measure")]
        self._measures = _checklist(self, measures, [name for name in measures if name in _USUAL])
        self._seeds = told(
            QLineEdit("0", self), "Comma list; methods that draw random numbers run once for each", "Seeds"
        )
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.run = self._buttons.addButton("Run", QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.addButton(QDialogButtonBox.StandardButton.Help)
        for button in self._buttons.buttons():
            button.setIcon(QIcon())  # the system's are of all colours
        self._buttons.helpRequested.connect(self._on_help)
        self._buttons.accepted.connect(self._on_run)
        self._buttons.rejected.connect(self.reject)
        self._method.currentIndexChanged.connect(self._on_method_changed)
        self.data.names.currentTextChanged.connect(self._on_data_changed)
        self._models.itemChanged.connect(self._on_models_changed)
        self._lay_out()
        self._on_method_changed()
        self._on_models_changed()

    def recipe(self) -> Recipe:
        """Return the recipe that the choices come to.

        Raises
        ------
        ValueError
            With the first thing that is missing, as a sentence.
        UserError
            If the search is none.
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
        data = self.data.value()
        step = Step.model_validate({"method": entry.id, "of": [names] if many else names, **self._form.values()})
        search = self.search.value(step.label) if self.search.wanted else None
        recipe = Recipe(
            title=self._title.text() or "Experiment",
            seeds=_numbers(self._seeds.text()),
            model=tuple(ModelInput(name=name, path=f"{KEPT}{name}") for name in names),
            data=((data, *self._learnt(entry, step, data)) if data else ()),
            step=(_without(step, search["over"][step.label]) if search else step,),
            measure=self._measuring(data.name if data else None, names[0]),
        )
        return searching(recipe, search, "The experiment") if search else recipe

    def _measuring(self, data: str | None, first: str) -> Measuring | None:
        """Return what is measured, if anything; measures that compare do so with the first model, as a search does."""
        what, layers = tuple(_ticked_of(self._measures)), self.layers.values()
        if self.search.wanted:
            what = tuple(dict.fromkeys((*what, *self.search.measures())))
            if data is None:
                raise ValueError("A search goes by what is measured: choose a data set.")
        if layers and data is None:
            raise ValueError("Layers are kept of samples: choose a data set, or no layers.")
        compare = any(self._session.catalogue.get("measure", name).compares is True for name in what)
        if not (data and (what or layers)):
            return None
        return Measuring(data=data, what=what, reference=first if compare or self.search.wanted else None, **layers)

    @staticmethod
    def _ticked(session: Session) -> Sequence[str]:
        chosen = [m.name for m in session.snapshot.models if m.identity in session.state.selection.models]
        primary = session.model(session.state.primary)
        return chosen or ([primary.name] if primary else [])

    def _on_help(self) -> None:
        """Show the page of the chosen method, and what the dialog is for."""
        entry, title = self._entry(), "New experiment"
        about = [manual.page(entry)] if entry else []
        show_text("\n\n".join([*about, help_text("experiment", title)]), title, self)

    def _entry(self) -> Entry | None:
        name = self._method.currentData()
        return self._session.catalogue.get("method", name) if name else None

    def _on_method_changed(self) -> None:
        entry = self._entry()
        if entry is None:
            return
        training = self._training()
        names = {"model": _ticked_of(self._models), "data": training.offered if training else [""]}
        self._form = Form(entry.parameter_schema, names, self)
        self._summary.setText(f"{entry.summary}\n{entry.citation}")
        self._place.setWidget(self._form)
        self._form.setAutoFillBackground(False)
        self.search.show_method(entry)

    def _training(self) -> TrainingData | None:
        try:
            return self.data.training()
        except ValueError:  # the data page says it
            return None

    def _learnt(self, entry: Entry, step: Step, measured: DataInput) -> list[DataInput]:
        """Return what the step learns from, where that is not what is measured."""
        training = self._training()
        names = {step.parameters.get(name) for name in _of_role(entry, "data")}
        return [data for name, data in (training.known if training else {}).items() if name in names - {measured.name}]

    def _on_data_changed(self) -> None:
        """Offer other data to learn from; what was filled in stays."""
        entry, training = self._entry(), self._training()
        if entry and self._form:
            for name in _of_role(entry, "data"):
                self._form.offer(name, training.offered if training else [""])

    def _on_models_changed(self) -> None:
        """Ask about the first of the ticked models what the data and the layers are chosen for."""
        first = next((self._session.snapshot.by_name.get(name) for name in _ticked_of(self._models)), None)
        for part in (self.data, self.layers):
            part.show_model(first.identity if first else None)

    def _on_run(self) -> None:
        self.submit(
            lambda: self._session.run_recipe(write_recipe(self.recipe()), Path.cwd(), "The experiment"),
        )

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(GAP)
        for text, widget in (("Title", self._title), ("Models", self._models), ("Seeds", self._seeds)):
            left.addWidget(QLabel(text, self))
            left.addWidget(widget)
        self.pages = QTabWidget(self)
        for title, page in (
            ("Method", self._method_page()),
            ("Data", self.data),
            ("Measures", self._measures),
            ("Layers", self.layers),
            ("Search", self.search),
        ):
            self.pages.addTab(page, title)
            page.setContentsMargins(GAP, GAP, GAP, GAP)
        choices = QWidget(self)
        columns = QHBoxLayout(choices)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(WIDE)
        columns.addLayout(left, 2)
        columns.addWidget(self.pages, 3)
        layout = QVBoxLayout(self)
        layout.setSpacing(GAP)
        layout.addWidget(scrolled(choices, self, sideways=True), 1)  # for a small screen
        layout.addWidget(self.problem)
        layout.addWidget(self._buttons)

    def _method_page(self) -> QWidget:
        page = QWidget(self)
        layout = column(page, spacing=GAP)
        layout.addWidget(self._method)
        layout.addWidget(self._summary)
        layout.addWidget(self._place, 1)
        return page


def _of_role(entry: Entry, role: str) -> list[str]:
    """Return the parameters of a method that name a model or a data set."""
    fields = entry.parameter_schema.get("properties", {})
    return [name for name, schema in fields.items() if schema.get("role") == role]


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


def _without(step: Step, searched: Collection[str]) -> Step:
    """Return the step without the values of what is searched."""
    return Step.model_validate({k: v for k, v in step.model_dump().items() if k not in searched})


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) or (0,)
    except ValueError as error:
        raise ValueError(f"Seeds are whole numbers with commas between them, not '{text}'.") from error
