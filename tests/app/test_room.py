"""The window and its dialogs fit a small screen, whatever names and errors there are."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.analysis.recipe import DataInput
from graftwork.analysis.session import Session
from graftwork.app.banner import Banner
from graftwork.app.data_choice import DataChoice
from graftwork.app.experiment import ExperimentDialog
from graftwork.app.recipe_dialog import RecipeDialog
from graftwork.app.settings import Settings
from graftwork.app.window import Window
from graftwork.views.notice import Notice
from graftwork.views.parts import Line, Sentence
from graftwork.views.tips import as_tip

from ..views.showing import VIEWS, keep_fit, mask_of, rest, show

SCREEN = (512, 318)
"""What a screen of 1024 × 700 has at 200 %, without the title of a window."""
NAMES = ("n" * 500, "/folder/with spaces" * 26, "a b" * 170, "<b>bold</b>&amp;" * 32)
long = pytest.mark.parametrize("name", NAMES, ids=["word", "path", "words", "markup"])


def fits(widget: QWidget, width: int = SCREEN[0]) -> bool:
    return widget.minimumSizeHint().width() <= width


def renamed(session: Session, name: str) -> Session:
    """Give everything that has a foreign name a long one."""
    keep_fit(session, problem=f"There is no {name}.")
    session.refresh()
    seen = session.snapshot
    models = tuple(m.replaced(name=f"{name}{n}") for n, m in enumerate(seen.models))
    names = {old.name: new.name for old, new in zip(seen.models, models, strict=True)}
    values = tuple(v.replaced(model=names[v.model]) for v in seen.values)
    trials = tuple(t.replaced(model=names[t.model], problem=name, next_step=name, state="failed") for t in seen.trials)
    session.snapshot = replace(seen, models=models, values=values, trials=trials)
    session.message = UserError(f"There is no {name}.", f"Name {name}.")
    session.changed.emit("records")
    return session


@long
def test_no_name_widens_a_view(session: Session, qtbot: QtBot, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "class_names", lambda self: tuple(f"{name}{number}" for number in range(10)))
    renamed(session, name)
    for info in VIEWS:
        panel = show(qtbot, info.panel, session)
        session.select_samples(mask_of(30))
        rest(qtbot, session)
        assert fits(panel, 330), info.id
        panel.show_notice(Notice.of(UserError(name, name)))
        assert fits(panel, 330), info.id


@long
def test_texts_give_way_and_the_tooltip_tells_all(qtbot: QtBot, name: str) -> None:
    for kind in (Line, Sentence):
        label = kind(None, name)
        qtbot.addWidget(label)
        label.resize(200, 40)
        label.show()
        qtbot.wait(5)
        assert fits(label, 100)
        assert label.whole == name
        assert label.toolTip() == ("" if label.text() == name else as_tip(name))
        assert all(label.fontMetrics().horizontalAdvance(word) <= 202 for word in label.text().split())
    label.setText("short")
    assert (label.text(), label.toolTip()) == ("short", "")


@long
def test_no_error_widens_the_window(qtbot: QtBot, name: str) -> None:
    window = Window(Settings())
    window.fill()
    qtbot.addWidget(window)
    window.show()
    banner = window.findChild(Banner)
    assert banner is not None
    banner.ask(name, "Resume", lambda: None)
    window._state.setText(name)
    window.tell(name)
    qtbot.waitUntil(banner.isVisible)
    assert fits(window)
    assert window.width() <= 1440


def test_the_window_and_its_dialogs_are_no_higher_than_a_small_screen(
    dialogs: list[QWidget], session: Session, qtbot: QtBot
) -> None:
    window = Window(Settings())
    window.fill()
    qtbot.addWidget(window)
    assert max(widget.minimumSizeHint().height() for widget in (window, *dialogs)) <= SCREEN[1]


@pytest.fixture
def dialogs(session: Session, qtbot: QtBot, tmp_path: Path) -> list[QWidget]:
    session.learn(session.desk.submit("catalogue").result())  # type: ignore[union-attr]
    made = [ExperimentDialog(session), RecipeDialog(session, "title = 'A'", "A", tmp_path)]
    for dialog in made:
        qtbot.addWidget(dialog)
        dialog.show()
    return list(made)


@long
def test_no_refusal_widens_a_dialog(dialogs: list[QWidget], qtbot: QtBot, name: str) -> None:
    for dialog in dialogs:
        dialog.say(name)  # type: ignore[attr-defined]
        qtbot.wait(5)
        assert fits(dialog), type(dialog).__name__
        assert dialog.findChildren(QLabel)


def test_a_data_sets_name_does_not_widen_its_choice(session: Session, qtbot: QtBot, tmp_path: Path) -> None:
    choice = DataChoice(session)
    qtbot.addWidget(choice)
    before = choice.minimumSizeHint().width()
    choice.add(str(tmp_path / f"{'d' * 200}.csv"))
    assert choice.findChildren(QComboBox)
    assert choice.minimumSizeHint().width() == before
    assert isinstance(choice.value(), DataInput)
