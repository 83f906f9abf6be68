"""The experiment dialog's parts: layers, and data with their preparation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QTextBrowser
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.recipe import parse_recipe, write_recipe
from graftwork.analysis.session import Session
from graftwork.analysis.worker.tasks import TASKS, Desk
from graftwork.app.data_choice import DataChoice
from graftwork.app.experiment import ExperimentDialog
from graftwork.app.layer_choice import LayerChoice, LayerModel

CHECKED, UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


def rest(qtbot: QtBot, session: Session) -> None:
    for _ in range(3):
        qtbot.wait(10)
        qtbot.waitUntil(session.idle)


def identity(session: Session, name: str = "resnet8") -> str:
    return session.snapshot.by_name[name].identity


@pytest.fixture
def layers(session: Session, qtbot: QtBot) -> LayerChoice:
    made = LayerChoice(session)
    qtbot.addWidget(made)
    made.show()
    made.show_model(identity(session))
    rest(qtbot, session)
    return made


def ticked(choice: LayerChoice) -> set[str]:
    role = Qt.ItemDataRole.CheckStateRole
    model = choice.model
    return {layer.name for layer in model.tree.layers if model.data(model.find(layer.name), role) == CHECKED}


def test_the_tree_tells_kind_shape_and_parameters(layers: LayerChoice) -> None:
    place = layers.model.find("layer1.0.conv1")
    row = [layers.model.data(place.siblingAtColumn(column)) for column in range(4)]
    assert row == ["conv1", "Conv2d", "8 × 32 × 32", "576"]
    assert layers.model.data(place.parent()) == "0"
    assert "resnet8" in layers._about.text()


def test_qt_finds_nothing_wrong_with_the_model(layers: LayerChoice) -> None:
    mode = QAbstractItemModelTester.FailureReportingMode.Warning  # which fails a test
    tester = QAbstractItemModelTester(layers.model, mode)
    layers.line.setText("stages")
    layers.search.setText("conv")
    layers.search.setText("")
    layers.model.show(LayerModel().tree)
    assert tester.model() is layers.model


def test_what_is_typed_is_ticked(layers: LayerChoice) -> None:
    layers.line.setText("stages, layer2.*.conv1")
    assert ticked(layers) == {"layer1", "layer2", "layer3", "layer2.0.conv1"}
    assert layers.problem.text() == ""


def test_what_is_ticked_is_typed(layers: LayerChoice, qtbot: QtBot) -> None:
    layers.line.setText("stages")
    layers.model.setData(layers.model.find("conv1"), CHECKED, Qt.ItemDataRole.CheckStateRole)
    assert layers.line.text() == "stages, conv1"
    layers.model.setData(layers.model.find("layer2"), UNCHECKED, Qt.ItemDataRole.CheckStateRole)
    assert layers.line.text() == "layer1, layer3, conv1"
    assert ticked(layers) == {"layer1", "layer3", "conv1"}


def test_a_name_that_is_none_is_said_and_keeps_the_ticks(layers: LayerChoice) -> None:
    layers.line.setText("layer1")
    layers.line.setText("layer1, layerx")
    assert "There is no layer 'layerx'" in layers.problem.text()
    assert ticked(layers) == {"layer1"}
    with pytest.raises(ValueError, match="layerx"):
        layers.values()


def test_a_search_leaves_what_fits_and_what_is_above_it(layers: LayerChoice) -> None:
    layers.line.setText("stages")
    layers.search.setText("Linear")
    assert [layer.name for layer in layers.model.tree.layers] == ["linear"]
    layers.search.setText("layer2.0.conv1")
    assert [layer.name for layer in layers.model.tree.layers] == ["layer2", "layer2.0", "layer2.0.conv1"]
    assert ticked(layers) == {"layer2"}
    layers.search.setText("no such layer")
    assert layers.model.rowCount() == 0
    layers.search.setText("")
    assert ticked(layers) == {"layer1", "layer2", "layer3"}


def test_choices_are_the_recipes_keys(layers: LayerChoice) -> None:
    assert layers.values() == {}
    layers.line.setText("stages")
    layers.pool.setCurrentIndex(layers.pool.findData("tokens"))
    layers.dtype.setCurrentIndex(layers.dtype.findData("auto"))
    layers.tokens.setValue(4)
    layers.mixed.setChecked(True)
    expected = {"layers": ("stages",), "pool": "tokens", "tokens": 4, "dtype": "auto", "mixed": True}
    assert layers.values() == expected


def test_layers_are_asked_for_once_and_waiting_is_said(session: Session, qtbot: QtBot) -> None:
    choice = LayerChoice(session)
    qtbot.addWidget(choice)
    choice.show_model(identity(session))
    assert "Reading the layers of resnet8" in choice._about.text()
    rest(qtbot, session)
    choice.show_model(identity(session, "low"))
    rest(qtbot, session)
    choice.show_model(identity(session))
    assert "Layers of resnet8" in choice._about.text()
    assert session.desk is not None
    assert session.desk.asked.count("layers") == 2  # type: ignore[attr-defined]


def test_why_there_are_no_layers_is_said_until_it_is_retried(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise UserError("It broke.", "Mend it.")

    monkeypatch.setitem(TASKS, "layers", refuse)
    choice = LayerChoice(session)
    qtbot.addWidget(choice)
    choice.show_model(identity(session))
    rest(qtbot, session)
    assert choice._about.text() == "It broke. Mend it."
    monkeypatch.undo()
    session.retry("answer")
    choice.show_model(None)
    choice.show_model(identity(session))
    rest(qtbot, session)
    assert "Layers of resnet8" in choice._about.text()


def test_an_unknown_network_has_no_layers_and_a_reason(session: Session, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    from graftwork.analysis.identity import fingerprint
    from graftwork.analysis.trials import SourceModel

    path = tmp_path / "odd.safetensors"
    save_file({"odd": np.zeros((2, 3), np.float32)}, path)
    import torch

    payload = {
        "root": str(session.workspace.path),
        "model": SourceModel(name="odd", path=str(path), content=fingerprint(path)),
    }
    desk = Desk(torch.device("cpu"))
    with pytest.raises(UserError, match="are not known"):
        TASKS["layers"](desk, payload, Quiet())
    assert TASKS["preparation"](desk, payload, Quiet())["inputs"] is None


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(3):
            pixels = rng.integers(0, 256, (20, 30, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture
def choice(session: Session, qtbot: QtBot) -> DataChoice:
    made = DataChoice(session)
    qtbot.addWidget(made)
    made.show()
    made.show_model(identity(session))
    rest(qtbot, session)
    return made


def settled(qtbot: QtBot, session: Session, choice: DataChoice) -> None:
    qtbot.waitUntil(lambda: choice.preview.settled)
    rest(qtbot, session)


def test_new_data_are_prepared_as_guessed_and_the_reason_is_said(choice: DataChoice, pictures: Path) -> None:
    choice.add(str(pictures))
    data = choice.value()
    assert data is not None
    assert (data.path, data.channels, data.normalise) == (str(pictures), 1, "none")
    assert choice.reason.text() == "Guess for this network: It takes pictures of 1 channel."
    assert not choice.use.isEnabled()


def test_data_that_were_measured_keep_their_preparation(choice: DataChoice) -> None:
    data = choice.value()
    assert data is not None
    assert (choice.name, data.normalise, data.channels, data.limit) == ("test", "digits", None, 100)
    assert choice.use.isEnabled()
    choice.use.click()
    changed = choice.value()
    assert changed is not None
    assert (changed.normalise, changed.channels) == ("none", 1)


def test_what_a_person_changed_stays_when_the_guess_comes(session: Session, qtbot: QtBot, pictures: Path) -> None:
    choice = DataChoice(session)
    qtbot.addWidget(choice)
    choice.add(str(pictures))
    choice.form.resize_line.setText("18 × 16")
    choice.form.crop.setValue(12)
    choice.show_model(identity(session))
    rest(qtbot, session)
    data = choice.value()
    assert data is not None
    assert (data.resize, data.crop, data.channels) == ((18, 16), 12, None)
    assert choice.use.isEnabled()


def test_files_of_one_name_stay_apart(choice: DataChoice, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    before = choice.name
    choice.add(str(tmp_path / "test"))
    assert choice.name != before == "test"
    data = choice.value()
    assert data is not None
    assert (data.name, data.path) == (choice.name, str(tmp_path / "test"))


def test_a_size_that_is_none_is_said(choice: DataChoice, pictures: Path) -> None:
    choice.add(str(pictures))
    choice.form.resize_line.setText("large")
    assert "not 'large'" in choice.problem.text()
    with pytest.raises(ValueError, match="large"):
        choice.value()
    choice.form.resize_line.setText("")
    assert choice.problem.text() == ""


def test_a_few_samples_are_shown_as_prepared(
    choice: DataChoice, session: Session, qtbot: QtBot, pictures: Path
) -> None:
    choice.add(str(pictures))
    choice.form.set_values({"resize": (16, 16), "channels": 3, "normalise": "imagenet"})
    settled(qtbot, session, choice)
    strip = choice.preview
    assert sum(label.isVisible() for label in strip._pictures) == 6
    assert strip._pictures[0].pixmap().width() == 56
    assert strip.said.text().startswith("The network gets 3 × 16 × 16 numbers of each sample: values from -")
    choice.form.crop.setValue(60)
    settled(qtbot, session, choice)
    assert "smaller than its crop of 60" in strip.said.text()
    assert not any(label.isVisible() for label in strip._pictures)


def test_fields_are_those_that_suit_the_inputs(choice: DataChoice) -> None:
    form = choice.form
    assert form.resize_line.isVisible()
    assert not form.tokenizer.isVisible()
    form.show_kind("tokens")
    assert form.tokenizer.isVisible()
    assert not form.resize_line.isVisible()
    form.show_kind("numbers")
    assert not any(widget.isVisible() for widget in form._rows.values())


def test_a_part_of_the_set_is_chosen_and_its_classes_are_told(
    choice: DataChoice, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    for place in ("train/ant", "train/bee", "val/bee", "test/ant"):
        (tmp_path / "set" / place).mkdir(parents=True)
        Image.new("L", (8, 8)).save(tmp_path / "set" / place / "1.png")
    choice.add(str(tmp_path / "set"))
    settled(qtbot, session, choice)
    assert "Say which: split =" in choice.preview.said.text()
    choice.part.setCurrentText("val")
    settled(qtbot, session, choice)
    assert choice.preview.said.text().endswith("Its outputs stand for ant, bee.")
    data = choice.value()
    assert data is not None
    assert data.split == "val"


def test_own_constants_are_kept(choice: DataChoice) -> None:
    constants = ((0.1, 0.2, 0.3), (1.0, 1.0, 2.0))
    choice.form.set_values({"normalise": constants})
    assert choice.form.values()["normalise"] == constants
    assert "0.1, 0.2, 0.3" in choice.form.normalise.currentText()


def test_layers_and_preparation_reach_the_recipe(session: Session, qtbot: QtBot, pictures: Path) -> None:
    session.learn(session.desk.submit("catalogue").result())  # type: ignore[union-attr]
    dialog = ExperimentDialog(session)
    qtbot.addWidget(dialog)
    rest(qtbot, session)
    dialog._method.setCurrentIndex(dialog._method.findData("prune.magnitude"))
    dialog.data.add(str(pictures))
    dialog.data.form.set_values({"resize": 24, "crop": 16, "channels": 1, "normalise": "mnist"})
    dialog.layers.line.setText("stages, kind:Linear")
    dialog.layers.dtype.setCurrentIndex(2)
    recipe = parse_recipe(write_recipe(dialog.recipe()))
    (data,) = recipe.data
    assert (data.resize, data.crop, data.channels, data.normalise) == (24, 16, 1, "mnist")
    assert recipe.measure is not None
    assert recipe.measure.layers == ("stages", "kind:Linear")
    assert recipe.measure.dtype == "auto"
    dialog.data.names.setCurrentText("none")
    with pytest.raises(ValueError, match="choose a data set"):
        dialog.recipe()


def test_help_begins_with_the_page_of_the_chosen_method(session: Session, qtbot: QtBot) -> None:
    session.learn(session.desk.submit("catalogue").result())  # type: ignore[union-attr]
    dialog = ExperimentDialog(session)
    qtbot.addWidget(dialog)
    dialog._method.setCurrentIndex(dialog._method.findData("factor.svd"))
    dialog._on_help()
    (shown,) = dialog.findChildren(QTextBrowser)
    assert "Truncated SVD" in shown.toPlainText().splitlines()[0]
    assert "keep" in shown.toPlainText()
