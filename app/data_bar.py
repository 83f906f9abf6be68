"""Which data set all views show: a line above them, where there is a choice."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from ..views.parts import named, told
from ..views.theme import GAP, TIGHT

if TYPE_CHECKING:
    from ..analysis.session import Session


class DataBar(QWidget):
    """The data sets that something was measured on, the one that is shown chosen; hidden where there are not two."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self.names = told(QComboBox(self), "The data set that all views show", "Data set")
        self.names.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.names.activated.connect(self._on_activated)
        line = QHBoxLayout(self)
        line.setContentsMargins(GAP, TIGHT, GAP, TIGHT)
        line.setSpacing(GAP)
        line.addWidget(named(QLabel("Data set", self), "quiet"))
        line.addWidget(self.names)
        line.addStretch(1)
        self.hide()

    def show_session(self, session: "Session") -> None:
        """Show the choice of a session as it is now."""
        self._session = session
        measured = session.snapshot.measured_data
        names = [data.name for data in measured]
        if names != [self.names.itemText(place) for place in range(self.names.count())]:
            self.names.clear()
            for data in measured:
                self.names.addItem(data.name, data.identity)
        self.names.setCurrentIndex(self.names.findData(session.state.data))
        self.setVisible(len(names) > 1)

    def _on_activated(self, place: int) -> None:
        if self._session:
            self._session.show_data(self.names.itemData(place))
