"""What an experiment searches for: a goal with its bound, and the parameters that it goes through."""

from collections.abc import Iterator, Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from ..analysis.catalogue import Entry, Quantity
from ..analysis.recipe import EACH_GROUP
from ..analysis.session import Session
from ..views.forms import Field, fields_of
from ..views.parts import Sentence, choice_box, column, count_box, named, scrolled, told
from ..views.theme import GAP, TIGHT

_GOALS = {
    "none": "no search",
    "smallest": "the smallest that keeps …",
    "best": "the best accuracy under …",
}
_SAMPLERS = {
    "what suits": None,
    "bisection": "bisection",
    "TPE": "tpe",
    "NSGA-II": "nsga2",
    "random": "random",
}
_MAIN = {"smallest": "cost.nominal", "best": "accuracy"}
"""The measure that each goal is about."""
_UNITS = {"fraction": ("points", 0.01), "bytes": ("MB", 1e6)}
"""How a person says a unit, and what that is in the measure's own."""
_FIRST = {"keep": "accuracy", "under": "cost.nominal.macs"}


class BoundRow(QWidget):
    """A measure and a number: how much of it may be lost, or the most that it may be."""

    changed = Signal()

    def __init__(self, tip: str, start: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.measure = told(choice_box(self), tip)
        self.line = told(QLineEdit(start, self), tip)
        self._unit = named(QLabel(self), "quiet")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(TIGHT)
        line.addWidget(self.measure, 2)
        line.addWidget(self.line, 1)
        line.addWidget(self._unit)
        self._quantities: Mapping[str, Quantity] = {}
        self.measure.currentIndexChanged.connect(self._on_measure_changed)
        self.line.textChanged.connect(self.changed)

    def offer(self, quantities: Mapping[str, Quantity], first: str) -> None:
        """Offer quantities by name, ``first`` chosen."""
        self._quantities = quantities
        self.measure.clear()
        for name, quantity in quantities.items():
            self.measure.addItem(quantity.title, name)
        self.measure.setCurrentIndex(max(0, self.measure.findData(first)))

    def value(self) -> dict[str, float]:
        """Return the bound in the measure's own unit, by its name.

        Raises
        ------
        ValueError
            If there is no number, as a sentence.
        """
        name = self.measure.currentData()
        if name is None:
            raise ValueError("The worker has not said yet what can be measured; try again in a moment.")
        number = _number(self.line.text(), f"The bound of {self.measure.currentText()}")
        return {name: float(f"{number * self._unit_of(name)[1]:.12g}")}

    def _unit_of(self, name: str) -> tuple[str, float]:
        unit = self._quantities[name].unit
        return ("million", 1e6) if name.endswith(".macs") else _UNITS.get(unit, (unit, 1.0))

    def _on_measure_changed(self) -> None:
        name = self.measure.currentData()
        self._unit.setText(self._unit_of(name)[0] if name else "")
        self.changed.emit()


class SpanForm(QWidget):
    """One row for each parameter that can be searched: between which ends, or over all its choices."""

    changed = Signal()

    def __init__(self, schema: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        fields = fields_of(schema)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, GAP, 0)  # beside the scroll bar
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(TIGHT)
        self.spans = {field.name: self._span(field) for field in fields if field.sweeps}
        self.choices = {field.name: self._choice(field) for field in fields if _options(field)}
        self.stages = self._tick("the amount of each stage in turn", "Bisect the amount of one stage after the other")
        has_amounts = {"amount", "amounts"} <= {field.name for field in fields}
        self.stages.setVisible(has_amounts)
        if has_amounts:
            self._grid.addWidget(self.stages, self._grid.rowCount(), 1, 1, 3)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(2, 1)
        self._grid.setRowStretch(self._grid.rowCount(), 1)

    def values(self) -> dict[str, Any]:
        """Return what is searched, as a recipe has it below ``[search.over.STEP]``.

        Raises
        ------
        ValueError
            With the first error's sentence.
        """
        spans = {name: span for name in self.spans if (span := self._ends(name))}
        choices = {name: options for name, (box, options) in self.choices.items() if box.isChecked()}
        return {**spans, **choices, **({"layers": EACH_GROUP} if self.stages.isChecked() else {})}

    def _ends(self, name: str) -> dict[str, Any]:
        low, high, log = self.spans[name]
        if not (low.text().strip() or high.text().strip()):
            return {}
        title = name.replace("_", " ").capitalize()
        ends = {
            "low": _number(low.text(), f"{title}: its low end"),
            "high": _number(high.text(), f"{title}: its high end"),
        }
        return ends | ({"log": True} if log.isChecked() else {})

    def _span(self, field: Field) -> tuple[QLineEdit, QLineEdit, QCheckBox]:
        row = self._row(field)
        ends = [told(QLineEdit(self), field.description, f"{field.title}, {end} end") for end in ("low", "high")]
        for place, (line, hint) in enumerate(zip(ends, ("from", "to"), strict=True), start=1):
            line.setPlaceholderText(f"{hint} …")
            line.textChanged.connect(self.changed)
            self._grid.addWidget(line, row, place)
        log = self._tick("by logarithm", "Spread the points evenly by their logarithm")
        self._grid.addWidget(log, row, 3)
        return ends[0], ends[1], log

    def _choice(self, field: Field) -> tuple[QCheckBox, tuple[Any, ...]]:
        options = _options(field)
        box = self._tick(f"try {', '.join(map(_said, options))}", field.description)
        self._grid.addWidget(box, self._row(field), 1, 1, 3)
        return box, options

    def _row(self, field: Field) -> int:
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(field.title.capitalize(), self), row, 0)
        return row

    def _tick(self, text: str, tip: str) -> QCheckBox:
        box = told(QCheckBox(text, self), tip, text)
        box.toggled.connect(self.changed)
        return box


