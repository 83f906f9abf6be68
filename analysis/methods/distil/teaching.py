"""What distilling methods share: a teacher that is looked at and does not learn."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...errors import UserError
from ...features.layers import Tap
from ...models import Checkpoint
from ...registry import parameter
from ...training import Batch, Objective, Student, Terms, TrainingParameters
from ...training.looking import Values, looked_at, paired, taps_of
from ...training.losses import task_loss
from ...training.parameters import share
from .. import MethodContext


class TeacherParameters(TrainingParameters):
    """Parameters of learning from a teacher."""

    teacher: str = parameter(..., "The network to learn from, such as the one before pruning.", role="model")
    hard: float = share(0.1, "Weight of the true labels; the rest is the teacher's. At 0 the data need no labels.")


class Taught(Objective):
    """A loss that is in part the labels', in part a teacher's.

    Attributes
    ----------
    teacher : Module
        In evaluation mode; not a part of this module, so that it is neither trained nor remembered.
    """

    def __init__(self, teacher: nn.Module, parameters: TeacherParameters) -> None:
        super().__init__(parameters)
        self._teacher = (teacher.requires_grad_(False),)
        self._hard = parameters.hard

    @property
    def teacher(self) -> nn.Module:
        """The network that is learnt from."""
        return self._teacher[0]

    @property
    def needs_labels(self) -> bool:
        """Whether the true labels have a weight."""
        return self._hard > 0

    def taught(self, batch: Batch) -> Tensor:
        """Return the teacher's outputs."""
        with torch.no_grad():
            outputs: Tensor = self.teacher(batch.inputs)
        return outputs

    def weighed(self, logits: Tensor, batch: Batch, soft: Terms) -> Terms:
        """Return the terms with their weights, and the labels' where they count."""
        terms = {name: (1 - self._hard) * term for name, term in soft.items()}
        if self._hard:
            terms["task"] = self._hard * task_loss(logits, batch, self._smoothing)
        return terms


class LayerPairs:
    """Places of a student and of another network that are compared, one with one.

    Parameters
    ----------
    student, other : Checkpoint
        Where they are looked for.
    layers, others : sequence of str
        Which, as `choose_taps` takes them; each of the student's has that of the other's at the same share of depth.

    Raises
    ------
    UserError
        If a name stands for nothing.
    """

    def __init__(self, student: Checkpoint, other: Checkpoint, layers: Sequence[str], others: Sequence[str]) -> None:
        self.taps = taps_of(student, layers)
        self.others: Sequence[Tap] = paired(self.taps, taps_of(other, others or layers))
        self.names = [tap.column for tap in self.taps]

    def of_student(self, student: Student, batch: Batch) -> tuple[Tensor, Values]:
        """Return the student's outputs and layers."""
        return looked_at(student.network, self.taps, batch.inputs)

    def of_other(self, other: nn.Module, batch: Batch) -> Values:
        """Return the other network's layers, without gradients."""
        unique = list(dict.fromkeys(self.others))
        with torch.no_grad():
            _, values = looked_at(other, unique, batch.inputs)
        found = dict(zip(unique, values, strict=True))
        return [found[tap] for tap in self.others]


def teacher_of(parent: Checkpoint, context: MethodContext) -> nn.Module:
    """Return the teacher's network.

    Raises
    ------
    UserError
        If it tells other classes apart than the parent does.
    """
    teacher = context.models["teacher"]
    here, there = parent.architecture, teacher.architecture
    if here and there and here.classes != there.classes:
        raise UserError(
            f"The teacher tells {there.classes} classes apart, and {parent.path.name} {here.classes}.",
            "Choose a teacher for the same classes.",
        )
    return context.network(teacher)
