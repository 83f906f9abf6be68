from typing import Any, Literal

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from graftwork.analysis.registry import Parameters, parameter
from graftwork.views.forms import Form, fields_of


class Prune(Parameters):
    amount: float = parameter(..., "Share of the weights to remove.", unit="share", ge=0, lt=1)
    steps: int = parameter(1, "Rounds.", ge=1)
    scope: Literal["global", "layer", "erk"] = parameter("global", "Where scores are compared.")
    bias: bool = parameter(False, "Prune biases too.")
    base: str | None = parameter(None, "Model to compare with.", role="model")
    skip: list[str] = parameter([], "Layers that are kept.")
    eps: float | None = parameter(None, "Damping.", gt=0)
    shares: dict[str, float] = parameter({}, "Shares of some layers.")


@pytest.fixture
def form(qtbot: QtBot) -> Form:
    made = Form(Prune.model_json_schema(), {"model": ["resnet20", "resnet56"]})
    qtbot.addWidget(made)
    made.show()
    return made


def write(form: Form, name: str, text: str) -> None:
    editor = form.editor(name)
    assert isinstance(editor, QLineEdit)
    editor.setText(text)


def test_fields() -> None:
    fields = {field.name: field for field in fields_of(Prune.model_json_schema(), {"model": ["a"]})}
    assert fields["amount"].unit == "share"
    assert fields["amount"].range_text == "at least 0, below 1"
    assert fields["base"].choices == ("a",)
    assert fields["base"].optional
    assert fields["eps"].bounds == (("exclusiveMinimum", 0.0),)
    assert [fields[name].kind for name in Prune.model_fields] == [
        "number",
        "integer",
        "choice",
        "boolean",
        "choice",
        "list",
        "number",
        "table",
    ]


def test_only_what_differs_from_the_default(form: Form) -> None:
    assert form.error() == "Amount is missing."
    write(form, "amount", "0.5")
    assert form.values() == {"amount": 0.5}
    assert Prune.model_validate(form.values()).amount == 0.5


def test_everything_at_once(form: Form) -> None:
    given: dict[str, Any] = {
        "amount": [0.5, 0.8],
        "steps": 3,
        "scope": "erk",
        "bias": True,
        "base": "resnet56",
        "skip": ["conv1", "fc"],
        "eps": 0.1,
        "shares": {"conv*": 0.1, "fc": 0.5},
    }
    form.set_values(given)
    assert form.values() == given
    scope, bias = form.editor("scope"), form.editor("bias")
    assert isinstance(scope, QComboBox)
    assert isinstance(bias, QCheckBox)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("amount", "0.5, 1.2", "Amount is below 1, not 1.2."),
        ("amount", "much", "Amount is a number, not 'much'."),
        ("amount", "nan", "Amount is a number, not 'nan'."),
        ("steps", "2.5", "Steps is a whole number, not '2.5'."),
        ("steps", "0", "Steps is at least 1, not 0."),
    ],
)
def test_the_first_error(form: Form, name: str, text: str, sentence: str) -> None:
    write(form, "amount", "0.5")
    write(form, name, text)
    assert form.error() == sentence
    with pytest.raises(ValueError, match="is"):
        form.values()


def test_a_change_is_told(form: Form, qtbot: QtBot) -> None:
    with qtbot.waitSignal(form.changed):
        write(form, "amount", "0.2")


def test_a_table_is_written_as_names_with_numbers(form: Form) -> None:
    write(form, "amount", "0.5")
    write(form, "shares", "conv1: 0.2")
    assert form.values()["shares"] == {"conv1": 0.2}
    write(form, "shares", "conv1: little")
    assert form.error() == "Shares are written NAME: NUMBER, NAME: NUMBER, not 'conv1: little'."
