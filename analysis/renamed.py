"""Names that measures and quantities had in earlier versions, so that older recipes and results are still read."""

from typing import Annotated

from pydantic import AfterValidator

_NAMES = {
    "robustness.certified": "robustness.great",  # it certifies nothing of the network itself
}
_FORMER = {name: former for former, name in _NAMES.items()}


def current(name: str) -> str:
    """Return the name that a measure or a quantity has now."""
    return _NAMES.get(name, name)


def former(name: str) -> str:
    """Return the name that it had before, where it had another."""
    return _FORMER.get(name, name)


CurrentName = Annotated[str, AfterValidator(current)]
"""The name of a measure or a quantity, as a person or an earlier version wrote it."""
