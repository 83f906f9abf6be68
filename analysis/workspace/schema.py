"""The tables, and how a database of any earlier version comes to have them."""

import sqlite3
from functools import lru_cache
from pathlib import Path

from ..errors import UserError
from .doubts import was_sampled

# "Grft": tells a workspace from any other SQLite file.
APPLICATION = 0x47726674

_FIRST = """
CREATE TABLE recipes (
    run INTEGER PRIMARY KEY, title TEXT NOT NULL, toml TEXT NOT NULL, created REAL NOT NULL
);
CREATE TABLE models (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('source', 'derived')),
    file TEXT, facts TEXT NOT NULL DEFAULT '{}', created REAL NOT NULL
);
CREATE TABLE operations (
    model TEXT PRIMARY KEY REFERENCES models (identity), method TEXT NOT NULL, version INTEGER NOT NULL,
    parameters TEXT NOT NULL, refs TEXT NOT NULL, seed INTEGER
);
CREATE TABLE parents (
    model TEXT NOT NULL REFERENCES operations (model), position INTEGER NOT NULL,
    parent TEXT NOT NULL REFERENCES models (identity), PRIMARY KEY (model, position)
);
CREATE TABLE datasets (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, spec TEXT NOT NULL
);
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE,
    model TEXT NOT NULL REFERENCES models (identity), data TEXT REFERENCES datasets (identity),
    seed INTEGER NOT NULL, spec TEXT NOT NULL, run INTEGER NOT NULL REFERENCES recipes (run),
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'cancelled')),
    problem TEXT NOT NULL DEFAULT '', next_step TEXT NOT NULL DEFAULT '',
    seconds REAL, finished REAL, attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX trials_by_state ON trials (state);
CREATE TABLE run_trials (
    run INTEGER NOT NULL REFERENCES recipes (run), position INTEGER NOT NULL,
    trial TEXT NOT NULL REFERENCES trials (identity), PRIMARY KEY (run, position)
);
CREATE TABLE measures (
    trial TEXT NOT NULL REFERENCES trials (identity), position INTEGER NOT NULL,
    measure TEXT NOT NULL, value REAL, low REAL, high REAL, unit TEXT NOT NULL, PRIMARY KEY (trial, position)
);
CREATE TABLE columns (
    model TEXT NOT NULL REFERENCES models (identity), data TEXT NOT NULL REFERENCES datasets (identity),
    name TEXT NOT NULL, file TEXT NOT NULL, trial TEXT NOT NULL REFERENCES trials (identity),
    PRIMARY KEY (model, data, name)
);
CREATE TABLE selections (
    name TEXT NOT NULL, data TEXT NOT NULL REFERENCES datasets (identity),
    size INTEGER NOT NULL, count INTEGER NOT NULL, bits BLOB NOT NULL,
    classes TEXT NOT NULL, layers TEXT NOT NULL, models TEXT NOT NULL, PRIMARY KEY (name, data)
);
CREATE TABLE layouts (name TEXT PRIMARY KEY, layout TEXT NOT NULL);
CREATE TABLE notes (model TEXT PRIMARY KEY REFERENCES models (identity), text TEXT NOT NULL);
CREATE TABLE fingerprints (
    path TEXT PRIMARY KEY, files INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    content TEXT NOT NULL
);
"""

# What a network computes on a probe of the data, and the file that a pass of such a network left.
_FUNCTIONS = """
CREATE TABLE functions (
    function TEXT NOT NULL, data TEXT NOT NULL REFERENCES datasets (identity),
    file TEXT NOT NULL, model TEXT NOT NULL REFERENCES models (identity), PRIMARY KEY (function, data)
);
"""

# A search goes on from its latest run; the points that it tried are kept in their order.
_SEARCHES = """
CREATE TABLE searches (
    search TEXT PRIMARY KEY, run INTEGER NOT NULL REFERENCES recipes (run), folder TEXT NOT NULL,
    measures TEXT NOT NULL, trials INTEGER NOT NULL, answer TEXT, finished INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE proposals (
    search TEXT NOT NULL REFERENCES searches (search), number INTEGER NOT NULL,
    point TEXT NOT NULL, trials TEXT NOT NULL, PRIMARY KEY (search, number)
);
"""

