"""Ticks for print: large numbers written out, as many as have room."""

from typing import Any

from .table import digits, is_whole

_LARGE = 1e4
_MOST = 5  # such numbers along an axis


def write_out(axis: Any) -> None:
    """Write an axis's numbers out, with their thousands apart, where they are numbers and large."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, ScalarFormatter

    locator = axis.get_major_locator()
    plain = isinstance(axis.get_major_formatter(), ScalarFormatter) and isinstance(locator, MaxNLocator)
    if plain and max(map(abs, axis.get_view_interval())) >= _LARGE:
        axis.set_major_formatter(FuncFormatter(lambda value, _: digits(value, 0 if is_whole(value) else 1)))
        locator.set_params(nbins=_MOST)
