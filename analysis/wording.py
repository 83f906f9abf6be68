"""Numbers as a person reads them: short, with their intervals as far as those reach, and with their nouns."""

import math
import re


def sure(value: float, low: float, high: float) -> str:
    """Return a number with its interval, as far as the second figure of half of it; large ones as by `compact`."""
    half = (high - low) / 2
    if not 0 < half < math.inf or abs(value) >= 1e4:
        return f"{compact(value)} [{compact(low)}, {compact(high)}]"
    places = max(0, 1 - math.floor(math.log10(half)))
    return f"{value:.{places}f} [{low:.{places}f}, {high:.{places}f}]"


def compact(value: float) -> str:
    """Return a number in at most five figures, with k, M or G for thousands, millions or billions."""
    for least, unit, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= least:
            return f"{value / unit:.4g} {letter}"
    return f"{value:.4g}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 trial``, ``2,000 trials``; the plural adds an s unless it is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def share_of(number: int, whole: int, noun: str) -> str:
    """Return a number out of a whole with its noun: ``3 of 1 sample``, ``30 of 1,000 samples``."""
    return f"{number:,} of {counted(whole, noun)}"


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key by which ``epoch9`` comes before ``epoch10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
