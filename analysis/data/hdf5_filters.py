"""Compressions of HDF5 that its library has not of itself."""

from contextlib import suppress
from importlib import import_module

import h5py

from ..errors import UserError

_PLUGINS = "hdf5plugin"
_TITLES = {
    4: "SZIP",
    307: "bzip2",
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32008: "Bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32017: "SZ",
    32026: "Blosc2",
}
"""By their numbers, which the HDF Group registers: https://github.com/HDFGroup/hdf5_plugins."""


def require_filters(path: str, dataset: h5py.Dataset) -> None:
    """Demand that what a dataset is compressed with can be undone; the package hdf5plugin is loaded where it must.

    Raises
    ------
    UserError
        If something is missing; names it.
    """
    how = dataset.id.get_create_plist()
    for place in range(how.get_nfilters()):
        number = how.get_filter(place)[0]
        if not _available(number):
            title = f"{_TITLES[number]}, filter {number}" if number in _TITLES else f"the filter {number}"
            raise UserError(
                f"'{path}' keeps '{dataset.name}' compressed by {title}, whose plugin is not installed.",
                f"Install it: pip install {_PLUGINS}; or write the file anew with gzip.",
            )


def _available(number: int) -> bool:
    if not h5py.h5z.filter_avail(number):
        with suppress(ImportError):  # importing it tells HDF5 where its plugins lie
            import_module(_PLUGINS)
    return bool(h5py.h5z.filter_avail(number))
