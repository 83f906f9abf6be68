"""What is trained: a network with some of its parameters free, and the checkpoint that it becomes."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..methods import Derivative, MethodContext
from ..models import Checkpoint, TensorSpec
from ..models.arithmetic import computable
from .parameters import TrainingParameters

_GLANCE = 16  # elements that are compared before all of them


class Student(nn.Module):
    """A network that learns.

    Attributes
    ----------
    network : Module
        Made from the parent's tensors, so that what was pruned away is not there.
    parent : Checkpoint
        What it is made from.
    specs : mapping of str to TensorSpec
        The tensors of the result: the parent's, by name, shape and dtype, unless it has another shape.
    settings : dict
        What the file of such another shape must say, as of `Derivative`.
    """

    def __init__(self, network: nn.Module, parent: Checkpoint) -> None:
        super().__init__()
        self.network = network
        self.parent = parent
        self.specs: Mapping[str, TensorSpec] = parent.specs
        self.settings: dict[str, Any] = {}
        self._names = tuple(network.state_dict())
        self._size = sum(parameter.numel() for parameter in network.parameters())

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's outputs."""
        outputs: Tensor = self.network(inputs)
        return outputs

    def tensors(self) -> dict[str, Tensor]:
        """Return the network's tensors under the names that a checkpoint gives them, whatever they are made from."""
        places = {name: name.rpartition(".") for name in self._names}
        with torch.no_grad():
            return {name: getattr(self.network.get_submodule(p), leaf) for name, (p, _, leaf) in places.items()}

    def free(self) -> list[nn.Parameter]:
        """Return the parameters that learn."""
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def fraction(self) -> float:
        """Return how many parameters learn, as a share of the network's."""
        return sum(parameter.numel() for parameter in self.free()) / self._size


def student_of(parent: Checkpoint, parameters: TrainingParameters, context: MethodContext) -> Student:
    """Return the parent's network on the device, ready to learn with all its parameters.

    Raises
    ------
    UserError
        If no family recognises the parent.
    """
    network = tied(context.network(parent))
    if parameters.keep_zeros:
        hold_all(network, zeros_of(network))
    return Student(network, parent)


def derivative(student: Student, facts: dict[str, object]) -> Derivative:
    """Return the checkpoint that a trained student is: its tensors, in the parent's dtypes, with what was learnt."""
    parent, specs, learnt = student.parent, student.specs, student.tensors()
    twins = _twins(parent, learnt) if specs is parent.specs else {}

    def tensor(name: str) -> Tensor:
        found = learnt.get(twins.get(name, name))
        return parent.tensor(name) if found is None else found.detach().to("cpu", specs[name].dtype)

    return Derivative(specs, tensor, facts, student.settings)


def tied(network: nn.Module, like: nn.Module | None = None) -> nn.Module:
    """Return the network with matrices that are equal in it, or in ``like``, made one parameter, so that they stay so.

    Language models read and write with one matrix, of which their files may hold two copies.
    """
    first: dict[tuple[object, ...], tuple[str, Tensor]] = {}
    for name, parameter in list((like or network).named_parameters()):
        if parameter.ndim < 2 or not parameter.any():
            continue
        values = parameter.detach()
        key = (*values.shape, *values.flatten()[:_GLANCE].tolist())
        other, same = first.setdefault(key, (name, values))
        if other != name and torch.equal(values, same):
            place, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(place), leaf, network.get_parameter(other))
    return network


def zeros_of(network: nn.Module) -> dict[str, Tensor]:
    """Return for each pruned parameter where it is not zero.

    A vector that is zero throughout is taken for one that has not been trained, not for a pruned one.
    """
    masks = {}
    for name, parameter in network.named_parameters():
        kept = parameter.detach() != 0
        if not kept.all() and (kept.ndim > 1 or kept.any()):
            masks[name] = kept
    return masks


def hold_zeros(parameter: Tensor, kept: Tensor) -> None:
    """Set a parameter to zero where ``kept`` is false, and keep it there whatever the optimiser does."""
    mask = kept.to(parameter.device, parameter.dtype)
    with torch.no_grad():
        parameter.mul_(mask)
    if parameter.requires_grad:
        parameter.register_hook(lambda gradient: gradient * mask)


def hold_all(network: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Hold every masked parameter of a network, by name."""
    parameters = dict(network.named_parameters())
    for name, kept in masks.items():
        hold_zeros(parameters[name], kept)


def check_fit(parent: Checkpoint, labels: Tensor, kind: str) -> None:
    """Demand that the network takes samples of this kind and tells their classes apart.

    Raises
    ------
    UserError
        If not.
    """
    architecture = parent.architecture
    if architecture is None:
        return
    if architecture.inputs != kind:
        raise UserError(
            f"{parent.path.name} takes {architecture.inputs}, and the data are {kind}.", "Choose data of its kind."
        )
    if len(labels) and int(labels.max()) >= architecture.classes:
        raise UserError(
            f"{parent.path.name} tells {architecture.classes} classes apart, and the data have a class number "
            f"{int(labels.max())}.",
            "Choose the data set that it was trained for.",
        )


def _twins(parent: Checkpoint, learnt: Mapping[str, Tensor]) -> dict[str, str]:
    """Return for each spare tensor the one that it is a copy of, as tied weights are."""
    spare = [name for name, spec in parent.specs.items() if name not in learnt and spec.dtype.is_floating_point]
    pairs = ((name, other) for name in spare for other in learnt if other in parent.specs)
    same = (pair for pair in pairs if parent.specs[pair[0]].shape == parent.specs[pair[1]].shape)
    return {name: other for name, other in same if _equal(parent, name, other)}


def _equal(parent: Checkpoint, name: str, other: str) -> bool:
    return torch.equal(computable(parent.tensor(name)), computable(parent.tensor(other)))