# What was asked of sets of models, and what came of it; ``inputs`` tells what that was computed from.
_FITS = """
CREATE TABLE fits (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, spec TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES recipes (run), inputs TEXT,
    problem TEXT NOT NULL DEFAULT '', next_step TEXT NOT NULL DEFAULT '', remarks TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE fit_values (
    fit TEXT NOT NULL REFERENCES fits (identity), position INTEGER NOT NULL,
    measure TEXT NOT NULL, value REAL, low REAL, high REAL, unit TEXT NOT NULL, PRIMARY KEY (fit, position)
);
"""

_CURVES = "ALTER TABLE fits ADD COLUMN curves TEXT NOT NULL DEFAULT '[]';"

# Values that no data went into; how far a model has learnt from what it is measured on; the classes of a data set.
_BY_DATA = """
ALTER TABLE measures ADD COLUMN dataless INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trials ADD COLUMN overlap REAL;
ALTER TABLE datasets ADD COLUMN classes TEXT NOT NULL DEFAULT '[]';
UPDATE measures SET dataless = 1 WHERE measure LIKE 'cost.nominal.%' OR measure LIKE 'cost.measured.%'
    OR measure IN ('cost.training', 'proxy.synflow', 'proxy.aszero');
"""

# What was counted and timed at the network's own size stays with the data that it was told beside.
_SIZED = """
UPDATE measures SET dataless = 0
WHERE measure IN ('cost.nominal.macs', 'cost.nominal.activations') OR measure LIKE 'cost.measured.%';
"""

# Names that recipes gave to models which the workspace has under another.
_ALIASES = """
CREATE TABLE aliases (name TEXT PRIMARY KEY, model TEXT NOT NULL REFERENCES models (identity));
"""

# What was measured before a file's identity covered all of it, and before a pass was shared by equal tensors alone.
_DOUBTS = """
CREATE TABLE doubts (
    trial TEXT NOT NULL REFERENCES trials (identity), reason TEXT NOT NULL, PRIMARY KEY (trial, reason)
);
WITH RECURSIVE linked (model) AS (
    SELECT identity FROM models WHERE json_extract(facts, '$.computes_the_same_as') IS NOT NULL
)
INSERT INTO doubts SELECT identity, 'probed' FROM trials
WHERE state = 'done' AND (model IN linked OR json_extract(spec, '$.reference') IN linked);
WITH RECURSIVE sampled (model) AS (
    SELECT identity FROM models
    WHERE kind = 'source' AND was_sampled(file, json_extract(facts, '$.parameters'))
    UNION SELECT p.model FROM parents p JOIN sampled s ON p.parent = s.model
)
INSERT INTO doubts SELECT identity, 'sampled' FROM trials
WHERE state = 'done' AND (
    model IN sampled OR json_extract(spec, '$.reference') IN sampled
    OR EXISTS (SELECT 1 FROM json_tree(spec) j WHERE j.key = 'path' AND was_sampled(j.value, NULL))
);
UPDATE models SET facts = json_remove(facts, '$.computes_the_same_as');
DELETE FROM functions;
DROP TABLE fingerprints;
"""

# What measures nothing but a score is no longer called certified.
_RENAMED = """
UPDATE measures SET measure = 'robustness.great' WHERE measure = 'robustness.certified';
UPDATE columns SET name = 'robustness.great' WHERE name = 'robustness.certified';
"""

# What is to be known of a trial's numbers, one sentence each.
_REMARKS = "ALTER TABLE trials ADD COLUMN remarks TEXT NOT NULL DEFAULT '[]';"

