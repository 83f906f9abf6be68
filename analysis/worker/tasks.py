"""What a worker does on request: one function a task, plain data in and out."""

import threading
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch

from ..catalogue import Catalogue
from ..data.preview import preview_of
from ..errors import UserError
from ..experiments.estimates import estimate
from ..experiments.planning import Fingerprint, plan
from ..experiments.room import require_disk, require_memory
from ..experiments.running import Runner
from ..exporting.export import export
from ..exporting.origin import of_file
from ..features import layer_shapes, layer_tree
from ..features.store import Mapped, write_columns
from ..identity import Contents
from ..jobs.protocol import Ticket
from ..layers import LayerTree
from ..measures import MEASURES
from ..methods import METHODS
from ..models import Checkpoint, compare, describe, describe_checkpoint, named_weights, open_checkpoint
from ..models.preparation import guess_preparation
from ..presets import PRESETS, Inputs
from ..projections import PROJECTIONS
from ..recipe import Recipe, anchored, parse_recipe, write_recipe
from ..search.allocation import AllocationReport
from ..search.certainty import Recorded
from ..search.proposing import Searching
from ..search.scans import report
from ..sets import FITS
from ..sets.answering import answer
from ..trials import Estimate, FitResult, ModelSpec, Plan, Proposal, Trial, TrialResult
from ..workspace import Workspace

Payload = dict[str, Any]


class Desk:
    """What a worker keeps from one request to the next."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.runner = lru_cache(maxsize=1)(lambda root: Runner(root, device))


def catalogue(_: Desk, __: Payload, ___: Ticket) -> Catalogue:
    """Return every registered method, measure, projection, preset and fit."""
    shelves = (METHODS.load(), MEASURES.load(), PROJECTIONS.load(), PRESETS.load(), FITS.load())
    return Catalogue(entries=tuple(item.entry for shelf in shelves for item in shelf.values()))


def inspect(_: Desk, payload: Payload, __: Ticket) -> dict[str, Any]:
    """Say what a checkpoint is. ``path``: FILE or FILE#WEIGHTS; ``statistics`` and the rest: as of `describe`."""
    path, named = named_weights(payload["path"])
    weights = payload.get("weights") or named
    return describe(path, payload.get("statistics"), weights, payload.get("activation"))


def layers(desk: Desk, payload: Payload, ticket: Ticket) -> LayerTree:
    """Return the layers of a model. ``root``: the workspace's folder; ``model``: its spec."""
    checkpoint = _opened(desk, payload, ticket)
    architecture = checkpoint.architecture
    if architecture is None:
        raise UserError(
            f"The layers of '{checkpoint.path.name}' are not known: {checkpoint.reason}",
            'Name the code that builds it in a recipe: network = "file.py:function".',
        )
    network = checkpoint.skeleton()
    return LayerTree(layer_tree(network, layer_shapes(network, architecture)), architecture.stages)


def preparation(desk: Desk, payload: Payload, ticket: Ticket) -> dict[str, Any]:
    """Guess how data are prepared for a model: ``root``, ``model``. `guess_preparation` and the kind of ``inputs``."""
    checkpoint = _opened(desk, payload, ticket)
    if checkpoint.architecture is None:
        return {"inputs": None, "because": "No family recognises this network, so nothing is guessed."}
    guess = guess_preparation(checkpoint.architecture, checkpoint.files[0].parent, checkpoint.stated)
    return {"inputs": checkpoint.architecture.inputs, **guess}


def preview(_: Desk, payload: Payload, __: Ticket) -> dict[str, Any]:
    """Prepare a few samples. ``data``: a `DataFields`; ``count``: how many. As `preview_of`."""
    return preview_of(payload["data"], payload["count"])


def card(desk: Desk, payload: Payload, ticket: Ticket) -> dict[str, Any]:
    """Say what a model of a workspace is, as `describe`, without its layers: ``root``, ``model``."""
    facts = describe_checkpoint(_opened(desk, payload, ticket))
    return {key: value for key, value in facts.items() if key != "layers"}


def _opened(desk: Desk, payload: Payload, ticket: Ticket) -> Checkpoint:
    return desk.runner(Path(payload["root"])).open(payload["model"], ticket)


def compare_checkpoints(_: Desk, payload: Payload, __: Ticket) -> list[dict[str, Any]]:
    """Compare checkpoints weight by weight. ``paths``: FILE or FILE#WEIGHTS of the reference, then of the others."""
    reference, *others = (open_checkpoint(*named_weights(path)) for path in payload["paths"])
    return compare(reference, others)


def plan_recipe(desk: Desk, payload: Payload, ticket: Ticket) -> Plan:
    """Plan a recipe. ``recipe``: TOML; ``folder``: where its paths start; ``kept``: models by name; ``root``.

    Where there are a workspace, ``root``, and ``memory`` that ``workers`` share, the plan has room there.
    """
    recipe = _recipe(payload)
    root = Path(payload["root"]) if "root" in payload else None
    planned = _planned(recipe, _contents(root, ticket), payload.get("kept"), root)
    if root:
        with Workspace.open(root, read_only=True) as space:
            require_disk(planned, [trial.spec for trial in space.trials() if trial.attempts], root)
    if payload.get("memory") and desk.device.type == "cpu":  # an accelerator's activations lie in its own memory
        require_memory(planned, payload["memory"], payload["workers"])
    return planned