class SearchChoice(QWidget):
    """The page of the experiment dialog that makes a search of it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.form = SpanForm({}, self)
        self.goal = told(QComboBox(self), "What the search is for", "Goal")
        for name, title in _GOALS.items():
            self.goal.addItem(title, name)
        self.keep = BoundRow("How much worse than the first model it may be", "1", self)
        self.under = BoundRow("The most that it may be", "", self)
        self.trials = told(count_box(self, 1, 100_000), "How many points are tried at most", "Trials")
        self.trials.setValue(40)
        self.sampler = told(QComboBox(self), "How the next point is chosen", "Sampler")
        for title, sampler in _SAMPLERS.items():
            self.sampler.addItem(title, sampler)
        self.problem = named(Sentence(self), "form-error")
        self._place = scrolled(self.form, self)
        self._layout = QFormLayout()
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._layout.setHorizontalSpacing(GAP)
        self._layout.setVerticalSpacing(GAP)
        self._lay_out()
        self.goal.currentIndexChanged.connect(self._on_changed)
        for row in (self.keep, self.under):
            row.changed.connect(self._on_changed)
        self._on_changed()

    def show_method(self, entry: Entry) -> None:
        """Offer the parameters of a method, and what can be measured by now."""
        self.form = SpanForm(entry.parameter_schema, self)
        self.form.changed.connect(self._on_changed)
        self._place.setWidget(self.form)
        self.form.setAutoFillBackground(False)
        for row, name in ((self.keep, "keep"), (self.under, "under")):
            if not row.measure.count():
                row.offer(dict(self._quantities(lower_alone=name == "under")), _FIRST[name])
        self._on_changed()

    @property
    def wanted(self) -> bool:
        """Whether there is to be a search."""
        return bool(self.goal.currentData() != "none")

    def value(self, step: str) -> dict[str, Any]:
        """Return the recipe's ``[search]`` over the parameters of a step, as a table.

        Raises
        ------
        ValueError
            With the first thing that is missing, as a sentence.
        """
        over = self.form.values()
        if not over:
            raise ValueError("A search needs a parameter to go through: give one its two ends, or tick its choices.")
        goal = self.goal.currentData()
        bound = {"keep": self.keep.value()} if goal == "smallest" else {"under": self.under.value()}
        sampler = self.sampler.currentData()
        further = {"sampler": sampler} if sampler else {}
        return {"goal": goal, **bound, "trials": self.trials.value(), **further, "over": {step: over}}

    def measures(self) -> tuple[str, ...]:
        """Return the measures that give what decides."""
        row, main = (self.keep if self.goal.currentData() == "smallest" else self.under), _MAIN[self.goal.currentData()]
        chosen = row.measure.currentData()
        owners = [e.id for e in self._session.catalogue.of_kind("measure") if chosen in {q.name for q in e.quantities}]
        return tuple(dict.fromkeys((main, *owners)))

    def _quantities(self, *, lower_alone: bool) -> Iterator[tuple[str, Quantity]]:
        for entry in self._session.catalogue.of_kind("measure"):
            for quantity in entry.quantities:
                if not quantity.per_sample and quantity.better in (("lower",) if lower_alone else ("lower", "higher")):
                    yield quantity.name, quantity

    def _on_changed(self) -> None:
        goal = self.goal.currentData()
        for row, shown in ((self.keep, "smallest"), (self.under, "best")):
            self._layout.setRowVisible(row, goal == shown)
        for widget in (self.trials, self.sampler, self._place):
            self._layout.setRowVisible(widget, self.wanted)
        self.problem.setText(self._trouble())
        self.problem.setVisible(bool(self.problem.text()))

    def _trouble(self) -> str:
        try:
            if self.wanted:
                self.value("step")
        except ValueError as error:
            return str(error)
        return ""

    def _lay_out(self) -> None:
        rows = (
            ("Goal", self.goal),
            ("Keep within", self.keep),
            ("At most", self.under),
            ("Trials", self.trials),
            ("Sampler", self.sampler),
            ("Over", self._place),
        )
        for title, widget in rows:
            self._layout.addRow(title, widget)
        layout = column(self, spacing=GAP)
        layout.addLayout(self._layout, 1)
        layout.addWidget(self.problem)


def _options(field: Field) -> tuple[Any, ...]:
    if field.kind == "boolean":
        return (False, True)
    return field.choices if field.kind == "choice" and len(field.choices) > 1 else ()


def _said(option: Any) -> str:
    return ("no", "yes")[option] if isinstance(option, bool) else str(option)


def _number(text: str, what: str) -> float:
    if not text.strip():
        raise ValueError(f"{what} is missing.")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{what} is a number, not '{text.strip()}'.") from None
