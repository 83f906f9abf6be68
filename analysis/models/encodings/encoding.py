"""How a tensor lies in a file: as others that it is made of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from torch import Tensor

from ..architecture import TensorSpec


@dataclass(frozen=True)
class Encoding:
    """What a tensor is made of.

    Attributes
    ----------
    kind : {"folded", "quantised"}
        Whether code of the network makes the tensor in every pass, or a packer made codes of it.
    form : str
        How, in a few words.
    parts : tuple of str
        The file's tensors that it is made of.
    spec : TensorSpec
        Its shape and dtype.
    decode : callable
        Makes the tensor of its parts, in their order.
    unused : tuple of str
        Tensors that belong to the parts and are not needed for it, such as scales of activations.
    """

    kind: Literal["folded", "quantised"]
    form: str
    parts: tuple[str, ...]
    spec: TensorSpec
    decode: Callable[[Sequence[Tensor]], Tensor]
    unused: tuple[str, ...] = ()


class Finder(Protocol):
    """Finds the tensors of one form among those of a file."""

    def __call__(
        self, specs: Mapping[str, TensorSpec], settings: Mapping[str, Any], /
    ) -> Iterator[tuple[str, Encoding]]:
        """Yield each by its name, from the file's tensors and what a packer's settings say."""
        ...


def parametrized(specs: Mapping[str, TensorSpec], ending: str, *others: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what torch.nn.utils.parametrize makes of ``ending`` and ``others`` alone: its name, and theirs.

    Their names are ``LAYER.parametrizations.WEIGHT.ENDING``, in place of ``LAYER.WEIGHT``.
    """
    for stored in specs:
        place, mark, leaf = stored.removesuffix(f".{ending}").rpartition("parametrizations.")
        if mark and stored.endswith(f".{ending}") and "." not in leaf:
            start = f"{place}{mark}{leaf}."
            parts = (stored, *(f"{start}{other}" for other in others))
            if {name for name in specs if name.startswith(start)} == set(parts):
                yield f"{place}{leaf}", parts
