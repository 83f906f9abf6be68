from pathlib import Path

import pytest
from PySide6.QtWidgets import QTextBrowser
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError
from graftwork.views import panel as panels
from graftwork.views.help import show_help
from graftwork.views.panel import AREAS, load_views
from graftwork.views.theme import look

from .conftest import StandIn
from .sample_view import SamplePanel, State


@pytest.fixture
def panel(qtbot: QtBot) -> SamplePanel:
    made = SamplePanel()
    qtbot.addWidget(made)
    return made


def bind(panel: SamplePanel, session: StandIn, qtbot: QtBot) -> None:
    panel.bind(session)  # type: ignore[arg-type]
    qtbot.wait(5)


def test_without_a_session_it_says_what_to_do(panel: SamplePanel) -> None:
    assert panel.shows == "empty"
    assert not panel.export_action.isEnabled()


def test_states_follow_the_session(panel: SamplePanel, stand_in: StandIn, qtbot: QtBot) -> None:
    stand_in.busy = True
    bind(panel, stand_in, qtbot)
    assert panel.shows == "busy"
    stand_in.busy = False
    stand_in.changed.emit("arrays")
    qtbot.waitUntil(lambda: panel.shows == "empty")
    stand_in.trouble = UserError("It broke.", "Mend it.")
    stand_in.changed.emit("arrays")
    qtbot.waitUntil(lambda: panel.shows == "error")
    stand_in.value = 5
    stand_in.changed.emit("records")
    qtbot.waitUntil(lambda: panel.shows == "content")
    assert panel.label.text() == "5"


def test_a_refresh_is_done_once_a_turn(panel: SamplePanel, stand_in: StandIn, qtbot: QtBot) -> None:
    stand_in.value = 1
    bind(panel, stand_in, qtbot)
    for value in range(2, 9):
        stand_in.value = value
        stand_in.changed.emit("state")
    qtbot.waitUntil(lambda: panel.label.text() == "8")
    assert panel.shown == [(None, State(1)), (State(1), State(8))]


def test_an_equal_state_is_not_drawn_again(panel: SamplePanel, stand_in: StandIn, qtbot: QtBot) -> None:
    stand_in.value = 1
    bind(panel, stand_in, qtbot)
    stand_in.changed.emit("records")
    qtbot.wait(10)
    assert len(panel.shown) == 1


def test_changes_that_it_does_not_listen_to(panel: SamplePanel, stand_in: StandIn, qtbot: QtBot) -> None:
    bind(panel, stand_in, qtbot)
    stand_in.value = 1
    stand_in.changed.emit("jobs")
    qtbot.wait(10)
    assert panel.state is None


def test_the_table_twin(panel: SamplePanel, stand_in: StandIn, qtbot: QtBot) -> None:
    stand_in.value = 7
    bind(panel, stand_in, qtbot)
    panel.twin_action.trigger()
    assert panel.shows == "table"
    assert panel._sheet is not None
    assert panel._sheet.model().index(0, 1).data() == "7"
    panel.twin_action.trigger()
    assert panel.shows == "content"


@pytest.mark.parametrize("name", ["a.svg", "a.pdf", "a.png"])
def test_figures_are_written_in_the_background(
    panel: SamplePanel, stand_in: StandIn, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    stand_in.value = 7
    bind(panel, stand_in, qtbot)
    with qtbot.waitSignal(panel.told) as told:
        panel.export_figure(tmp_path / name)
    assert (tmp_path / name).stat().st_size > 500
    assert str(tmp_path / name) in told.args[0]


def test_the_table_is_written(panel: SamplePanel, stand_in: StandIn, qtbot: QtBot, tmp_path: Path) -> None:
    stand_in.value = 7
    bind(panel, stand_in, qtbot)
    with qtbot.waitSignal(panel.told):
        panel.export_table(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines() == ["Name,Value (M)", "a,7", "b,"]


def test_an_export_that_fails_says_so(panel: SamplePanel, stand_in: StandIn, qtbot: QtBot, tmp_path: Path) -> None:
    stand_in.value = 7
    bind(panel, stand_in, qtbot)
    with qtbot.waitSignal(panel.told) as told:
        panel.export_figure(tmp_path / "none" / "a.svg")
    assert "cannot be written" in told.args[0]


def test_the_script_is_python(panel: SamplePanel) -> None:
    script = panel.as_python()
    compile(script, "script", "exec")
    assert "sample_view.resolve, session)" in script


def test_a_notices_button_asks_for_its_command(panel: SamplePanel, qtbot: QtBot) -> None:
    panel.show_empty("Nothing yet.", "Open something.", "Open…", "file.open")
    with qtbot.waitSignal(panel.command_wanted) as wanted:
        panel._notice.button.click()
    assert wanted.args == ["file.open"]


def test_a_theme_is_taken_over(panel: SamplePanel, stand_in: StandIn, qtbot: QtBot) -> None:
    stand_in.value = 7
    bind(panel, stand_in, qtbot)
    look.apply("dark")
    look.apply("light")
    assert panel.shown[1:] == [(None, State(7)), (None, State(7))]


def test_help_opens(qtbot: QtBot) -> None:
    dialog = show_help("embedding", "Embedding")
    qtbot.addWidget(dialog)
    text = dialog.findChild(QTextBrowser)
    assert text is not None
    assert text.toPlainText()


def test_two_views_of_one_id_are_refused() -> None:
    class Other(SamplePanel):
        pass

    load_views()
    Other.__module__ = "elsewhere"
    with pytest.raises(ValueError, match="tradeoff"):
        panels.view(id="tradeoff", title="", question="", area="left")(Other)


def test_views_are_found_in_order() -> None:
    found = load_views()
    assert {"tradeoff", "embedding"} <= {info.id for info in found}
    places = [(AREAS.index(info.area), info.order) for info in found]
    assert places == sorted(places)
