"""What models have learnt from, as far as their lineage tells."""

import json
import sqlite3


def learnt_from(db: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """Return what operations were given to make each model and all that it descends from, by identity."""
    given = {row["model"]: set(json.loads(row["refs"]).values()) for row in db.execute("SELECT * FROM operations")}
    for row in db.execute("SELECT model, parent FROM parents"):
        given[row["model"]].add(row["parent"])
    known: dict[str, frozenset[str]] = {}

    def learnt(model: str) -> frozenset[str]:
        if model not in known:
            own = given.get(model, set())
            known[model] = frozenset(own).union(*(learnt(other) for other in own if other in given))
        return known[model]

    return {model: learnt(model) for model in given}