def _planned(recipe: Recipe, content_of: Fingerprint, kept: Mapping[str, ModelSpec] | None, root: Path | None) -> Plan:
    if recipe.search:
        return Searching(recipe, content_of, kept).begin()
    return plan(recipe, content_of, kept, root)


def _contents(root: Path | None, ticket: Ticket) -> Fingerprint:
    """Return what gives a file's content identity: once a request, for a trial asks again before it uses the file."""
    contents = Contents.kept(root)
    return cache(lambda path: contents.of(path, ticket.progress))


def propose(_: Desk, payload: Payload, ticket: Ticket) -> Proposal:
    """Say how a search goes on.

    As `plan_recipe`, and ``search``: its identity; ``tried``, ``results``, ``slots``: as of `Searching.propose`.
    """
    recipe = _recipe(payload)
    root = Path(payload["root"])
    searching = Searching(recipe, _contents(root, ticket), payload.get("kept"))
    with Workspace.open(root, read_only=True) as space:
        certainty = Recorded(space, payload["search"])
        return searching.propose(payload["tried"], payload["results"], payload["slots"], certainty)


def allocate(_: Desk, payload: Payload, __: Ticket) -> AllocationReport:
    """Share a budget out over scanned layers. ``root``: the workspace's folder; the rest: as of `report`."""
    with Workspace.open(Path(payload["root"]), read_only=True) as space:
        scan, budget, cost, measure = (payload[name] for name in ("scan", "budget", "cost", "measure"))
        return report(space, scan, budget, cost, measure, payload.get("data"))


def _recipe(payload: Payload) -> Recipe:
    recipe = parse_recipe(payload["recipe"], payload.get("source", "The recipe"))
    return anchored(recipe, Path(payload["folder"]))


def estimate_plan(_: Desk, payload: Payload, __: Ticket) -> tuple[Estimate, ...]:
    """Say what a plan will take. ``plan``: the plan; ``past``: trials that were run, with their seconds."""
    return estimate(payload["plan"], payload["past"])


def ask(desk: Desk, payload: Payload, ticket: Ticket) -> str:
    """Write the recipe of a question. ``preset``, ``parameters``; ``models``, ``data``, ``train``: of a recipe."""
    preset = PRESETS.get(payload["preset"])
    inputs = Inputs(payload["models"], payload["data"], payload["train"], catalogue(desk, {}, ticket))
    return write_recipe(preset.function(inputs, preset.check(payload["parameters"])))


def run_trial(desk: Desk, payload: Payload, ticket: Ticket) -> TrialResult:
    """Run a trial. ``root``: the workspace's folder; ``trial``: the trial."""
    trial: Trial = payload["trial"]
    return desk.runner(Path(payload["root"])).run(trial, ticket)


def export_model(desk: Desk, payload: Payload, ticket: Ticket) -> dict[str, Any]:
    """Export a model. ``root``, ``model``, ``origin``, or ``path``; ``target``, ``choice``, ``draft`` of `export`."""
    if "path" in payload:
        path, weights = named_weights(payload["path"])
        checkpoint = open_checkpoint(path, weights)
        origin = of_file(path, Contents.kept().of(path, ticket.progress))
    else:
        checkpoint, origin = _opened(desk, payload, ticket), payload["origin"]
    return export(checkpoint, Path(payload["target"]), payload["choice"], origin, ticket, Path(payload["draft"]))


def fit(_: Desk, payload: Payload, __: Ticket) -> FitResult:
    """Say something of a set of models. ``root``: the workspace's folder; ``spec``: the `FitSpec`."""
    quantities = (q for measure in MEASURES.load().values() for q in measure.entry.quantities)
    return answer(Path(payload["root"]), payload["spec"], {q.name: q.better for q in quantities if q.better})


def project(_: Desk, payload: Payload, ticket: Ticket) -> str:
    """Lay samples out. ``features``: (file, column) a model; ``method``, ``parameters``; ``target``: the file to write.

    The target holds one (samples, 2) column a model, named by its position.
    """
    target = Path(payload["target"])
    if not target.exists():
        projection = PROJECTIONS.get(payload["method"])
        layouts = projection.function(Mapped(payload["features"]), projection.check(payload["parameters"]), ticket)
        write_columns(target, {str(number): layout for number, layout in enumerate(layouts)})
    return str(target)


def warm_up(_: Desk, __: Payload, ___: Ticket) -> None:
    """Compile what the projections compile, on a thread beside the work."""
    from ..projections import umap

    threading.Thread(target=umap.warm_up, daemon=True).start()


TASKS: dict[str, Callable[[Desk, Payload, Ticket], Any]] = {
    "catalogue": catalogue,
    "inspect": inspect,
    "card": card,
    "layers": layers,
    "preparation": preparation,
    "preview": preview,
    "compare": compare_checkpoints,
    "plan": plan_recipe,
    "propose": propose,
    "allocate": allocate,
    "estimate": estimate_plan,
    "ask": ask,
    "trial": run_trial,
    "export": export_model,
    "fit": fit,
    "project": project,
    "warm_up": warm_up,
}
