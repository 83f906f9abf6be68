"""What can be said of a plan's models before any of them is made: their tensors, and what running them takes."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..features.capture import capture
from ..features.layers import Tap, choose_taps
from ..features.passage import reduced
from ..methods import METHODS
from ..models import Architecture, Checkpoint, TensorSpec, open_checkpoint
from ..models.activations import peak_activations, peak_training
from ..models.macs import macs
from ..trials import DerivedModel, FeatureSpec, ModelSpec, SourceModel, Trial

_META = torch.device("meta")
_LARGE = 100_000_000


@dataclass(frozen=True)
class Prospect:
    """A model as it will be.

    Attributes
    ----------
    specs : mapping of str to TensorSpec
        Its tensors.
    architecture : Architecture or None
        Its network, where it is recognised.
    """

    specs: Mapping[str, TensorSpec]
    architecture: Architecture | None

    @property
    def bytes(self) -> int:
        """What its tensors take."""
        return sum(spec.size * spec.dtype.itemsize for spec in self.specs.values())

    @property
    def largest(self) -> int:
        """What its largest tensor takes, in bytes."""
        return max((spec.size * spec.dtype.itemsize for spec in self.specs.values()), default=0)


@dataclass(frozen=True)
class Needs:
    """What a sample takes of a network.

    Attributes
    ----------
    macs : int
        Multiply-accumulates.
    activations : int
        Bytes of activations alive at once.
    """

    macs: int
    activations: int


class Outlook:
    """The models of trials, known from the headers of their sources; a method that keeps shapes gives its parent's.

    Parameters
    ----------
    trials : iterable of Trial
        Any trials, with all that make their inputs.
    """

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._models: dict[str, ModelSpec] = {}
        for trial in trials:
            self._models |= {**trial.inputs, trial.model.identity: trial.model}
        self.prospect = cache(self._prospect)
        self.origin = cache(self._origin)

    def name(self, identity: str) -> str:
        """Return what a person calls a model of the trials."""
        return self._models[identity].name

    def root(self, identity: str) -> str:
        """Return the identity of the model whose shapes a model has, as far as that is known."""
        model = self._models.get(identity)
        if isinstance(model, DerivedModel) and not METHODS.get(model.method).reshapes_with(model.parameters):
            return self.root(model.parents[0])
        return identity

    def _prospect(self, identity: str) -> Prospect | None:
        """Return the model as it will be; None where nobody can say."""
        origin = self.origin(identity)
        return Prospect(origin.specs, origin.architecture) if origin else None

    def _origin(self, identity: str) -> Checkpoint | None:
        """Return the source that a model has its tensors' names and shapes of.

        None where nobody can say, or where its file does not open: its trial says why.
        """
        model = self._models.get(identity)
        if isinstance(model, SourceModel):
            with suppress(UserError):
                return open_checkpoint(Path(model.path), **model.told)
        root = self.root(identity)
        return None if root == identity else self.origin(root)


def needs_of(network: nn.Module, architecture: Architecture, shape: tuple[int, ...]) -> Needs:
    """Return what one sample of that shape takes of a skeleton, which goes to the meta device."""
    network = network.to(_META).eval()
    inputs = blank(architecture, 1, shape)
    return Needs(macs(network, inputs), peak_activations(network, inputs))


def kept_of(
    network: nn.Module,
    architecture: Architecture,
    layers: tuple[str, ...],
    features: FeatureSpec,
    shape: tuple[int, ...],
) -> int:
    """Return the bytes that are kept of a sample at least: what may turn out to fit in float16 counts as if it did."""
    network = zeroed(network).eval()
    inputs = blank(architecture, 1, shape, next(network.parameters()).device)
    kept: dict[str, int] = {}

    def note(tap: Tap, values: Tensor) -> Tensor:
        width = 4 if features.dtype == "float32" or not tap.pooled else 2
        kept[tap.column] = width * reduced(tap, values, None, features)[0].numel()
        return values.new_empty(0)

    with capture(network, choose_taps(network, architecture, layers), note), torch.no_grad():
        network(inputs)
    return sum(kept.values())


def training_memory(network: nn.Module, architecture: Architecture, batch: int, shape: tuple[int, ...]) -> int:
    """Return the most bytes that a step of training takes beside weights and optimiser, counted as by `needs_of`."""
    return peak_training(network.to(_META).train(), blank(architecture, batch, shape))


def blank(architecture: Architecture, batch: int, shape: tuple[int, ...], device: torch.device = _META) -> Tensor:
    """Return inputs of zeros, (batch, *shape), of the type that a network takes."""
    return architecture.example(1).new_zeros((batch, *shape), device=device)


def zeroed(network: nn.Module) -> nn.Module:
    """Return a skeleton that is not large with zeros in memory: for the meta device torch first loads for seconds."""
    if sum(weight.numel() for weight in network.parameters()) > _LARGE:
        return network
    network.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in (*network.parameters(), *network.buffers()):
            tensor.zero_()
    return network
