"""Jobs: what runs, how long it will take, and what went wrong."""

from dataclasses import dataclass

from ..analysis.session import Session
from .table import Table


@dataclass(frozen=True)
class TrialRow:
    """One trial: its model's name, how far it is, how long it took, and why it failed."""

    identity: str
    name: str
    state: str
    seconds: float | None
    problem: str


@dataclass(frozen=True)
class JobsState:
    """What is shown.

    Attributes
    ----------
    title, note : str
        The running job and what it is doing; empty where nothing runs.
    share : float or None
        How much of it is done, in [0, 1].
    seconds_left : float or None
        By its pace so far.
    rows : tuple of TrialRow
        Every trial, those that run and failed first.
    running, waiting : bool, int
        Whether the engine is at work; how many trials are pending.
    problem : str
        Why the last recipe was refused.
    read_only : bool
        Whether nothing can be run.
    """

    title: str
    note: str
    share: float | None
    seconds_left: float | None
    rows: tuple[TrialRow, ...]
    running: bool
    waiting: int
    problem: str
    read_only: bool


_ORDER = ("running", "failed", "pending", "cancelled", "done")


def resolve(session: Session) -> JobsState:
    """Return the state of the queue."""
    job = session.job
    report = job.progress if job else None
    rows = [
        TrialRow(t.identity, t.model, t.state, t.seconds, f"{t.problem} {t.next_step}".strip())
        for t in session.snapshot.trials
    ]
    return JobsState(
        title=job.title if job else "",
        note=report.note if report else "",
        share=report.done / report.total if report and report.total else None,
        seconds_left=job.seconds_left if job else None,
        rows=tuple(sorted(rows, key=lambda row: _ORDER.index(row.state))),
        running=bool(session.engine and session.engine.running),
        waiting=sum(row.state == "pending" for row in rows),
        problem=str(session.message or ""),
        read_only=session.read_only,
    )


def table(state: JobsState) -> Table:
    """Return one row a trial."""
    rows = tuple((row.name, row.state, row.seconds, row.problem) for row in state.rows)
    return Table(("Trial", "State", "Seconds", "Problem"), rows)
