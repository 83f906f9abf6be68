"""Looking: what a person looks at and has selected, with undo and redo."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ..selection import History, Mode, Selection


@dataclass(frozen=True)
class State:
    """What a person is looking at; undo and redo go over this.

    Attributes
    ----------
    selection : Selection
        The chosen samples, classes, layers and models (identities).
    primary : str or None
        Identity of the model that is looked at.
    pinned : str or None
        Identity of the reference that it is compared with.
    data : str or None
        Identity of the data set.
    options : tuple of (str, str)
        What the views were told to show, ``view.option`` and its value.
    """

    selection: Selection
    primary: str | None = None
    pinned: str | None = None
    data: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    @property
    def seen(self) -> dict[str, Any]:
        """What is looked at, without what is selected in it; JSON values."""
        return {name: getattr(self, name) for name in ("primary", "pinned", "data", "options")}


class Looking:
    """What is looked at; every gesture is one step of undo."""

    changed = Signal(str)
    """Emitted with ``records``, ``state``, ``arrays`` or ``jobs``, from any thread."""

    def __init__(self) -> None:
        self.history: History[State] = History(State(Selection.none(0)))

    @property
    def state(self) -> State:
        """The selection, the primary and the pinned model."""
        return self.history.present

    def look(self, step: str, **changes: Any) -> None:
        """Change the state, as one step of undo; what nobody chose stays so."""
        state = replace(self.history.present, **changes)
        if state != self.history.present:
            self.history.step(step, state)
            self.changed.emit("state")

    def option(self, name: str) -> str | None:
        """Return what a view was told to show, None where nobody said."""
        return dict(self.state.options).get(name)

    def set_option(self, name: str, value: str) -> None:
        """Tell a view what to show."""
        self.look(f"change {name}", options=tuple(sorted((dict(self.state.options) | {name: value}).items())))

    def show_data(self, data: str) -> None:
        """Show another data set; its samples are others, so that none of them is selected."""
        if data != self.state.data:
            kept = replace(self.state.selection, size=0, bits=b"", classes=frozenset())
            self.look("show another data set", data=data, selection=kept)

    def select_samples(self, mask: NDArray[np.bool_], mode: str = "replace", data: str | None = None) -> None:
        """Combine the samples where ``mask`` (samples,) is true with the selection.

        They are of the data set ``data``, of that which is shown unless given; of any other, nothing is selected.
        """
        if data not in (None, self.state.data):
            return
        gesture = Selection.of(mask).marking(models=self.state.selection.models)
        selection = self._sized(len(mask)).combine(gesture, Mode(mode))
        selection = selection.marking(models=self.state.selection.models)
        self.look("select samples", selection=selection, data=self.state.data)

    def select_models(self, identities: Iterable[str], mode: str = "replace") -> None:
        """Combine models with the selection."""
        selection = self.state.selection
        gesture = replace(selection, models=frozenset(identities))
        models = selection.combine(gesture, Mode(mode)).models
        self.look("select models", selection=selection.marking(models=models))

    def clear_selection(self) -> None:
        """Select nothing."""
        self.look("clear selection", selection=Selection.none(self.state.selection.size))

    def undo(self) -> None:
        """Take the last step back."""
        if self.history.undoes:
            self.history.undo()
            self.changed.emit("state")

    def redo(self) -> None:
        """Take it again."""
        if self.history.redoes:
            self.history.redo()
            self.changed.emit("state")

    def selected_mask(self, samples: int) -> NDArray[np.bool_]:
        """Return which of that many samples are selected, (samples,)."""
        return self._sized(samples).mask

    def _sized(self, size: int) -> Selection:
        selection = self.state.selection
        return selection if selection.size == size else Selection.none(size)
