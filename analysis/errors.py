"""Errors that are meant for a person."""

from .printable import printable

_SHOWN = 400  # characters at either end of a sentence that a hostile name makes long


class UserError(Exception):
    """Something a person can mend: one clear sentence, and the next step.

    Attributes
    ----------
    problem : str
        What is wrong, as one sentence that names the file, field or value.
    next_step : str
        What to do about it, as one sentence.
    """

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(problem, next_step)
        self.problem = _readable(problem)
        self.next_step = _readable(next_step)

    def __str__(self) -> str:
        return f"{self.problem} {self.next_step}"


def _readable(text: str) -> str:
    """Return a sentence that can be shown, whatever names are in it."""
    if len(text) > 2 * _SHOWN:
        text = f"{text[:_SHOWN]} … {text[-_SHOWN:]}"
    return printable(text)


class Cancelled(Exception):  # noqa: N818 - a request that was granted, not an error
    """The work was asked to stop and did."""


def unknown(what: str, name: str, known: list[str]) -> UserError:
    """Return the error for a name that is none of the known ones, with the nearest of them."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(sorted(known)) or 'none'}."
    return UserError(f"There is no {what} '{name}'.", hint)
