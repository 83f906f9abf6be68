"""What is offered to learn from beside what is measured."""

from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from graftwork.analysis.recipe import DataInput
from graftwork.analysis.session import Session
from graftwork.analysis.trials import DataSpec
from graftwork.app.asking import question_in
from graftwork.app.experiment import ExperimentDialog
from graftwork.app.training_data import TrainingData


def data(name: str, path: str = "", **fields: Any) -> DataInput:
    return DataInput(name=name, path=path or f"/{name}.npz", **fields)


def training(measured: DataInput, *others: DataInput, contents: dict[str, str] | None = None) -> TrainingData:
    specs = [DataSpec(name=path, path=path, content=content) for path, content in (contents or {}).items()]
    session: Any = SimpleNamespace(snapshot=SimpleNamespace(datasets=[SimpleNamespace(spec=spec) for spec in specs]))
    return TrainingData(session, {entry.name: entry for entry in (measured, *others)}, measured)


def test_data_of_other_files_come_first() -> None:
    assert training(data("test"), data("train"), data("more")).offered == ["train", "more", "test"]


def test_with_the_measured_data_alone_a_person_has_to_say_so() -> None:
    assert training(data("test")).offered == ["", "test"]


def test_the_other_split_is_offered() -> None:
    found = training(data("mine", split="test", limit=10, normalise="digits"))
    assert found.offered == ["train", "mine"]
    assert found.known["train"] == data("train", "/mine.npz", split="train", normalise="digits")
    assert training(data("train", split="test")).offered == ["train-train", "train"]
    assert training(data("a", split="train")).offered == ["test", "a"]


@pytest.mark.parametrize(
    ("measured", "other"),
    [
        (data("test", "/a.npz"), data("train", "/a.npz")),
        (data("test", "/a.npz", split="test"), data("train", "/a.npz", split="test")),
        (data("test", "/a.npz", split="test"), data("all", "/a.npz")),
        (data("test", "/a.npz", limit=5), data("train", "/a.npz", classes=("x",))),
        (data("test", "/a.npz"), data("train", "/b.npz")),
    ],
)
def test_what_may_hold_the_same_samples_is_not_what_is_learnt_from_by_default(
    measured: DataInput, other: DataInput
) -> None:
    found = training(measured, other, contents={"/a.npz": "x", "/b.npz": "x"})
    assert found.offered[0] != other.name
    assert other.name in found.offered
    assert found.usual is None or found.usual.name != other.name


def test_what_is_usual_is_called_train() -> None:
    assert training(data("test"), data("more"), data("train")).usual == data("train")
    assert training(data("test"), data("more")).usual is None


@pytest.fixture
def dialog(session: Session, qtbot: QtBot) -> ExperimentDialog:
    session.learn(session.desk.submit("catalogue").result())  # type: ignore[union-attr]
    made = ExperimentDialog(session)
    qtbot.addWidget(made)
    return made


def editor(dialog: ExperimentDialog) -> QComboBox:
    assert dialog._form is not None
    box = dialog._form.editor("data")
    assert isinstance(box, QComboBox)
    return box


@pytest.mark.parametrize("method", ["retrain.full", "distil.logits", "repair.norm", "regularise.density"])
def test_no_recovery_learns_from_what_is_measured_by_default(method: str, dialog: ExperimentDialog) -> None:
    dialog._method.setCurrentIndex(dialog._method.findData(method))
    recipe = dialog.recipe()
    assert recipe.measure is not None
    assert recipe.measure.data == "test"
    assert recipe.step[0].parameters["data"] == "train"
    assert [(entry.name, entry.split) for entry in recipe.data] == [("test", "test"), ("train", "train")]
    editor(dialog).setCurrentText("test")
    assert [entry.name for entry in dialog.recipe().data] == ["test"]


def test_other_measured_data_bring_other_data_to_learn_from(dialog: ExperimentDialog) -> None:
    dialog._method.setCurrentIndex(dialog._method.findData("retrain.full"))
    dialog.data.add("/somewhere/mine.npz")
    assert editor(dialog).currentText() == "test"
    assert [editor(dialog).itemText(place) for place in range(editor(dialog).count())] == ["test", "mine"]
    dialog.data.names.setCurrentText("test")
    assert [editor(dialog).itemText(place) for place in range(editor(dialog).count())] == ["train", "mine", "test"]


def test_a_question_learns_from_the_other_split(session: Session) -> None:
    asked = question_in(session)
    assert (asked["data"].name, asked["train"].split) == ("test", "train")
