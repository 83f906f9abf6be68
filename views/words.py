"""How numbers of things are written."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 trial``, ``2,000 trials``; the plural adds an s unless it is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def share_of(number: int, whole: int, noun: str) -> str:
    """Return a number out of a whole with its noun: ``3 of 1 sample``, ``30 of 1,000 samples``."""
    return f"{number:,} of {counted(whole, noun)}"
