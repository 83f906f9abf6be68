"""Broken files on the way that a person's take: through the window, to a worker process and back."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QTableView
from pytestqt.qtbot import QtBot

from graftwork.analysis.recipe import DataInput, Measuring, ModelInput, Recipe, write_recipe
from graftwork.app.settings import Settings
from graftwork.app.window import Window

from ..analysis.broken import Broken, canary, placed
from ..analysis.data.broken_data import DATA
from ..analysis.models.broken_checkpoints import CHECKPOINTS
from ..analysis.models.networks import Cifar

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs pipes and links")

PATIENCE = 60_000  # ms
OPENED = {
    "an empty file": "is empty",
    "a text": "known format",
    "a pipe": "it is no file",
    "a device without end": "it is no file",
    "a circle of links": "links",
    "a name that is no text": "is not UTF-8",
    "a pickle that would run": "would run 'builtins.getattr'",
    "a command in the constants of a program": "would run 'posix.system'",
    "a part named twice": "names a part twice",
    "a header longer than any file": "its header claims",
    "half of a zip file": "truncated",
    "an index that names '../../../../etc/passwd'": "outside its folder",
    "an index of a pipe": "which is not there",
}
MEASURED = {
    "an empty csv": "is empty",
    "a folder for a csv": "holds no images",
    "half of a parquet": "is not a Parquet file",
    "an array that would run": "could run code",
    "arrays that unpack without end": "unpacks from",
    "samples beyond any memory": "claims 1,099,511,627,776 samples",
    "samples in another file": "in another file",
    "lines with half a line": "Line 2 of",
    "a tokenizer that is something else": "is not a tokenizer",
    "a zip with an image that scaling makes too large": "would be scaled",
    "a class whose name is no text": "is not UTF-8",
}


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    """Return the window on a new workspace, with worker processes of its own."""
    made = Window(Settings(theme="light", device="cpu"))
    made.fill()
    qtbot.addWidget(made)
    made.show()
    made.open_workspace(tmp_path / "new.graft")
    qtbot.waitUntil(lambda: made.session is not None, timeout=PATIENCE)
    yield made
    made.close()


def texts(model: QAbstractItemModel) -> str:
    places = ((row, column) for row in range(model.rowCount()) for column in range(model.columnCount()))
    return "\n".join(str(model.index(*place).data(Qt.ItemDataRole.DisplayRole)) for place in places)


def shown(window: Window) -> str:
    """Return what the window says: its banner, and the table of jobs."""
    banner = window._banner.sentence.whole if window._banner.isVisible() else ""
    return banner + "\n" + texts(window.panels["jobs"].findChildren(QTableView)[0].model())


def says(window: Window, qtbot: QtBot, sentence: str, earlier: str) -> None:
    """Wait until the window says a sentence once more than before; then let the banner go, as a person does."""
    qtbot.waitUntil(lambda: shown(window).count(sentence) > earlier.count(sentence), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.session.engine.running, timeout=PATIENCE)
    assert "Traceback" not in shown(window)
    window._banner._close.click()


def sound(folder: Path) -> Path:
    """Return a network that images of any size suit, so that those that are broken are read."""
    torch.save(Cifar().state_dict(), folder / "sound.pt")
    return folder / "sound.pt"


def measuring(broken: Broken, path: Path) -> str:
    """Return the recipe that measures a sound network on a broken data set."""
    beside = {field: str(path.with_name(name)) for field, name in broken.fields.items() if field == "tokenizer"}
    return write_recipe(
        Recipe(
            title="Broken data",
            model=(ModelInput(name="sound", path=str(sound(path.parent.parent))),),
            data=(DataInput(name="set", path=str(path), **{**broken.fields, **beside}),),
            measure=Measuring(data="set", what=("accuracy",)),
        )
    )


@pytest.mark.heavy("dozens of files through one real window and worker")
def test_each_broken_file_gets_its_sentence_and_the_window_still_answers(
    window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    for shelf, sentences in ((CHECKPOINTS, OPENED), (DATA, MEASURED)):
        for name, sentence in sentences.items():
            home = tmp_path / name.replace("/", " ")
            home.mkdir()
            path, earlier = placed(shelf[name], home), shown(window)
            if shelf is DATA:
                (home / "recipe.toml").write_text(measuring(shelf[name], path), encoding="utf-8")
                window.run_recipe(home / "recipe.toml")
            else:
                window.add_checkpoints([path])
            says(window, qtbot, sentence, earlier)
            assert not canary(path).exists()
    window.add_checkpoints([sound(tmp_path)])
    qtbot.waitUntil(lambda: "done" in [trial.state for trial in window.session.snapshot.trials], timeout=PATIENCE)
    primary = window.session.state.primary
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert window.session.state.primary != primary
