"""Reading what was measured: numbers and per-sample columns under their names; of one name the latest stands."""

import json
import math
import sqlite3
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..naming import giver_among, name_of
from ..renamed import current
from ..trials import Trial
from .files import ARRAYS
from .learning import learnt_from
from .queries import operation_parameters, parents_of, remarks_in, trial_spec
from .records import ColumnRecord, ValueRecord

_VALUES = """
SELECT m.identity, m.name, o.method, o.parameters, coalesce(o.seed, t.seed) AS seed, t.seed AS measure_seed,
    t.overlap, t.remarks, t.finished, t.number, t.data AS data_identity, d.name AS data, v.*
FROM measures v JOIN trials t ON t.identity = v.trial JOIN models m ON m.identity = t.model
    LEFT JOIN datasets d ON d.identity = t.data LEFT JOIN operations o ON o.model = m.identity
WHERE t.state = 'done' ORDER BY m.number, d.number, seed, v.trial, v.position
"""
_COLUMNS = """
SELECT c.*, t.finished, t.number FROM columns c JOIN models m ON m.identity = c.model
    JOIN datasets d ON d.identity = c.data JOIN trials t ON t.identity = c.trial
ORDER BY m.number, d.number, c.name, t.number
"""


def values(db: sqlite3.Connection) -> list[ValueRecord]:
    """Return every number of the trials that are done.

    Two trials may measure the same (one recipe asks for more than another did): the later result stands. What no data
    went into is the same whatever the trial's data.
    """
    parents = {model: tuple(p.name for p in found) for model, found in parents_of(db).items()}
    learnt, told = learnt_from(db), _Told.of(db)
    named = [(row, told.of_value(row)) for row in db.execute(_VALUES)]
    keyed = [((row["identity"], _data(row), row["measure_seed"], of.name), row, of) for row, of in named]
    return [
        ValueRecord(
            model=row["name"],
            parents=parents.get(row["identity"], ()),
            operation=row["method"],
            params=operation_parameters(row),
            seed=row["seed"],
            measure_seed=row["measure_seed"],
            data=_data(row),
            measure=row["measure"],
            # SQLite keeps nan as NULL.
            value=math.nan if row["value"] is None else row["value"],
            low=row["low"],
            high=row["high"],
            unit=row["unit"],
            weight=row["weight"],
            overlap=None if row["dataless"] else _overlap(row, learnt),
            remarks=() if row["dataless"] else remarks_in(row, told.specs[row["trial"]]),
            **of._asdict(),
        )
        for row, of in _latest(keyed)
    ]


def columns(db: sqlite3.Connection, home: Path) -> list[ColumnRecord]:
    """Return where every per-sample column lies."""
    told = _Told.of(db)
    named = [(row, told.of_column(row)) for row in db.execute(_COLUMNS)]
    keyed = [((row["model"], row["data"], of.name), row, of) for row, of in named]
    return [
        ColumnRecord(
            model=row["model"],
            data=row["data"],
            name=of.name,
            settings=of.settings,
            column=row["name"],
            path=home / ARRAYS / row["file"],
        )
        for row, of in _latest(keyed)
    ]


def keep_defaults(db: sqlite3.Connection, defaults: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep what measures' parameters are by default now: names tell what differs from it."""
    db.executemany(
        "INSERT OR REPLACE INTO defaults (measure, parameters) VALUES (?, ?)",
        [(measure, json.dumps(parameters)) for measure, parameters in defaults.items()],
    )


class _Measured(NamedTuple):
    """A value's name, every parameter of its measure, the model that it is compared with, and the measure's version."""

    name: str
    settings: dict[str, Any] | None
    reference: str | None
    version: int | None


@dataclass(frozen=True)
class _Told:
    """What trials, by identity, and measures' defaults tell of values; ``models`` are names by identity."""

    specs: Mapping[str, Trial]
    models: Mapping[str, str]
    defaults: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, db: sqlite3.Connection) -> "_Told":
        ran = db.execute("SELECT identity, spec FROM trials WHERE finished IS NOT NULL")
        specs = {row["identity"]: trial_spec(row["spec"]) for row in ran}
        models = {row["identity"]: row["name"] for row in db.execute("SELECT identity, name FROM models")}
        return cls(specs, models, _defaults(db))

    def of_value(self, row: sqlite3.Row) -> _Measured:
        """Return what a number was measured with; of one that no measure of its trial gave nobody knows it."""
        return self._measured(row, row["measure"], None)

    def of_column(self, row: sqlite3.Row) -> _Measured:
        """Return what a column was measured with; one that no measure gave was there before."""
        return self._measured(row, row["name"], {})

    def _measured(self, row: sqlite3.Row, plain: str, otherwise: dict[str, Any] | None) -> _Measured:
        spec = self.specs[row["trial"]]
        giver = spec.giver_of(plain)
        measure = current(giver.measure) if giver else giver_among(self.defaults, plain)
        defaults = self.defaults.get(measure or "")
        settings = giver.parameters if giver else {} if defaults == {} else otherwise
        reference = self.models.get(spec.reference or "") if row["compared"] else None
        name = str(name_of(plain, settings, defaults, reference))
        return _Measured(name, settings, reference, giver.version if giver else None)


def _defaults(db: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    return {row["measure"]: json.loads(row["parameters"]) for row in db.execute("SELECT * FROM defaults")}


def _latest(
    found: Sequence[tuple[Hashable, sqlite3.Row, _Measured]],
) -> Iterator[tuple[sqlite3.Row, _Measured]]:
    """Give, in their order, those that no later trial gave again."""
    newest: dict[Hashable, tuple[float, int]] = {}
    for key, row, _ in found:
        newest[key] = max(newest.get(key, (0.0, 0)), _age(row))
    return ((row, of) for key, row, of in found if _age(row) == newest[key])


def _age(row: sqlite3.Row) -> tuple[float, int]:
    return row["finished"] or 0.0, row["number"]


def _data(row: sqlite3.Row) -> str | None:
    return None if row["dataless"] else row["data"]


def _overlap(row: sqlite3.Row, learnt: Mapping[str, frozenset[str]]) -> float | None:
    """Return the overlap that the worker found; of trials from before it looked, what the lineage tells."""
    whole = row["data_identity"] in learnt.get(row["identity"], ())
    return 1.0 if row["overlap"] is None and whole else row["overlap"]
