"""Amounts as a person writes them."""

import re

from ..analysis.errors import UserError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def memory_size(text: str) -> int:
    """Return the bytes that a text such as ``8GB``, ``512 MiB`` or ``1.5e9`` says.

    Raises
    ------
    UserError
        If it says none.
    """
    match = re.fullmatch(r"([0-9.]+(?:e[0-9]+)?) *([kmgt]?i?)b?", text.strip().lower())
    try:
        size = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    except (ValueError, KeyError):
        size = 0
    if size <= 0:
        raise UserError(f"'{text}' is no amount of memory.", "Write it like 8GB or 512MiB.")
    return size
