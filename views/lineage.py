"""Lineage: what was made from what, as a graph with one column a generation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis.session import Session, Snapshot
from ..analysis.workspace import ModelRecord
from .table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    """What is drawn: nodes, and edges as (parent, child) indices of nodes."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]
    selected: frozenset[str]
    primary: str | None
    pinned: str | None


def resolve(session: Session) -> LineageState | None:
    """Return the lineage of every model, or None in an empty workspace."""
    snapshot = session.snapshot
    if not snapshot.models:
        return None
    order = _depth_first(snapshot)
    generations = _generations(snapshot)
    states = {trial.spec.model.identity: trial.state for trial in snapshot.trials}
    nodes = tuple(
        Node(
            identity=model.identity,
            name=model.name,
            text=_text(snapshot, model),
            generation=generations[model.identity],
            row=row,
            state=states.get(model.identity, "done"),
        )
        for row, model in enumerate(order)
    )
    places = {node.identity: index for index, node in enumerate(nodes)}
    edges = tuple((places[p.identity], places[m.identity]) for m in order for p in m.parents if p.identity in places)
    state = session.state
    return LineageState(nodes, edges, state.selection.models, state.primary, state.pinned)


def _text(snapshot: Snapshot, model: ModelRecord) -> str:
    own = model.name.rsplit("/", 1)[-1] if model.parents else model.name
    row = snapshot.value_table.get(model.name, {})
    return f"{own}   {100 * row['accuracy'].value:.1f} %" if "accuracy" in row else own


def _generations(snapshot: Snapshot) -> dict[str, int]:
    found: dict[str, int] = {}

    def generation(model: ModelRecord) -> int:
        if model.identity not in found:
            parents = [snapshot.by_identity[p.identity] for p in model.parents if p.identity in snapshot.by_identity]
            found[model.identity] = 1 + max((generation(parent) for parent in parents), default=-1)
        return found[model.identity]

    for model in snapshot.models:
        generation(model)
    return found


def _depth_first(snapshot: Snapshot) -> list[ModelRecord]:
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


def draw(figure: "Figure", state: LineageState) -> None:
    """Draw it for print."""
    axes: Any = figure.add_subplot()
    for parent, child in state.edges:
        a, b = state.nodes[parent], state.nodes[child]
        axes.plot(
            [a.generation, a.generation, b.generation], [a.row, b.row, b.row], color="0.7", linewidth=0.8, zorder=0
        )
    for node in state.nodes:
        face = "0.25" if node.state == "done" else "white"
        axes.plot(node.generation, node.row, "o", color="0.25", markerfacecolor=face, markersize=4)
        axes.annotate(node.text, (node.generation, node.row), xytext=(6, 0), textcoords="offset points", va="center")
    axes.set_ylim(len(state.nodes) - 0.5, -0.5)
    axes.set_xlim(-0.2, max(node.generation for node in state.nodes) + 1.6)
    axes.set_axis_off()
