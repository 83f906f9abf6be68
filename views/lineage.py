"""Lineage: what was made from what, as a graph with one column a generation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QScrollArea, QSizePolicy, QWidget

from .figure import name_data
from .notice import Notice
from .panel import Panel, view
from .plot import mode_of
from .table import Table
from .theme import GAP, LIGHT, WIDE, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.measured import Row
    from ..analysis.session import Session, Snapshot
    from ..analysis.workspace import ModelRecord


_ROW_INCHES = 0.16


@dataclass(frozen=True)
class Node:
    """One model: its place as (generation, row), what is said beside it, and how far it is.

    ``state`` is ``done``, ``pending``, ``running``, ``failed`` or ``cancelled``.
    """

    identity: str
    name: str
    text: str
    generation: int
    row: int
    state: str


@dataclass(frozen=True)
class LineageState:
    """What is drawn: nodes, and edges as (parent, child) indices of nodes; accuracies are on the data set ``data``."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]
    data: str
    selected: frozenset[str]
    primary: str | None
    pinned: str | None


def resolve(session: "Session") -> LineageState | Notice:
    """Return the lineage of every model, or a notice in an empty workspace."""
    snapshot = session.snapshot
    if not snapshot.models:
        return Notice("empty", "There are no models yet.", "Open a checkpoint.", "Open checkpoint…", "file.open")
    order = _depth_first(snapshot)
    generations = _generations(snapshot)
    states = _states(snapshot, session.state.data)
    nodes = tuple(
        Node(
            identity=model.identity,
            name=model.name,
            text=_text(session.shown.by_model.get(model.name, ()), model),
            generation=generations[model.identity],
            row=row,
            state=states.get(model.identity, "done"),
        )
        for row, model in enumerate(order)
    )
    places = {node.identity: index for index, node in enumerate(nodes)}
    edges = tuple((places[p.identity], places[m.identity]) for m in order for p in m.parents if p.identity in places)
    state = session.state
    return LineageState(nodes, edges, session.shown.name, state.selection.models, state.primary, state.pinned)


def _states(snapshot: "Snapshot", data: str | None) -> dict[str, str]:
    """Return how far each model is; of several trials, that on the data set that is shown tells."""
    elsewhere: dict[str, str] = {}
    here: dict[str, str] = {}
    for trial in snapshot.trials:
        on = trial.spec.data.identity if trial.spec.data else None
        (here if on == data else elsewhere)[trial.spec.model.identity] = trial.state
    return elsewhere | here


def _text(rows: "Sequence[Row]", model: "ModelRecord") -> str:
    """Return a model's own name with its accuracy, with the least and the greatest where seeds differ in it."""
    own = model.name.rsplit("/", 1)[-1] if model.parents else model.name
    shares = sorted(row.values["accuracy"].value for row in rows if "accuracy" in row.values)
    told = dict.fromkeys(f"{100 * share:.1f}" for share in (*shares[:1], *shares[-1:]))
    return f"{own}   {' to '.join(told)} %" if told else own


def _generations(snapshot: "Snapshot") -> dict[str, int]:
    found: dict[str, int] = {}

    def generation(model: "ModelRecord") -> int:
        if model.identity not in found:
            parents = [snapshot.by_identity[p.identity] for p in model.parents if p.identity in snapshot.by_identity]
            found[model.identity] = 1 + max((generation(parent) for parent in parents), default=-1)
        return found[model.identity]

    for model in snapshot.models:
        generation(model)
    return found


def _depth_first(snapshot: "Snapshot") -> "list[ModelRecord]":
    """Order models so that each stands below the last of its parents."""
    children: dict[str, list[ModelRecord]] = {}
    for model in snapshot.models:
        if model.parents:
            children.setdefault(model.parents[-1].identity, []).append(model)
    order: list[ModelRecord] = []
    stack = [m for m in reversed(snapshot.models) if not m.parents]
    while stack:
        model = stack.pop()
        order.append(model)
        stack.extend(reversed(children.get(model.identity, ())))
    return order


def table(state: LineageState) -> Table:
    """Return one row a model, with all of its parents."""
    parents: dict[int, list[str]] = {}
    for parent, child in state.edges:
        parents.setdefault(child, []).append(state.nodes[parent].name)
    rows = tuple(
        (node.name, ", ".join(parents.get(index, ())), node.generation, node.state)
        for index, node in enumerate(state.nodes)
    )
    return Table(("Model", "Parents", "Generation", "State"), rows)


def lanes(state: LineageState) -> list[tuple[int, int, int]]:
    """Return every edge as (parent, child, lane): the parents of a merge run beside each other, lane 0 is its last."""
    parents: dict[int, list[int]] = {}
    for parent, child in state.edges:
        parents.setdefault(child, []).append(parent)
    return [(p, child, len(ps) - 1 - k) for child, ps in parents.items() for k, p in enumerate(ps)]


def draw(figure: "Figure", state: LineageState) -> None:
    """Draw it for print."""
    name_data(figure, state.data)
    axes: Any = figure.add_subplot()
    figure.set_figheight(max(1.5, _ROW_INCHES * len(state.nodes)))
    for parent, child, rank in lanes(state):
        a, b = state.nodes[parent], state.nodes[child]
        lane = a.generation - 0.05 * rank
        x, y = (a.generation, lane, lane, b.generation), (a.row, a.row, b.row, b.row)
        axes.plot(x, y, color="0.7", linewidth=0.8, zorder=0)
    for node in state.nodes:
        _draw_node(axes, state, node)
    axes.set_ylim(len(state.nodes) - 0.5, -0.5)
    axes.set_xlim(-0.2, max(node.generation for node in state.nodes) + 1.6)
    axes.set_axis_off()


