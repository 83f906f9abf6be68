"""How a network is built, and whether its tensors are those of a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import nn

from ..errors import UserError
from .architecture import Architecture, TensorSpec


@dataclass(frozen=True)
class Builder:
    """A network that a checkpoint can be run as.

    Attributes
    ----------
    architecture : Architecture
        What is known of it.
    build : callable
        Gives the module on the CPU, to be filled with the file's tensors.
    skeleton : callable
        Gives a module of the same names and shapes, on the meta device where that can be.
    names : mapping of str to str
        What the module calls the tensors that have another name in the file.
    """

    architecture: Architecture
    build: Callable[[], nn.Module]
    skeleton: Callable[[], nn.Module]
    names: Mapping[str, str] = field(default_factory=dict)


def sources(module: nn.Module, specs: Mapping[str, TensorSpec]) -> dict[str, str]:
    """Return the name in the file of each of a module's tensors: its own, or that of one which it is tied to."""
    state = module.state_dict(keep_vars=True)
    held = {id(tensor): name for name, tensor in state.items() if name in specs}
    return {name: name if name in specs else held.get(id(tensor), name) for name, tensor in state.items()}


def check_fit(module: nn.Module, specs: Mapping[str, TensorSpec]) -> None:
    """Demand that a file has the tensors of a module, in their shapes; counters of batches may be missing.

    Raises
    ------
    UserError
        If it lacks one, or has it in another shape.
    """
    source = sources(module, specs)
    for name, tensor in module.state_dict().items():
        shape = specs[source[name]].shape if source[name] in specs else None
        if shape != tuple(tensor.shape) and not name.endswith(".num_batches_tracked"):
            held = "is not in the file" if shape is None else f"has the shape {list(shape)} in the file"
            raise UserError(
                f"The network wants '{name}' of shape {list(tensor.shape)}, which {held}.",
                "Name the code that the checkpoint was trained with.",
            )
