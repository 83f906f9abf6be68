"""Distil towards a target that begins at the student and ends at the teacher."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...models import Checkpoint
from ...registry import parameter
from ...training import Batch, Student, Terms, recover, student_of
from ...training.losses import soft_loss
from ...training.parameters import share
from .. import METHODS, Derivative, MethodContext
from .teaching import Taught, TeacherParameters, teacher_of


class AdaptiveParameters(TeacherParameters):
    """Parameters of adaptive distillation."""

    start: float = share(0.4, "Where the target is at first: 0 is the student, 1 the teacher.")
    pace: float = parameter(5e-4, "How far the target moves beyond the even pace while the loss falls.", ge=0)
    memory: float = parameter(0.99, "Share of the earlier trend in the trend of the loss.", ge=0, lt=1)


@METHODS.register(
    "distil.adaptive",
    title="Adaptive distillation (TAID)",
    citation="Shing et al. 2025, TAID: Temporally Adaptive Interpolated Distillation, arXiv:2501.16937",
    stochastic=True,
)
def adaptive(parents: Sequence[Checkpoint], parameters: AdaptiveParameters, context: MethodContext) -> Derivative:
    """Train towards outputs between the student's own and the teacher's; the target goes over to the teacher's.

    The curve says where it was, as ``target``.

    Raises
    ------
    UserError
        If teacher, data and network do not fit, or the loss is no number.
    """
    student = student_of(parents[0], parameters, context)
    return recover(student, Moving(teacher_of(parents[0], context), parameters), parameters, context)


class Moving(Taught):
    """The divergence from softmax((1 − t) · student + t · teacher), where t never falls.

    After every step t becomes at least start + (1 − start) · done; while the loss falls it is ahead of that by
    pace · σ(trend) · (1 − t), the trend being a running mean of the loss's relative fall.

    Source: Shing et al. 2025, section 3.2 and algorithm 1.
    """

    place: Tensor
    trend: Tensor
    before: Tensor
    now: Tensor

    def __init__(self, teacher: nn.Module, parameters: AdaptiveParameters) -> None:
        super().__init__(teacher, parameters)
        self._start, self._pace, self._memory = parameters.start, parameters.pace, parameters.memory
        self.register_buffer("place", torch.tensor(self._start))
        self.register_buffer("trend", torch.zeros(()))
        self.register_buffer("before", torch.full((), torch.inf))
        self.register_buffer("now", torch.full((), torch.inf))

    def forward(self, student: Student, batch: Batch) -> Terms:
        """Return the labels' term and the target's."""
        outputs = student(batch.inputs)
        place = self.place.to(outputs.dtype)
        target = (1 - place) * outputs.detach() + place * self.taught(batch)
        soft = soft_loss(outputs, target)
        self.now = soft.detach()
        return self.weighed(outputs, batch, {"soft": soft})

    def advance(self, done: int, total: int) -> None:
        """Move the target on."""
        if self.before.isfinite():
            fall = (self.before - self.now) / (self.before + 1e-15)
            self.trend = self._memory * self.trend + (1 - self._memory) * fall
        self.before = self.now
        ahead = self.place + self._pace * torch.sigmoid(self.trend) * (1 - self.place)
        even = self._start + (1 - self._start) * done / total
        self.place = ahead.clamp(min=even, max=1.0)

    def notes(self) -> dict[str, float]:
        """Return where the target is."""
        return {"target": float(self.place)}
