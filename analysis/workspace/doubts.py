"""Results of earlier versions that may be those of another model or data set, and how a person is told."""

import sqlite3
from pathlib import Path

from ..identity import look
from ..identity.hashing import LARGE

_BYTES = 4  # of a parameter, where nothing else is known of a file

_REASONS = {
    "sampled": "was measured by an earlier version, which knew files above 1 GiB by samples of them",
    "probed": "was measured by an earlier version, which took networks for the same that agreed on 128 samples",
}


def was_sampled(path: str | None, parameters: int | None) -> bool:
    """Return whether earlier versions knew an input by samples; of one that is gone, its parameters tell."""
    try:
        return any(stamp.size > LARGE for stamp in look(Path(path or "")).stamps.values())
    except (OSError, ValueError):
        return (parameters or 0) * _BYTES > LARGE


def doubts(db: sqlite3.Connection) -> dict[str, str]:
    """Return why results are doubtful, one sentence each, by the identity of the model that they are told of."""
    rows = db.execute(
        "SELECT m.identity, m.name, d.reason FROM doubts d JOIN trials t ON t.identity = d.trial"
        " JOIN models m ON m.identity = t.model WHERE t.state = 'done' ORDER BY m.number"
    )
    return {
        row["identity"]: f"{row['name']} {_REASONS[row['reason']]}; its numbers may be those of another."
        " Run its recipe again."
        for row in rows
    }
