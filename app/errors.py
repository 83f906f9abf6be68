"""Errors shown to a person."""

from ..analysis.errors import UserError
from .terminal import write_error


def say(error: UserError) -> None:
    """Print what is wrong and the next step on stderr."""
    write_error(f"graftwork: {error.problem} {error.next_step}")
