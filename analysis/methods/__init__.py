"""Methods: one file each, a function that makes a model from one or more parents.

A method is::

    def magnitude(parents: Sequence[Checkpoint], parameters: MagnitudeParameters, context: MethodContext) -> Derivative

registered by ``@METHODS.register("prune.magnitude", title=…, citation=…)``. It never changes its parents and writes no
file: the derivative says which tensors the new checkpoint has and gives them one at a time, so that networks larger
than memory can be merged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..atomic import DRAFT
from ..registry import Parameters, Shelf

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from ..data import DataSet
    from ..jobs.protocol import Ticket
    from ..models import Checkpoint, TensorSpec
    from ..models.structure import Structure


@dataclass(frozen=True)
class Derivative:
    """A new checkpoint, not yet computed.

    Attributes
    ----------
    specs : mapping of str to TensorSpec
        Shape and dtype of every tensor, in the order of writing.
    tensor : callable
        Gives the tensor of a name; called once for each, in order.
    facts : dict
        What the method learnt on the way, for the inspector (kept shares by layer, thresholds …); JSON values.
    settings : dict
        What a new network's file must say because its shapes leave it open, such as ``head_dim``; JSON values.
    structure : Structure or None
        How the new network is edited; None if it is built as the first parent's.
    ties : mapping of str to str or None
        Further names of some tensors, each with the one in ``specs``; None for the first parent's.
    """

    specs: Mapping[str, "TensorSpec"]
    tensor: Callable[[str], "Tensor"]
    facts: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    structure: "Structure | None" = None
    ties: Mapping[str, str] | None = None

    def said(self) -> dict[str, Any]:
        """Return what the new network's file must say of it; JSON values."""
        edited = {} if self.structure is None else {"structure": self.structure.model_dump(mode="json")}
        return self.settings | edited


@dataclass(frozen=True)
class MethodContext:
    """What a method may use besides its parents.

    Attributes
    ----------
    seed : int
        Seeds every draw; methods registered as stochastic run once a seed.
    device : torch.device
        Where to compute.
    ticket : Ticket
        Progress and cancellation: call ``ticket.progress(done, total, note)`` at least a few times a second.
    data : mapping of str to DataSet
        The data sets that parameters with the role ``data`` name, by parameter.
    models : mapping of str to Checkpoint
        The models that parameters with the role ``model`` name, by parameter.
    scratch : Path or None
        A folder of this result's own, made when first used. What ends in `DRAFT` is there to resume from, and goes
        when the result is whole; the rest stays beside it.
    provenance : dict
        What every file of this result says of where it comes from; JSON values.
    """

    seed: int
    device: "torch.device"
    ticket: "Ticket"
    data: Mapping[str, "DataSet"]
    models: Mapping[str, "Checkpoint"]
    scratch: Path | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def network(self, checkpoint: "Checkpoint") -> "nn.Module":
        """Return a fresh module of the checkpoint on the device, in evaluation mode.

        Raises
        ------
        UserError
            If the checkpoint's family is not recognised.
        """
        return self.placed(checkpoint.network())

    def placed(self, network: "nn.Module") -> "nn.Module":
        """Return a network on the device, which takes for padding what the data are filled up with."""
        from ..models.padding import masking

        padded = [data.pad for data in self.data.values() if data.kind == "tokens"]
        return (masking(network, padded[0]) if padded else network).to(self.device)


class Method(Protocol):
    """The signature of a method."""

    __qualname__: str

    def __call__(
        self,
        parents: Sequence["Checkpoint"],
        parameters: Any,
        context: MethodContext,
        /,
    ) -> Derivative: ...


METHODS: Shelf[Method] = Shelf("method", __name__, "graftwork.methods")

__all__ = ["DRAFT", "METHODS", "Derivative", "Method", "MethodContext", "Parameters"]
