"""Ticks for print: large numbers written out, as many as have room."""

from typing import Any

from matplotlib.ticker import MaxNLocator, ScalarFormatter

from .table import digits, is_whole

_LARGE = 1e4
_MOST = 5  # such numbers along an axis


class _Digits(ScalarFormatter):
    """Whole numbers with their thousands apart; others as matplotlib writes them."""

    def __init__(self, axis: Any) -> None:
        super().__init__(useOffset=False)
        self._ticks = axis.get_majorticklocs

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the text of a tick."""
        return digits(x) if all(map(is_whole, self._ticks())) else str(super().__call__(x, pos))


def write_out(axis: Any) -> None:
    """Write an axis's numbers out, where they are numbers and large."""
    locator = axis.get_major_locator()
    plain = isinstance(axis.get_major_formatter(), ScalarFormatter) and isinstance(locator, MaxNLocator)
    if plain and max(map(abs, axis.get_view_interval())) >= _LARGE:
        axis.set_major_formatter(_Digits(axis))
        locator.set_params(nbins=_MOST)