def _draw_node(axes: Any, state: LineageState, node: Node) -> None:
    """Print a node as it is painted: full where it is done, ringed where it is pinned, bold where it is looked at."""
    place = (node.generation, node.row)
    colour = LIGHT.accent if node.identity in state.selected else LIGHT.mark
    face = colour if node.state == "done" else LIGHT.ground
    failed = node.state == "failed"
    axes.plot(*place, "x" if failed else "o", color=LIGHT.trouble if failed else colour, mfc=face, markersize=4)
    if node.identity == state.pinned:
        axes.plot(*place, "o", color=colour, mfc="none", markersize=8)
    weight = "bold" if node.identity == state.primary else "normal"
    axes.annotate(node.text, place, xytext=(6, 0), textcoords="offset points", va="center", weight=weight)


_ROW, _INDENT, _DOT, _LANE = 24, 18, 4, 5


@view(
    id="lineage",
    title="Lineage",
    question="What was made from what, and how?",
    area="left",
    order=1,
)
class LineagePanel(Panel[LineageState]):
    """The graph, one row a model."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.graph = Graph(self)
        self.graph.picked.connect(self._on_picked)
        self.graph.pinned.connect(self._on_pinned)
        area = QScrollArea(self, widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self.graph)
        self.set_content(area)

    def show_state(self, old: LineageState | None, new: LineageState) -> None:
        """Draw it."""
        self.graph.show_state(new)

    def _on_pinned(self, identity: str) -> None:
        if self.session:
            self.session.look("pin", pinned=identity)

    def _on_picked(self, identity: str, mode: str) -> None:
        if self.session is None:
            return
        if mode == "replace":
            self.session.look("look at a model", primary=identity)
        else:
            self.session.select_models((identity,), mode)


class Graph(QWidget):
    """Nodes and elbow lines, painted; one row is one model."""

    picked = Signal(str, str)
    """A model's identity, and how the click combines with the selection."""
    pinned = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: LineageState | None = None
        self.setObjectName("panel-page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def show_state(self, state: LineageState) -> None:
        """Show another state."""
        self._state = state
        self.setMinimumSize(self.sizeHint())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return room for every row and the longest text."""
        nodes = self._state.nodes if self._state else ()
        widths = [self._text_left(node) + self.fontMetrics().horizontalAdvance(node.text) for node in nodes]
        return QSize(max(widths, default=0) + WIDE, _ROW * len(nodes) + GAP)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the rows that are seen."""
        if self._state is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(look.theme.faded), 1.2))
        for parent, child, lane in lanes(self._state):
            painter.drawPath(self._elbow(self._state.nodes[parent], self._state.nodes[child], lane))
        for node in self._state.nodes:
            if event.rect().intersects(QRect(0, node.row * _ROW, self.width(), _ROW)):
                self._paint_node(painter, self._state, node)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Pick the model of the row."""
        node = self._at(event.position().toPoint())
        if node and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(node.identity, mode_of(event.modifiers()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Offer to pin the model."""
        node = self._at(event.pos())
        if node:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction("Pin as reference", lambda: self.pinned.emit(node.identity))
            menu.popup(event.globalPos())

    def _at(self, place: QPoint) -> Node | None:
        nodes = self._state.nodes if self._state else ()
        row = (place.y() - GAP // 2) // _ROW
        return nodes[row] if 0 <= row < len(nodes) else None

    def _centre(self, node: Node) -> QPointF:
        return QPointF(WIDE + node.generation * _INDENT, GAP / 2 + (node.row + 0.5) * _ROW)

    def _text_left(self, node: Node) -> int:
        return round(self._centre(node).x()) + GAP + 2

    def _elbow(self, parent: Node, child: Node, lane: int) -> QPainterPath:
        start, end = self._centre(parent), self._centre(child)
        x = max(2.0, start.x() - _LANE * lane)
        path = QPainterPath(start)
        path.lineTo(x, start.y())
        path.lineTo(x, end.y() - 6)
        path.quadTo(x, end.y(), x + 6, end.y())
        path.lineTo(end)
        return path

    def _paint_node(self, painter: QPainter, state: LineageState, node: Node) -> None:
        theme, centre = look.theme, self._centre(node)
        row = QRect(0, round(centre.y() - _ROW / 2), self.width(), _ROW)
        if node.identity == state.primary:
            painter.fillRect(row, QColor(theme.raised))
        colour = QColor(theme.accent if node.identity in state.selected else theme.mark)
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(colour if node.state == "done" else QColor(theme.ground))
        if node.state == "failed":
            painter.setPen(QPen(QColor(theme.trouble), 1.6))
            painter.drawLine(centre + QPointF(-_DOT, -_DOT), centre + QPointF(_DOT, _DOT))
            painter.drawLine(centre + QPointF(-_DOT, _DOT), centre + QPointF(_DOT, -_DOT))
        else:
            painter.drawEllipse(centre, _DOT, _DOT)
        if node.identity == state.pinned:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, _DOT + 3, _DOT + 3)
        painter.setPen(QColor(theme.text if node.state == "done" else theme.quiet))
        left = self._text_left(node)
        painter.drawText(row.adjusted(left, 0, -4, 0), int(Qt.AlignmentFlag.AlignVCenter), node.text)
