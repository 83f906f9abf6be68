"""Errors that are meant for a person."""


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
        self.problem = problem
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.problem} {self.next_step}"


class Cancelled(Exception):  # noqa: N818 - a request that was granted, not an error
    """The work was asked to stop and did."""
