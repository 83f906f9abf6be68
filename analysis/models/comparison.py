"""Checkpoints compared weight by weight, tensor by tensor from disk."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from torch import Tensor

from .architecture import TensorSpec
from .arithmetic import is_number
from .checkpoint import Checkpoint
from .statistics import pieces


@dataclass(frozen=True)
class Difference:
    """Sums over pairs of values, a of the reference and b of the other, from which every figure follows.

    Attributes
    ----------
    size, equal : int
        Pairs; pairs of equal values.
    square_a, square_b, product, square_difference : float
        Sums of a², b², a·b and (a − b)².
    signed, flips : int
        Pairs without a zero; those of opposite signs.
    zeros_both, zeros_either : int
        Pairs where both are zero; where one is, at least.
    """

    size: int = 0
    equal: int = 0
    square_a: float = 0.0
    square_b: float = 0.0
    product: float = 0.0
    square_difference: float = 0.0
    signed: int = 0
    flips: int = 0
    zeros_both: int = 0
    zeros_either: int = 0

    @classmethod
    def of(cls, a: Tensor, b: Tensor) -> "Difference":
        """Return the sums over two tensors of one shape, in float64 or complex128; a product's is its real part."""
        product, zero_a, zero_b = (a * b.conj()).real, a == 0, b == 0
        return cls(
            size=a.numel(),
            equal=int((a == b).sum()),
            square_a=float(a.abs().square().sum()),
            square_b=float(b.abs().square().sum()),
            product=float(product.sum()),
            square_difference=float((a - b).abs().square().sum()),
            signed=int((product != 0).sum()),
            flips=int((product < 0).sum()),
            zeros_both=int((zero_a & zero_b).sum()),
            zeros_either=int((zero_a | zero_b).sum()),
        )

    def __add__(self, other: "Difference") -> "Difference":
        mine, theirs = asdict(self), asdict(other)
        return Difference(**{name: mine[name] + theirs[name] for name in mine})

    def figures(self) -> dict[str, float | None]:
        """Return the figures; None where one is not defined.

        ``relative`` is ‖a − b‖ / ‖a‖, ``cosine`` that of the angle between a and b, ``flipped`` the share of opposite
        signs among pairs without a zero, ``equal`` the share of equal values, and ``mask_overlap`` the zeros of both
        over those of either (Jaccard).
        """
        return {
            "relative": _ratio(self.square_difference**0.5, self.square_a**0.5),
            "cosine": _ratio(self.product, (self.square_a * self.square_b) ** 0.5),
            "flipped": _ratio(self.flips, self.signed),
            "equal": _ratio(self.equal, self.size),
            "mask_overlap": _ratio(self.zeros_both, self.zeros_either),
        }


def compare(reference: Checkpoint, others: Sequence[Checkpoint]) -> list[dict[str, Any]]:
    """Return each of the others against the reference, as JSON values.

    An entry has ``path``, ``total`` (the figures over every tensor of numbers that both have in one shape),
    ``tensors`` (the figures by tensor), ``missing`` and ``extra`` (names that only the reference, or only the other,
    has) and ``reshaped`` (names that both have in different shapes).
    """
    return [_against(reference, other) for other in others]


def _against(reference: Checkpoint, other: Checkpoint) -> dict[str, Any]:
    mine, theirs = ({**checkpoint.specs, **_named(checkpoint)} for checkpoint in (reference, other))
    shared = [name for name in mine if name in theirs and (name in reference.specs or name in other.specs)]
    same = [name for name in shared if mine[name].shape == theirs[name].shape]
    parts = {
        name: _difference(reference.tensor(name), other.tensor(name))
        for name in same
        if is_number(mine[name].dtype) and is_number(theirs[name].dtype)
    }
    return {
        "path": str(other.path),
        "total": sum(parts.values(), Difference()).figures(),
        "tensors": {name: part.figures() for name, part in parts.items()},
        "missing": [name for name in reference.specs if name not in theirs],
        "extra": [name for name in other.specs if name not in mine],
        "reshaped": [name for name in shared if name not in same],
    }


def _named(checkpoint: Checkpoint) -> dict[str, TensorSpec]:
    """Return the tensors of a checkpoint's further names."""
    return {name: checkpoint.specs[held] for name, held in checkpoint.ties.items()}


def _difference(a: Tensor, b: Tensor) -> Difference:
    pairs = zip(pieces(a), pieces(b), strict=True)
    return sum((Difference.of(*pair) for pair in pairs), Difference())


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole and isfinite(part / whole) else None
