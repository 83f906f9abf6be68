"""Forms: widgets for a parameter schema, with unit, bounds, meaning, and lists to sweep over."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from .parts import Sentence, choice_box, column, named
from .theme import GAP, TIGHT

Kind = Literal["integer", "number", "boolean", "choice", "text", "list", "table"]
_EMPTY: dict[str, Callable[[], Any]] = {"list": list, "table": dict}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


@dataclass(frozen=True)
class Field:
    """One parameter, as its schema tells it.

    Attributes
    ----------
    name, title, description, unit : str
        Its key; what a person reads.
    kind : str
        What its values are.
    default : object
        None where it must be given, or may be none.
    required, optional : bool
        Whether it must be given; whether none is a value.
    choices : tuple
        The values there are, for a choice.
    bounds : tuple of (schema key, value)
        Limits of a number.
    """

    name: str
    title: str
    description: str
    unit: str
    kind: Kind
    default: Any
    required: bool
    optional: bool
    choices: tuple[Any, ...]
    bounds: tuple[tuple[str, float], ...]

    @property
    def sweeps(self) -> bool:
        """Whether a comma list of its values is a sweep."""
        return self.kind in ("integer", "number")

    @property
    def range_text(self) -> str:
        """The bounds in words."""
        return ", ".join(f"{_BOUNDS[key]} {value:g}" for key, value in self.bounds)

    def parse(self, text: str) -> Any:
        """Return the value that a text stands for: one, a list to sweep over, or None.

        Raises
        ------
        ValueError
            With the sentence that says what is wrong.
        """
        text = text.strip()
        if not text:
            if self.kind in _EMPTY and not self.required:
                return _EMPTY[self.kind]()
            if self.required or not self.optional:
                raise ValueError(f"{self.title.capitalize()} is missing.")
            return None
        if self.sweeps:
            values = [self._number(part.strip()) for part in text.split(",")]
            return values[0] if len(values) == 1 else values
        if self.kind == "table":
            return dict(self._entry(part) for part in text.split(","))
        return self._items(text) if self.kind == "list" else text

    def required_choice(self, choice: Any) -> Any:
        """Return a choice.

        Raises
        ------
        ValueError
            If nothing is chosen and something must be.
        """
        if self.required and choice == "":
            raise ValueError(f"{self.title.capitalize()} is missing.")
        return choice

    def _entry(self, text: str) -> tuple[str, float]:
        name, _, value = text.rpartition(":")
        try:
            return name.strip(), _finite(value)
        except ValueError:
            problem = f"{self.title.capitalize()} are written NAME: NUMBER, NAME: NUMBER, not '{text.strip()}'."
            raise ValueError(problem) from None

    def _items(self, text: str) -> list[Any]:
        if text.startswith("["):
            return list(json.loads(text))
        return [part.strip() for part in text.split(",") if part.strip()]

    def _number(self, text: str) -> float | int:
        try:
            value = int(text) if self.kind == "integer" else _finite(text)
        except ValueError:
            what = "a whole number" if self.kind == "integer" else "a number"
            raise ValueError(f"{self.title.capitalize()} is {what}, not '{text}'.") from None
        for key, bound in self.bounds:
            if not _within(key, value, bound):
                raise ValueError(f"{self.title.capitalize()} is {_BOUNDS[key]} {bound:g}, not {text}.")
        return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _within(key: str, value: float, bound: float) -> bool:
    return {
        "minimum": value >= bound,
        "exclusiveMinimum": value > bound,
        "maximum": value <= bound,
        "exclusiveMaximum": value < bound,
    }[key]


def fields_of(schema: Mapping[str, Any], names: Mapping[str, Sequence[str]] | None = None) -> tuple[Field, ...]:
    """Return the fields of a JSON schema as pydantic writes it.

    ``names`` gives the names there are for each role (``model``, ``data``); a property with such a role becomes a
    choice of them.
    """
    required = set(schema.get("required", ()))
    found = schema.get("properties", {})
    return tuple(_field(key, schema, spec, key in required, names or {}) for key, spec in found.items())


def _field(
    name: str, schema: Mapping[str, Any], spec: Mapping[str, Any], required: bool, names: Mapping[str, Sequence[str]]
) -> Field:
    branches = [_followed(schema, branch) for branch in spec.get("anyOf", (spec,))]
    main = next((branch for branch in branches if branch.get("type") != "null"), {}) if branches else {}
    main = _followed(schema, main)
    choices = tuple(main.get("enum", ())) or ((main["const"],) if "const" in main else ())
    choices = choices or tuple(names.get(spec.get("role", ""), ()))
    return Field(
        name=name,
        title=name.replace("_", " "),
        description=spec.get("description", ""),
        unit=spec.get("unit", ""),
        kind="choice" if choices else _kind(main),
        default=spec.get("default"),
        required=required,
        optional=any(branch.get("type") == "null" for branch in branches),
        choices=choices,
        bounds=tuple((key, main[key]) for key in _BOUNDS if key in main),
    )


def _followed(schema: Mapping[str, Any], spec: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in spec:
        return spec
    found: Mapping[str, Any] = schema["$defs"][spec["$ref"].rsplit("/", 1)[1]]
    return {**found, **{key: value for key, value in spec.items() if key != "$ref"}}


def _kind(spec: Mapping[str, Any]) -> Kind:
    return _KINDS.get(str(spec.get("type")), "text")


_KINDS: dict[str, Kind] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "table",
}


class Form(QWidget):
    """Widgets for the parameters of a method, measure or projection.

    Parameters
    ----------
    schema : mapping
        JSON schema; a property's ``unit`` and ``role`` stand beside the usual keys.
    names : mapping of str to sequence of str
        The names there are for each role.
    """

    changed = Signal()

    def __init__(
        self,
        schema: Mapping[str, Any],
        names: Mapping[str, Sequence[str]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.fields = fields_of(schema, names)
        self._editors: dict[str, QWidget] = {}
        self._trouble = named(Sentence(self), "form-error")
        grid = QGridLayout()
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(TIGHT)
        grid.setColumnStretch(1, 1)
        for row, field in enumerate(self.fields):
            self._add(grid, 2 * row, field)
        layout = column(self, spacing=GAP)
        layout.addLayout(grid)
        layout.addWidget(self._trouble)
        layout.addStretch(1)
        self._on_changed()

    def values(self) -> dict[str, Any]:
        """Return every value that is not the default; a list where a number is swept.

        Raises
        ------
        ValueError
            With the first error's sentence.
        """
        found = {field.name: self._value(field) for field in self.fields}
        defaults = {field.name: field.default for field in self.fields if not field.required}
        return {name: value for name, value in found.items() if name not in defaults or value != defaults[name]}

    def error(self) -> str:
        """Return the first error's sentence; empty where there is none."""
        try:
            self.values()
        except ValueError as error:
            return str(error)
        return ""

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Fill in values."""
        for name, value in values.items():
            _fill(self._editors[name], value)

    def offer(self, name: str, choices: Sequence[Any]) -> None:
        """Offer other choices for a parameter; what is chosen stays where it is among them."""
        box = self._editors[name]
        assert isinstance(box, QComboBox)
        with QSignalBlocker(box):
            chosen = box.currentData()
            box.clear()
            for choice in choices:
                box.addItem(str(choice), choice)
            _fill(box, chosen)
        self._on_changed()

    def editor(self, name: str) -> QWidget:
        """Return the widget that holds a parameter."""
        return self._editors[name]

    def _add(self, grid: QGridLayout, row: int, field: Field) -> None:
        editor = self._editors[field.name] = self._make(field)
        editor.setAccessibleName(field.title)
        label = QLabel(field.title.capitalize(), self)
        label.setBuddy(editor)
        line = QHBoxLayout()
        line.setSpacing(TIGHT)
        line.addWidget(editor, 1)
        if field.unit:
            line.addWidget(named(QLabel(field.unit, self), "quiet"))
        grid.addWidget(label, row, 0)
        grid.addLayout(line, row, 1)
        grid.addWidget(named(Sentence(self, _meaning(field)), "quiet"), row + 1, 1)

    def _make(self, field: Field) -> QWidget:
        if field.kind == "boolean":
            return self._make_check(field)
        if field.kind == "choice":
            return self._make_choice(field)
        line = QLineEdit(self)
        line.setPlaceholderText("none" if field.optional else "required" if field.required else "")
        line.textChanged.connect(self._on_changed)
        _fill(line, field.default)
        return line

    def _make_check(self, field: Field) -> QCheckBox:
        box = QCheckBox(self)
        box.setChecked(bool(field.default))
        box.toggled.connect(self._on_changed)
        return box

    def _make_choice(self, field: Field) -> QComboBox:
        box = choice_box(self)
        if field.optional:
            box.addItem("none", None)
        for choice in field.choices:
            box.addItem(str(choice), choice)
        _fill(box, field.default)
        box.currentIndexChanged.connect(self._on_changed)
        return box

    def _value(self, field: Field) -> Any:
        editor = self._editors[field.name]
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, QComboBox):
            return field.required_choice(editor.currentData())
        assert isinstance(editor, QLineEdit)
        return field.parse(editor.text())

    def _on_changed(self) -> None:
        trouble = self.error() if len(self._editors) == len(self.fields) else ""
        self._trouble.setText(trouble)
        self._trouble.setVisible(bool(trouble))
        self.changed.emit()


def _meaning(field: Field) -> str:
    parts = [field.description.rstrip("."), field.range_text, "commas sweep" if field.sweeps else ""]
    return "; ".join(part for part in parts if part)


def _fill(editor: QWidget, value: Any) -> None:
    if isinstance(editor, QCheckBox):
        editor.setChecked(bool(value))
    elif isinstance(editor, QComboBox):
        editor.setCurrentIndex(max(editor.findData(value), 0))
    elif isinstance(editor, QLineEdit):
        if isinstance(value, dict):
            value = [f"{name}: {number}" for name, number in value.items()]
        items = value if isinstance(value, list | tuple) else [] if value is None else [value]
        editor.setText(", ".join(str(item) for item in items))
