"""What a worker does on request: one function a task, plain data in and out."""

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from ..catalogue import Catalogue
from ..experiments.planning import plan
from ..experiments.running import Runner
from ..features.store import read_column, write_columns
from ..identity import remembered_fingerprint
from ..jobs.protocol import Ticket
from ..measures import MEASURES
from ..methods import METHODS
from ..models import compare, describe, named_weights, open_checkpoint
from ..projections import PROJECTIONS
from ..recipe import anchored, parse_recipe
from ..trials import Plan, Trial, TrialResult

Payload = dict[str, Any]


class Desk:
    """What a worker keeps from one request to the next."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.runner = lru_cache(maxsize=1)(lambda root: Runner(root, device))


def catalogue(_: Desk, __: Payload, ___: Ticket) -> Catalogue:
    """Return every registered method, measure and projection."""
    shelves = (METHODS.load(), MEASURES.load(), PROJECTIONS.load())
    return Catalogue(entries=tuple(item.entry for shelf in shelves for item in shelf.values()))


def inspect(_: Desk, payload: Payload, __: Ticket) -> dict[str, Any]:
    """Say what a checkpoint is. ``path``: FILE or FILE#WEIGHTS; ``statistics``, ``weights``: as of `describe`."""
    path, named = named_weights(payload["path"])
    return describe(path, payload.get("statistics"), payload.get("weights") or named)


def compare_checkpoints(_: Desk, payload: Payload, __: Ticket) -> list[dict[str, Any]]:
    """Compare checkpoints weight by weight. ``paths``: FILE or FILE#WEIGHTS of the reference, then of the others."""
    reference, *others = (open_checkpoint(*named_weights(path)) for path in payload["paths"])
    return compare(reference, others)


def plan_recipe(_: Desk, payload: Payload, __: Ticket) -> Plan:
    """Plan a recipe. ``recipe``: TOML; ``folder``: where its paths start; ``kept``: models by name."""
    recipe = parse_recipe(payload["recipe"], payload.get("source", "The recipe"))
    return plan(anchored(recipe, Path(payload["folder"])), remembered_fingerprint, payload.get("kept"))


def run_trial(desk: Desk, payload: Payload, ticket: Ticket) -> TrialResult:
    """Run a trial. ``root``: the workspace's folder; ``trial``: the trial."""
    trial: Trial = payload["trial"]
    return desk.runner(Path(payload["root"])).run(trial, ticket)


def project(_: Desk, payload: Payload, ticket: Ticket) -> str:
    """Lay samples out. ``features``: (file, column) a model; ``method``, ``parameters``; ``target``: the file to write.

    The target holds one (samples, 2) column a model, named by its position.
    """
    target = Path(payload["target"])
    if not target.exists():
        projection = PROJECTIONS.get(payload["method"])
        features = [read_column(Path(path), column) for path, column in payload["features"]]
        layouts = projection.function(features, projection.check(payload["parameters"]), ticket)
        write_columns(target, {str(number): layout for number, layout in enumerate(layouts)})
    return str(target)


def warm_up(_: Desk, __: Payload, ___: Ticket) -> None:
    """Compile what the projections compile, on a thread beside the work."""
    from ..projections import umap

    threading.Thread(target=umap.warm_up, daemon=True).start()


TASKS: dict[str, Callable[[Desk, Payload, Ticket], Any]] = {
    "catalogue": catalogue,
    "inspect": inspect,
    "compare": compare_checkpoints,
    "plan": plan_recipe,
    "trial": run_trial,
    "project": project,
    "warm_up": warm_up,
}
