import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.views.lineage import _ROW, LineagePanel, LineageState, Node
from graftwork.views.theme import GAP

from .showing import rest, show

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> LineagePanel:
    return show(qtbot, LineagePanel, session)


def state_of(panel: LineagePanel) -> LineageState:
    assert panel.state is not None
    return panel.state


def node(panel: LineagePanel, part: str) -> Node:
    return next(node for node in state_of(panel).nodes if part in node.name)


def place(node: Node) -> QPoint:
    return QPoint(40, GAP // 2 + node.row * _ROW + _ROW // 2)


def test_a_merge_has_all_of_its_parents(panel: LineagePanel) -> None:
    state = state_of(panel)
    child = next(index for index, node in enumerate(state.nodes) if "merged" in node.name)
    parents = [state.nodes[parent].name for parent, to in state.edges if to == child]
    assert parents == ["low", "middle", "high"]
    assert state.nodes[child].generation == 1


def test_children_stand_below_and_right_of_their_parents(panel: LineagePanel) -> None:
    state = state_of(panel)
    assert len(state.nodes) == 7
    assert len(state.edges) == 5
    assert [n.row for n in state.nodes] == list(range(7))
    for parent, child in state.edges:
        assert state.nodes[parent].row < state.nodes[child].row
        assert state.nodes[parent].generation < state.nodes[child].generation


def test_a_click_looks_and_shift_selects(panel: LineagePanel, session: Session, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel.graph, LEFT, pos=place(node(panel, "middle")))
    assert session.state.primary == node(panel, "middle").identity
    qtbot.mouseClick(panel.graph, LEFT, SHIFT, place(node(panel, "high")))
    qtbot.mouseClick(panel.graph, LEFT, SHIFT, place(node(panel, "low")))
    assert session.state.selection.models == {node(panel, "high").identity, node(panel, "low").identity}
    assert session.state.primary == node(panel, "middle").identity
    rest(qtbot, session)
    assert state_of(panel).selected == session.state.selection.models


def test_the_menu_pins(panel: LineagePanel, session: Session, qtbot: QtBot) -> None:
    at = place(node(panel, "low"))
    panel.graph.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, at))
    menu = panel.graph.findChildren(QMenu)[0]
    menu.actions()[0].trigger()
    menu.close()
    assert session.state.pinned == node(panel, "low").identity
    rest(qtbot, session)
    assert state_of(panel).pinned == session.state.pinned
    assert panel.graph.findChildren(QMenu) == []
    session.undo()
    assert session.state.pinned != node(panel, "low").identity


def test_a_click_beside_the_rows_does_nothing(panel: LineagePanel, session: Session, qtbot: QtBot) -> None:
    before = session.state
    qtbot.mouseClick(panel.graph, LEFT, pos=QPoint(40, panel.graph.height() - 2))
    assert session.state is before
