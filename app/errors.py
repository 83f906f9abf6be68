"""Errors shown to a person."""

import sys

from ..analysis.errors import UserError


def say(error: UserError) -> None:
    """Print what is wrong and the next step on stderr."""
    sys.stderr.write(f"graftwork: {error.problem} {error.next_step}\n")
