"""Distil the outputs: learn from how a teacher weighs the classes."""

from collections.abc import Sequence

from torch import nn

from ...models import Checkpoint
from ...registry import parameter
from ...training import Batch, Student, Terms, recover, student_of
from ...training.losses import soft_loss
from .. import METHODS, Derivative, MethodContext
from .teaching import Taught, TeacherParameters, teacher_of


class LogitsParameters(TeacherParameters):
    """Parameters of distilling the outputs."""

    temperature: float = parameter(4.0, "What logits are divided by; above 1 it brings out small probabilities.", gt=0)


@METHODS.register(
    "distil.logits",
    title="Distil outputs",
    citation="Hinton et al. 2015, Distilling the Knowledge in a Neural Network, arXiv:1503.02531",
    stochastic=True,
)
def logits(parents: Sequence[Checkpoint], parameters: LogitsParameters, context: MethodContext) -> Derivative:
    """Train all parameters towards a teacher's softened outputs: h · CE + (1 − h) · T² · KL(teacher ‖ student).

    Raises
    ------
    UserError
        If teacher, data and network do not fit, or the loss is no number.
    """
    student = student_of(parents[0], parameters, context)
    objective = TaughtOutputs(teacher_of(parents[0], context), parameters)
    return recover(student, objective, parameters, context)


class TaughtOutputs(Taught):
    """The divergence of the outputs from the teacher's."""

    def __init__(self, teacher: nn.Module, parameters: LogitsParameters) -> None:
        super().__init__(teacher, parameters)
        self._temperature = parameters.temperature

    def forward(self, student: Student, batch: Batch) -> Terms:
        """Return the labels' term and the teacher's."""
        outputs = student(batch.inputs)
        return self.weighed(outputs, batch, {"soft": soft_loss(outputs, self.taught(batch), self._temperature)})
