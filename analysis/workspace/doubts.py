"""Results of earlier versions that may be those of another model or data set, and how a person is told."""

import sqlite3
from pathlib import Path

from ..identity import look
from ..identity.hashing import LARGE

_BYTES = 4  # of a parameter, where nothing else is known of a file

_REASONS = {
    "sampled": "which knew files above 1 GiB by samples of them; its numbers may be those of another",
    "probed": "which took networks for the same that agreed on 128 samples; its numbers may be those of another",
    "padded": "which took the token 0 of {data} for padding; its numbers there leave it out, a real one or not",
    "unweighted": "which ignored the weights of {data}; its numbers there count every sample alike",
}

# What ignored weights or took 0 for padding has other measures' versions: a later trial of the same model and data
# stands in its place.
_DOUBTS = """
SELECT m.identity, m.name, d.reason, s.name AS data FROM doubts d JOIN trials t ON t.identity = d.trial
    JOIN models m ON m.identity = t.model LEFT JOIN datasets s ON s.identity = t.data
WHERE t.state = 'done' AND NOT (d.reason IN ('unweighted', 'padded') AND EXISTS (
    SELECT 1 FROM trials n WHERE n.model = t.model AND n.data = t.data AND n.number > t.number AND n.state = 'done'
))
ORDER BY m.number
"""


def was_sampled(path: str | None, parameters: int | None) -> bool:
    """Return whether earlier versions knew an input by samples; of one that is gone, its parameters tell."""
    try:
        return any(stamp.size > LARGE for stamp in look(Path(path or "")).stamps.values())
    except (OSError, ValueError):
        return (parameters or 0) * _BYTES > LARGE


def doubts(db: sqlite3.Connection) -> dict[str, str]:
    """Return why results are doubtful, one sentence each, by the identity of the model that they are told of."""
    return {
        row["identity"]: f"{row['name']} was measured by an earlier version, "
        f"{_REASONS[row['reason']].format(data=row['data'])}. Run its recipe again."
        for row in db.execute(_DOUBTS)
    }
