"""Choosing layers: a tree with check boxes and a line of patterns that say the same."""

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QTreeView, QWidget

from ..analysis.errors import UserError
from ..analysis.layers import LayerTree, split_entries
from ..analysis.session import Session
from ..analysis.trials import FeatureSpec
from ..views.bridge import Bridge
from ..views.parts import Sentence, column, count_box, named, told
from ..views.table import text_of
from ..views.theme import GAP
from ..views.tips import as_tip

Index = QModelIndex | QPersistentModelIndex
HEADINGS = ("Layer", "Kind", "Output", "Parameters")
_POOLS = {
    "mean": "mean over positions",
    "flatten": "all values",
    "class": "class token",
    "last": "last token",
    "tokens": "some positions",
}
_DTYPES = {"float32": "float32", "float16": "float16", "auto": "float16 where it suffices"}


class LayerModel(QAbstractItemModel):
    """A layer tree for Qt; `ticked` is emitted with a name and whether it is wanted."""

    ticked = Signal(str, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.chosen: frozenset[str] = frozenset()
        self.show(LayerTree(()))

    def show(self, tree: LayerTree) -> None:
        """Show another tree."""
        self.beginResetModel()
        self.tree = tree
        self._places = {layer.name: place for place, layer in enumerate(tree.layers)}
        self._parents = [self._places.get(layer.name.rpartition(".")[0], -1) for layer in tree.layers]
        self._children: dict[int, list[int]] = {}
        for place, parent in enumerate(self._parents):
            self._children.setdefault(parent, []).append(place)
        self._rows = {place: row for among in self._children.values() for row, place in enumerate(among)}
        self.endResetModel()

    def choose(self, names: frozenset[str]) -> None:
        """Tick these layers and no others."""
        if names != self.chosen:
            self.chosen = names
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 0))

    def find(self, name: str) -> QModelIndex:
        """Return where a layer stands."""
        place = self._places[name]
        return self.createIndex(self._rows[place], 0, place)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's default
        among = self._children.get(self._place(parent), [])
        return self.createIndex(row, column, among[row]) if 0 <= row < len(among) else QModelIndex()

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        place = self._parents[index.internalId()] if index.isValid() else -1
        return QModelIndex() if place < 0 else self.createIndex(self._rows[place], 0, place)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return len(self._children.get(self._place(parent), [])) if parent.column() <= 0 else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return len(HEADINGS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        layer = self.tree.layers[index.internalId()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            return Qt.CheckState.Checked if layer.name in self.chosen else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_tip(f"{layer.name}, {layer.kind}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{layer.name}, {layer.kind}"
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() > 1:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        shape = "" if layer.shape is None else " × ".join(map(str, layer.shape))
        return (layer.name.rpartition(".")[2], layer.kind, shape, text_of(layer.parameters))[index.column()]

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        wanted = Qt.CheckState(value) == Qt.CheckState.Checked
        self.ticked.emit(self.tree.layers[index.internalId()].name, wanted)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        box = Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else Qt.ItemFlag.NoItemFlags
        return super().flags(index) | box

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return HEADINGS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def _place(self, index: Index) -> int:
        return int(index.internalId()) if index.isValid() else -1


class LayerChoice(QWidget):
    """Which layers' values are kept of every sample, and how; `values` is what it comes to."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._identity: str | None = None
        self._shown: LayerTree | None = None
        self._about = named(Sentence(self), "quiet")
        self.line = told(QLineEdit(self), "Names, patterns, kinds or stages, with commas between them", "Layers")
        self.line.setPlaceholderText("none; for example stages, layer3.*.conv1, kind:Conv2d")
        self.search = told(QLineEdit(self), "Show the layers whose name or kind holds this", "Search layers")
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.model = LayerModel(self)
        self.tree = told(QTreeView(self, uniformRowHeights=True), "Tick the layers to keep", "Layers of the network")
        self.tree.setModel(self.model)
        self.model.dataChanged.connect(lambda: self.tree.viewport().update())  # rows of all depths
        self.problem = named(Sentence(self), "form-error")
        self._make_manner()
        self.line.textChanged.connect(self._on_line)
        self.search.textChanged.connect(self._on_search)
        self.model.ticked.connect(self._on_ticked)
        self._lay_out()
        Bridge(session.changed, self._on_session_changed, every=True)
        self._say("")
        self._settle()

    def show_model(self, identity: str | None) -> None:
        """Show the layers of this model."""
        if identity != self._identity:
            self._identity, self._shown = identity, None
            self.model.show(LayerTree(()))
            self._settle()

    def values(self) -> dict[str, Any]:
        """Return the recipe's ``layers``, ``pool``, ``tokens``, ``dtype`` and ``mixed``; nothing where none is chosen.

        Raises
        ------
        ValueError
            If an entry stands for no layer of the shown network.
        """
        entries = split_entries(self.line.text())
        if not entries:
            return {}
        if self.problem.text() and self._shown:
            raise ValueError(self.problem.text())
        found = {"layers": entries, "pool": self.pool.currentData(), "dtype": self.dtype.currentData()}
        found["mixed"] = self.mixed.isChecked()
        return found | ({"tokens": self.tokens.value()} if found["pool"] == "tokens" else {})

    def _make_manner(self) -> None:
        self.pool = told(QComboBox(self), "What is kept of a layer's values over an image or a text", "Pooling")
        self.dtype = told(QComboBox(self), "Number type of what is kept", "Number type")
        for box, choices in ((self.pool, _POOLS), (self.dtype, _DTYPES)):
            for value, title in choices.items():
                box.addItem(title, value)
        self.tokens = told(count_box(self, 1, 100_000, suffix=" positions"), "How many positions are kept")
        self.tokens.setValue(FeatureSpec().tokens)
        self.mixed = told(QCheckBox("Mixed precision", self), "Run the network in half precision where that is safe")
        self.pool.currentIndexChanged.connect(lambda: self.tokens.setVisible(self.pool.currentData() == "tokens"))
        self.tokens.hide()

    def _lay_out(self) -> None:
        layout = column(self, spacing=GAP)
        manner = QHBoxLayout()
        manner.setSpacing(GAP)
        for widget in (self.pool, self.tokens, self.dtype, self.mixed):
            manner.addWidget(widget)
        manner.addStretch(1)
        for part in (self._about, self.line, self.problem, self.search):
            layout.addWidget(part)
        layout.addWidget(self.tree, 1)
        layout.addLayout(manner)

    # What it hears

    def _on_session_changed(self, change: str) -> None:
        if change in ("arrays", "records") and self._shown is None:
            self._settle()

    def _settle(self) -> None:
        """Show what there is: the tree, or why it is not there."""
        record = self._session.model(self._identity)
        if record is None:
            self._about.setText("Tick a model to see its layers.")
            return
        tree = self._session.about(record.identity, "layers", f"Layers of {record.name}")
        if tree is None:
            self._about.setText(f"Reading the layers of {record.name} …")
        elif isinstance(tree, UserError):
            self._about.setText(str(tree))
        else:
            self._show_tree(record.name, tree)

    def _show_tree(self, name: str, tree: LayerTree) -> None:
        self._shown = tree
        self._about.setText(f"Layers of {name}; their values are kept for every sample.")
        self._on_search()
        self.tree.setColumnWidth(0, _NAME_PX)
        for number in range(1, len(HEADINGS)):
            self.tree.resizeColumnToContents(number)
        self._on_line()

    def _on_line(self) -> None:
        if self._shown is None:
            return
        try:
            self.model.choose(self._shown.chosen(split_entries(self.line.text())))
            self._say("")
        except UserError as error:
            self._say(str(error))

    def _on_ticked(self, name: str, wanted: bool) -> None:
        if self._shown is None:
            return
        change = self._shown.with_layer if wanted else self._shown.without_layer
        try:
            self.line.setText(", ".join(change(split_entries(self.line.text()), name)))
        except UserError as error:
            self._say(str(error))

    def _on_search(self) -> None:
        if self._shown is None:
            return
        found = self._shown.holding(self.search.text())
        self.model.show(found)
        if len(found.layers) <= _FEW:
            self.tree.expandAll()
        else:
            self.tree.expandToDepth(0)

    def _say(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))


_FEW = 60  # layers that are shown unfolded
_NAME_PX = 180
