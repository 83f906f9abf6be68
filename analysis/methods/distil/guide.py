"""Guidance: learn the task while representing the samples as a guide does."""

from collections.abc import Sequence

import torch
from torch import nn

from ...models import Checkpoint
from ...models.beginning import untrained
from ...registry import parameter
from ...training import Batch, Objective, Student, Terms, TrainingParameters, derivative, student_of, train
from ...training.batches import overview
from ...training.losses import linear_cka, task_loss
from .. import METHODS, Derivative, MethodContext
from .teaching import LayerPairs


class GuideParameters(TrainingParameters):
    """Parameters of guidance."""

    guide: str = parameter(..., "The network whose representation is matched; its classes do not matter.", role="model")
    trained: bool = parameter(True, "Take the guide's weights; else weights that are drawn anew for its architecture.")
    weight: float = parameter(5.0, "Weight of the alignment beside the labels' loss.", gt=0)
    layers: tuple[str, ...] = parameter(
        ("stages",), "The network's layers: roles, names or patterns.", patterns="layers"
    )
    guide_layers: tuple[str, ...] = parameter(
        (), "The guide's layers; none means the same.", patterns="layers", within="guide"
    )


@METHODS.register(
    "distil.guide",
    title="Guidance",
    citation="Subramaniam et al. 2024, Training the Untrainable: Inductive Bias via Representational Alignment, "
    "arXiv:2410.20035",
    stochastic=True,
)
def guide(parents: Sequence[Checkpoint], parameters: GuideParameters, context: MethodContext) -> Derivative:
    """Train all parameters on the labels and on 1 − CKA between paired layers of the network and a fixed guide.

    ``cka_before`` and ``cka_after`` hold the alignment of each layer on samples from all over the data.

    Raises
    ------
    UserError
        If guide, layers, data and network do not fit, or the loss is no number.
    """
    student = student_of(parents[0], parameters, context)
    objective = Guided(_guide(parameters, context), _pairs(parents[0], parameters, context), parameters)
    samples = overview(context.data["data"], context.device)
    before = objective.alignment(student, samples)
    facts = train(student, objective, parameters, context)
    after = objective.alignment(student, samples)
    return derivative(student, facts | {"cka_before": before, "cka_after": after})


class Guided(Objective):
    """The labels' loss, and one minus the mean alignment of layers with the guide's."""

    def __init__(self, network: nn.Module, pairs: LayerPairs, parameters: GuideParameters) -> None:
        super().__init__(parameters)
        self._guide = (network.requires_grad_(False),)
        self._pairs = pairs
        self._weight = parameters.weight

    def forward(self, student: Student, batch: Batch) -> Terms:
        """Return the labels' term and the guide's."""
        outputs, own = self._pairs.of_student(student, batch)
        others = self._pairs.of_other(self._guide[0], batch)
        similar = torch.stack([linear_cka(mine, theirs) for mine, theirs in zip(own, others, strict=True)])
        task = task_loss(outputs, batch, self._smoothing)
        return {"task": task, "guide": self._weight * (1 - similar.mean())}

    @torch.no_grad()
    def alignment(self, student: Student, batch: Batch) -> dict[str, float]:
        """Return the CKA of every pair of layers on a batch, with the student in evaluation mode."""
        _, own = self._pairs.of_student(student.eval(), batch)
        others = self._pairs.of_other(self._guide[0], batch)
        each = zip(self._pairs.names, own, others, strict=True)
        return {name: float(linear_cka(mine, theirs)) for name, mine, theirs in each}


def _guide(parameters: GuideParameters, context: MethodContext) -> nn.Module:
    network = context.network(context.models["guide"])
    return network if parameters.trained else untrained(network, context.seed).to(context.device)


def _pairs(parent: Checkpoint, parameters: GuideParameters, context: MethodContext) -> LayerPairs:
    return LayerPairs(parent, context.models["guide"], parameters.layers, parameters.guide_layers)
