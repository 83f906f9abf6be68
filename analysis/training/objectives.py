"""What training brings down: named terms, whose sum is the loss."""

from torch import Tensor, nn

from .batches import Batch
from .losses import task_loss
from .parameters import TrainingParameters
from .students import Student

Terms = dict[str, Tensor]


class Objective(nn.Module):
    """The loss on what the network is for; others add to it.

    Its parameters are trained with the student's, and its buffers are remembered where training is interrupted. Other
    networks that it looks at are no submodules of it.
    """

    def __init__(self, parameters: TrainingParameters) -> None:
        super().__init__()
        self._smoothing = parameters.label_smoothing

    @property
    def needs_labels(self) -> bool:
        """Whether every sample has to have a class."""
        return True

    def begin(self, student: Student, batch: Batch) -> None:
        """Look at the first batch before the first step."""

    def forward(self, student: Student, batch: Batch) -> Terms:
        """Return the terms of the loss on a batch, each with its weight."""
        return {"task": task_loss(student(batch.inputs), batch, self._smoothing)}

    def advance(self, done: int, total: int) -> None:
        """Take note that ``done`` of ``total`` steps are made."""

    def notes(self) -> dict[str, float]:
        """Return what else belongs on the curve."""
        return {}
