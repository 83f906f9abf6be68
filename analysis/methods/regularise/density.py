"""Fewer activations: brief tuning with a price on every one that is not zero."""

from collections.abc import Sequence

import torch

from ...models import Checkpoint
from ...registry import parameter
from ...training import Batch, Objective, Student, Terms, TrainingParameters, derivative, student_of, train
from ...training.batches import overview
from ...training.looking import Activations, demand_activations
from ...training.losses import density as share_of
from ...training.losses import soft_density, task_loss
from .. import METHODS, Derivative, MethodContext


class DensityParameters(TrainingParameters):
    """Parameters of tuning for few activations."""

    weight: float = parameter(0.5, "Weight of the density beside the labels' loss.", gt=0)
    sharpness: float = parameter(2.0, "β of tanh(β |a|), which stands for the count of activations a.", gt=0)
    threshold: float = parameter(1e-3, "Size above which an activation counts in the facts.", ge=0)


@METHODS.register(
    "regularise.density",
    title="Activation density",
    citation="Runwal et al. 2024, From PEFT to DEFT: Parameter Efficient Finetuning for Reducing Activation Density, "
    "arXiv:2402.01911",
    stochastic=True,
)
def density(parents: Sequence[Checkpoint], parameters: DensityParameters, context: MethodContext) -> Derivative:
    """Train all parameters on the labels and on the density of what ReLU, GELU and their like give.

    ``density_before`` and ``density_after`` hold the share of activations above the threshold on samples from all over
    the data, one for each activation in the order in which they are computed.

    Raises
    ------
    UserError
        If the network has no such activation, the data do not fit it, or the loss is no number.
    """
    student = student_of(parents[0], parameters, context)
    samples = overview(context.data["data"], context.device)
    before = _density(student, samples, parameters.threshold)
    facts = train(student, Sparing(parameters), parameters, context)
    after = _density(student, samples, parameters.threshold)
    return derivative(student, facts | {"density_before": before, "density_after": after})


class Sparing(Objective):
    """The labels' loss, and the mean density of the activations."""

    def __init__(self, parameters: DensityParameters) -> None:
        super().__init__(parameters)
        self._weight, self._sharpness = parameters.weight, parameters.sharpness

    def forward(self, student: Student, batch: Batch) -> Terms:
        """Return the labels' term and the density's."""
        with Activations() as activations:
            outputs = student(batch.inputs)
        found = demand_activations(activations.values, student.parent.path.name)
        return {
            "task": task_loss(outputs, batch, self._smoothing),
            "density": self._weight * soft_density(found, self._sharpness),
        }


@torch.no_grad()
def _density(student: Student, batch: Batch, threshold: float) -> list[float]:
    with Activations() as activations:
        student.eval()(batch.inputs)
    return share_of(demand_activations(activations.values, student.parent.path.name), threshold)
