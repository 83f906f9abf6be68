"""Distil inner layers: learn from what a teacher makes of the inputs on the way."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import UserError
from ...models import Checkpoint
from ...registry import parameter
from ...training import Batch, Student, Terms, derivative, student_of, train
from .. import METHODS, Derivative, MethodContext
from .teaching import LayerPairs, Taught, TeacherParameters, teacher_of

_TINY = 1e-12
_MEMORY = 0.9  # share of the earlier steps in a term's scale


class FeaturesParameters(TeacherParameters):
    """Parameters of distilling layers."""

    layers: tuple[str, ...] = parameter(
        ("stages", "logits"), "The student's layers: roles, names or patterns.", patterns="layers"
    )
    teacher_layers: tuple[str, ...] = parameter(
        (), "The teacher's layers; none means the same.", patterns="layers", within="teacher"
    )


@METHODS.register(
    "distil.features",
    title="Distil layers",
    citation="Zhang et al. 2024, LAPTOP-Diff, arXiv:2404.11098 (normalised feature distillation)",
    stochastic=True,
)
def features(parents: Sequence[Checkpoint], parameters: FeaturesParameters, context: MethodContext) -> Derivative:
    """Train all parameters towards a teacher's layers, each layer's squared error in units of its running mean.

    Layers of other widths are compared through linear maps that learn too and are left behind. ``ratio`` is the most by
    which one layer's term exceeded another's; the curve has the errors themselves, as ``LAYER.error``.

    Raises
    ------
    UserError
        If teacher, layers, data and network do not fit, or the loss is no number.
    """
    student = student_of(parents[0], parameters, context)
    pairs = LayerPairs(parents[0], context.models["teacher"], parameters.layers, parameters.teacher_layers)
    objective = TaughtLayers(teacher_of(parents[0], context), pairs, parameters)
    facts = train(student, objective, parameters, context)
    return derivative(student, facts | {"ratio": _ratio(facts["training"]["curve"], pairs.names)})


class TaughtLayers(Taught):
    """The squared errors of layers, each over a running mean of itself, so that none outweighs the others."""

    errors: Tensor
    scales: Tensor

    def __init__(self, teacher: nn.Module, pairs: LayerPairs, parameters: FeaturesParameters) -> None:
        super().__init__(teacher, parameters)
        self._pairs = pairs
        self.maps = nn.ModuleList()

    @torch.no_grad()
    def begin(self, student: Student, batch: Batch) -> None:
        """Make the maps between layers of other widths."""
        _, own = self._pairs.of_student(student, batch)
        taught = self._pairs.of_other(self.teacher, batch)
        for name, mine, theirs in zip(self._pairs.names, own, taught, strict=True):
            self.maps.append(_map(name, mine, theirs).to(mine.device))
        self.register_buffer("errors", torch.zeros(len(own), device=batch.inputs.device))
        self.register_buffer("scales", self.errors)

    def forward(self, student: Student, batch: Batch) -> Terms:
        """Return the labels' term and one for each layer."""
        outputs, own = self._pairs.of_student(student, batch)
        errors = torch.stack(self._errors(own, self._pairs.of_other(self.teacher, batch)))
        self.errors = errors.detach()
        mixed = _MEMORY * self.scales + (1 - _MEMORY) * self.errors
        self.scales = torch.where(self.scales > 0, mixed, self.errors)
        terms = errors / self.scales.clamp(min=_TINY) / len(errors)
        return self.weighed(outputs, batch, dict(zip(self._pairs.names, terms, strict=True)))

    def notes(self) -> dict[str, float]:
        """Return each layer's error as it is."""
        return {f"{name}.error": float(error) for name, error in zip(self._pairs.names, self.errors, strict=True)}

    def _errors(self, own: Sequence[Tensor], taught: Sequence[Tensor]) -> list[Tensor]:
        mapped = (fit(mine) for fit, mine in zip(self.maps, own, strict=True))
        return [F.mse_loss(mine, _sized(theirs, mine)) for mine, theirs in zip(mapped, taught, strict=True)]


def _map(name: str, own: Tensor, taught: Tensor) -> nn.Module:
    """Return a linear map from the channels of one layer to those of the other."""
    if own.ndim != taught.ndim or (own.ndim == 3 and own.shape[1] != taught.shape[1]):
        raise UserError(
            f"The layer '{name}' gives {list(own.shape[1:])} a sample, and its partner {list(taught.shape[1:])}.",
            "Name layers that fit each other in layers and teacher_layers.",
        )
    place = 1 if own.ndim == 4 else own.ndim - 1
    before, after = own.shape[place], taught.shape[place]
    if before == after:
        return nn.Identity()
    return nn.Conv2d(before, after, 1) if own.ndim == 4 else nn.Linear(before, after)


def _sized(taught: Tensor, own: Tensor) -> Tensor:
    """Return a teacher's feature map at the resolution of the student's."""
    return F.adaptive_avg_pool2d(taught, (own.shape[2], own.shape[3])) if own.ndim == 4 else taught


def _ratio(curve: Sequence[dict[str, Any]], names: Sequence[str]) -> float:
    terms = [[float(point[name]) for name in names] for point in curve]
    return max(max(each) / max(min(each), _TINY) for each in terms)
