"""Scaling the widths of a configuration, for narrower members of a family."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scale:
    """One factor for every width; none falls below one unit.

    Attributes
    ----------
    factor : float
        What widths are multiplied by.
    unit : int
        What widths stay multiples of: the size of a head, say.
    """

    factor: float
    unit: int = 1

    def __call__(self, width: int) -> int:
        """Return the scaled width; nothing stays nothing."""
        return self.unit * max(1, round(width / self.unit * self.factor)) if width else 0

    def by(self, unit: int) -> "Scale":
        """Return the same factor, in units."""
        return Scale(self.factor, unit)


Narrow = Callable[[Mapping[str, Any], Scale], dict[str, Any]]
"""What a family offers beside `recognise` and `build` where its widths are free: a configuration, narrower."""


def scaled(config: Mapping[str, Any], scale: Scale, *names: str) -> dict[str, Any]:
    """Return a configuration whose numbers under these names are scaled, in however many lists they lie."""
    return {**config, **{name: _each(config[name], scale) for name in names}}


def _each(widths: Any, scale: Scale) -> Any:
    return [_each(width, scale) for width in widths] if isinstance(widths, list) else scale(widths)