# What the measures' parameters were by default so far; which values and columns set their model beside the reference;
# columns of one name side by side, by what they were measured with.
_NAMES = """
CREATE TABLE defaults (measure TEXT PRIMARY KEY, parameters TEXT NOT NULL);
INSERT INTO defaults VALUES
    ('accuracy', '{}'),
    ('accuracy.confusion', '{"pairs": 100}'),
    ('accuracy.topk', '{"k": 5}'),
    ('calibration', '{"bins": 15}'),
    ('compare.complementary', '{}'),
    ('compare.flips', '{}'),
    ('compare.margin_flow', '{"pairs": 100}'),
    ('cost.measured', '{"batch": 32, "repeats": 30, "warmup": 5}'),
    ('cost.nominal', '{}'),
    ('cost.training', '{}'),
    ('fairness', '{"group": "", "positive": ""}'),
    ('flatness', '{"samples": 256, "probes": 10, "steps": 20, "sigma": 0.05, "draws": 10}'),
    ('flatness.slices', '{"samples": 256, "points": 9, "reach": 1.0}'),
    ('geometry.margins', '{}'),
    ('invariance', '{"changes": ["mirror", "shift", "turn", "fade", "noise"], "samples": 256, "shift": 0.1,
        "turn": 15.0, "fade": 0.7, "noise": 0.1}'),
    ('loss', '{}'),
    ('loss.next_token', '{}'),
    ('proxy.aszero', '{"circles": 5, "chords": 128, "weights": "initial"}'),
    ('proxy.gradsign', '{"samples": 64, "weights": "initial"}'),
    ('proxy.synflow', '{"weights": "initial"}'),
    ('robustness.bounds', '{"radius": 0.004, "samples": 256}'),
    ('robustness.corruptions', '{"corruptions": ["gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur",
        "glass_blur", "motion_blur", "zoom_blur", "snow", "frost", "fog", "brightness", "contrast",
        "elastic_transform", "pixelate", "jpeg_compression"], "severities": [1, 2, 3, 4, 5]}'),
    ('robustness.great', '{}'),
    ('subpopulation', '{"group": ""}');
ALTER TABLE measures ADD COLUMN compared INTEGER NOT NULL DEFAULT 0;
UPDATE measures SET compared = 1
WHERE measure LIKE 'compare.%' OR measure IN ('cost.measured.speedup', 'robustness.corruptions.mce');
ALTER TABLE columns RENAME TO columns_before;
CREATE TABLE columns (
    model TEXT NOT NULL REFERENCES models (identity), data TEXT NOT NULL REFERENCES datasets (identity),
    name TEXT NOT NULL, file TEXT NOT NULL, trial TEXT NOT NULL REFERENCES trials (identity),
    compared INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (model, data, name, trial)
);
INSERT INTO columns SELECT model, data, name, file, trial, name LIKE 'compare.%' FROM columns_before;
DROP TABLE columns_before;
"""

# The column by which a value's samples were weighted, and what was measured before weights were heeded.
_WEIGHTED = """
ALTER TABLE measures ADD COLUMN weight TEXT;
INSERT INTO doubts SELECT identity, 'unweighted' FROM trials
WHERE state = 'done' AND json_extract(spec, '$.data.weight') IS NOT NULL;
"""

# What was measured of arrays of tokens while 0 was taken for padding, which no array says of itself.
_PADDED = """
INSERT OR IGNORE INTO doubts
SELECT t.identity, 'padded' FROM trials t JOIN models m ON m.identity = t.model
WHERE t.state = 'done' AND (
    json_extract(m.facts, '$.family') IN ('gpt2', 'llama', 'bert', 'recurrent')
    OR json_extract(m.facts, '$.family') = 'transformers' AND json_extract(m.facts, '$.network') NOT LIKE '%image%'
) AND EXISTS (
    SELECT 1 FROM json_each('[".npy", ".npz", ".h5", ".hdf5"]')
    WHERE lower(json_extract(t.spec, '$.data.path')) LIKE '%' || value
);
"""

# Entry n takes a database of version n to version n + 1; an entry that was released never changes.
MIGRATIONS: tuple[str, ...] = (
    _FIRST,
    _FUNCTIONS,
    _SEARCHES,
    _FITS,
    _CURVES,
    _ALIASES,
    _DOUBTS,
    _BY_DATA,
    _SIZED,
    _RENAMED,
    _REMARKS,
    _NAMES,
    _WEIGHTED,
    _PADDED,
)


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring a writable database to the newest version, each version in one transaction.

    Raises
    ------
    UserError
        If the database is newer than this program, or no workspace's.
    """
    db.create_function("was_sampled", 2, lru_cache(was_sampled))
    for version in range(_version(db, path), len(MIGRATIONS)):
        db.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[version]} PRAGMA application_id = {APPLICATION};"
            f"PRAGMA user_version = {version + 1}; COMMIT;"
        )


def require_current(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that a read-only view cannot read.

    Raises
    ------
    UserError
        If the version is not this program's.
    """
    if _version(db, path) < len(MIGRATIONS):
        raise UserError(
            f"The workspace {path} was written by an earlier version of Graftwork.",
            "Open it once for writing; that brings it up to date.",
        )


def _version(db: sqlite3.Connection, path: Path) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    # A kill while the very first transaction ran leaves an empty database without our mark.
    empty = version == 0 and db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if application != APPLICATION and not empty:
        raise UserError(
            f"The database in {path} is not a Graftwork workspace's.", "Choose a folder that Graftwork made."
        )
    if version > len(MIGRATIONS):
        raise UserError(
            f"The workspace {path} has version {version}, and this Graftwork reads up to {len(MIGRATIONS)}.",
            "Update Graftwork to open it.",
        )
    return version
