"""Jobs: what runs, how long it will take, and what went wrong."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ..analysis.wording import share_of
from .panel import Panel, view
from .parts import Line, Sentence, named
from .table import Table, TableSheet
from .theme import GAP, TIGHT

if TYPE_CHECKING:
    from ..analysis.jobs.executor import Job
    from ..analysis.session import Session
    from ..analysis.workspace import SearchRecord, TrialRecord


@dataclass(frozen=True)
class TrialRow:
    """One trial: its model's name, how far it is, how long it took, why it failed, and the data set's name."""

    identity: str
    name: str
    state: str
    seconds: float | None
    problem: str
    data: str = "–"


@dataclass(frozen=True)
class JobsState:
    """What is shown.

    Attributes
    ----------
    title, note : str
        The first running job and what it is doing; empty where nothing runs.
    share : float or None
        How much of it is done, in [0, 1].
    others : int
        How many more run beside it.
    seconds_left : float or None
        By its pace so far.
    rows : tuple of TrialRow
        Every trial, those that run and failed first.
    running, waiting : bool, int
        Whether the engine is at work; how many trials or searches could be gone on with.
    problem : str
        Why the last recipe was refused.
    read_only : bool
        Whether nothing can be run.
    devices : str
        What the workers compute on.
    answers : tuple of str
        What the latest search has found, and how sure that is, a sentence each.
    """

    title: str
    note: str
    share: float | None
    seconds_left: float | None
    others: int
    rows: tuple[TrialRow, ...]
    running: bool
    waiting: int
    problem: str
    read_only: bool
    devices: str
    answers: tuple[str, ...] = ()


_ORDER = ("running", "failed", "pending", "cancelled", "done")


def resolve(session: "Session") -> JobsState:
    """Return the state of the queue."""
    job = session.jobs[0] if session.jobs else None
    report = job.progress if job else None
    names = {record.identity: record.name for record in session.snapshot.datasets}
    rows = [
        TrialRow(t.identity, t.model, t.state, t.seconds, f"{t.problem} {t.next_step}".strip(), _data_of(t, names))
        for t in session.snapshot.trials
    ]
    return JobsState(
        title=job.title if job else "",
        note=report.note if report else "",
        share=report.done / report.total if report and report.total else None,
        seconds_left=_seconds_left(job, rows, max(1, len(session.jobs))),
        others=max(0, len(session.jobs) - 1),
        rows=tuple(sorted(rows, key=lambda row: _ORDER.index(row.state))),
        running=bool(session.engine and session.engine.running),
        waiting=session.snapshot.unfinished,
        problem=str(session.message or ""),
        read_only=session.read_only,
        devices=tallied(session.engine.executor.devices.values()) if session.engine else "",
        answers=_answers(session.snapshot.searches),
    )


def _data_of(trial: "TrialRecord", names: Mapping[str, str]) -> str:
    return names[trial.spec.data.identity] if trial.spec.data else "–"


def tallied(devices: Iterable[str]) -> str:
    """Return devices in words: each once, with how many there are of it."""
    return "; ".join(f"{count} × {device}" if count > 1 else device for device, count in Counter(devices).items())


def _answers(searches: Sequence["SearchRecord"]) -> tuple[str, ...]:
    answer = searches[-1].answer if searches else None
    return (answer.sentence, *answer.remarks) if answer else ()


def _seconds_left(job: "Job | None", rows: list[TrialRow], at_once: int) -> float | None:
    """Return the running job's time left, and that of the waiting trials by the pace of those that are done."""
    done = [row.seconds for row in rows if row.seconds is not None]
    waiting = sum(row.state == "pending" for row in rows)
    if job is None or job.seconds_left is None or (waiting and not done):
        return None
    return job.seconds_left + (waiting * sum(done) / len(done) / at_once if done else 0.0)


def table(state: JobsState) -> Table:
    """Return one row a trial."""
    rows = tuple((row.name, row.data, row.state, row.seconds, row.problem) for row in state.rows)
    return Table(("Trial", "Data", "State", "Seconds", "Problem"), rows)


@view(
    id="jobs",
    title="Jobs",
    question="What is running, how long will it take, and what went wrong?",
    area="bottom",
    of_data=False,
    order=1,
)
class JobsPanel(Panel[JobsState]):
    """The queue: a bar for the running job over a table of all trials."""

    listens = frozenset({"records", "jobs"})

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = Line(self)
        self._left = named(Line(self), "quiet")
        self._devices = named(Line(self), "quiet")
        self._devices.setToolTip("What the workers compute on")
        self._bar = QProgressBar(self, textVisible=False)
        self._bar.setRange(0, 1000)
        self._stop = QPushButton("Stop", self)
        self._stop.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._stop.clicked.connect(self._on_stop_clicked)
        self._answer = named(Sentence(self), "quiet")
        self._answer.setContentsMargins(GAP, 0, GAP, TIGHT)
        self._answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._sheet_of_trials = TableSheet(self)
        self.set_content(self._lay_out())

    def _lay_out(self) -> QWidget:
        body = QWidget(self)
        line = QHBoxLayout()
        line.setContentsMargins(GAP, TIGHT, GAP, TIGHT)
        line.setSpacing(GAP)
        line.addWidget(self._title)
        line.addWidget(self._bar, 1)
        line.addWidget(self._left)
        line.addStretch()
        line.addWidget(self._devices)
        line.addWidget(self._stop)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self._answer)
        layout.addWidget(self._sheet_of_trials, 1)
        return body

    def show_state(self, old: JobsState | None, new: JobsState) -> None:
        """Show the bar anew, and the trials where they differ."""
        self._title.setText(headline(new))
        self._bar.setVisible(new.running)
        self._left.setVisible(new.running)
        self._bar.setValue(round(1000 * (new.share or 0)))
        self._left.setText(time_left(new.seconds_left))
        self._devices.setText(new.devices)
        self._stop.setText("Stop" if new.running else "Resume")
        self._stop.setVisible(not new.read_only and (new.running or new.waiting > 0))
        self._answer.setText(" ".join(new.answers))
        self._answer.setVisible(bool(new.answers))
        if old is None or old.rows != new.rows:
            self._sheet_of_trials.show_table(self.table())

    def _on_stop_clicked(self) -> None:
        if self.state is not None:
            self.command_wanted.emit("run.stop" if self.state.running else "run.resume")


def headline(state: JobsState) -> str:
    """Return what is going on, in one line."""
    done = sum(row.state == "done" for row in state.rows)
    if state.problem:
        return state.problem
    if state.title:
        title = f"{state.title} and {state.others} more" if state.others else state.title
        return f"{title} – {state.note}   {done} of {len(state.rows)}" if state.note else title
    if state.running:
        return "Starting the worker …"
    failed = sum(row.state == "failed" for row in state.rows)
    text = f"{share_of(done, len(state.rows), 'trial')} done" if state.rows else "Nothing has been run yet"
    return f"{text}, {failed} failed" if failed else text


def time_left(seconds: float | None) -> str:
    """Return the time left as minutes and seconds, empty where nobody knows."""
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d} left"
