"""What is noted while a network learns: loss curve, looks at the held-out samples, checkpoints kept on the way."""

from math import isfinite
from typing import Any

import torch

from ..errors import UserError
from .objectives import Terms

_POINTS = 200  # of a curve


class Log:
    """Notes of one training; `state` is all of it, as JSON values and tensors.

    Parameters
    ----------
    steps : int
        How many there will be.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.curve: list[dict[str, float]] = []
        self.looks: list[dict[str, float]] = []
        self.kept: list[dict[str, Any]] = []
        self.seconds = 0.0
        self._sums: Terms = {}
        self._added = 0

    def state(self) -> dict[str, Any]:
        """Return everything, to go on from."""
        return dict(vars(self))

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        vars(self).update(state)

    def add(self, step: int, terms: Terms, notes: dict[str, float]) -> None:
        """Take in the terms of a step; every so many steps their means become a point of the curve, with the notes.

        Raises
        ------
        UserError
            If the loss is not a number.
        """
        for name, value in terms.items():
            self._sums[name] = self._sums.get(name, torch.zeros(())) + value.detach().cpu()
        self._added += 1
        if step % max(1, self.steps // _POINTS) and step != self.steps:
            return
        means = {name: float(total) / self._added for name, total in self._sums.items()}
        loss = sum(means.values())
        if not isfinite(loss):
            raise UserError(f"The loss is no number any more at step {step}.", "Lower the learning rate, or set clip.")
        self.curve.append({"step": step, "loss": loss, **notes, **(means if len(means) > 1 else {})})
        self._sums, self._added = {}, 0

    def best(self) -> int:
        """Return which look at the held-out samples was the best."""
        return min(range(len(self.looks)), key=lambda look: self.looks[look]["loss"])
