"""Scans of layers: what a workspace knows of cutting each alone, and the recipe of an allocation over them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import numpy as np

from ..catalogue import Quantity
from ..errors import UserError, unknown
from ..measured import rows_on
from ..measures import MEASURES
from ..models import Checkpoint, open_checkpoint
from ..models.layer_names import layer_of
from ..models.macs import macs_by_weight
from ..naming import plain_name
from ..recipe import KEPT, DataInput, Measuring, ModelInput, Recipe, Step, write_recipe
from ..sets.meaning import meaning
from ..trials import DataFields, DerivedModel, ModelSpec, SourceModel, Trial
from ..workspace import TrialRecord, Workspace
from .allocation import Allocation, AllocationReport, Row, allocate, monotone

Cost = Literal["nonzeros", "macs"]


@dataclass(frozen=True)
class Scan:
    """The trials of one step that cut the layers of one model one at a time.

    Attributes
    ----------
    trials : tuple of TrialRecord
        Those that are done; all of one method, one parent and, but for layers and amount, one set of parameters.
    parent : ModelSpec
        What was cut.
    """

    trials: tuple[TrialRecord, ...]
    parent: ModelSpec

    @property
    def trial(self) -> Trial:
        """Any of them."""
        return self.trials[0].spec

    @property
    def common(self) -> dict[str, Any]:
        """The parameters that all of them have."""
        return _common(_derived(self.trials[0]))


def report(
    space: Workspace,
    step: str,
    budget: float,
    cost: Cost = "nonzeros",
    measure: str | None = None,
    data: str | None = None,
) -> AllocationReport:
    """Return the allocation of a budget over the layers that a step scanned, beside what was measured of it.

    Parameters
    ----------
    space : Workspace
        Where the scan was run.
    step : str
        The scanning step's name.
    budget : float
        What may be left: up to 1 a share of the scanned layers' cost, above that the cost itself.
    cost : str
        ``nonzeros``: weights that stay; ``macs``: multiply-accumulates of those, of one sample.
    measure : str or None
        What damage is measured by, as `graftwork.analysis.naming.meant` has it; the loss where it was measured, or else
        the accuracy.
    data : str or None
        Name of the data set that the scan was measured on; None where it was one.

    Raises
    ------
    UserError
        If there is no such scan, it does not hold what is needed, or the budget is below what it reaches.
    """
    scan = find_scan(space, step, data)
    quantity = _quantity(scan.trial, measure)
    harm = _Harm(space, scan, quantity, measure or quantity.name)
    curves = {layer: monotone(points) for layer, points in harm.by_layer().items()}
    costs = _costs(_opened(space, scan.parent), tuple(curves), cost)
    found = allocate(curves, costs, budget * sum(costs.values()) if budget <= 1 else budget)
    recipe, parameters = _recipe(space, scan, found)
    rows = tuple(
        Row(
            layer=layer,
            share=costs[layer] / sum(costs.values()),
            amount=amount,
            damage=float(curves[layer].at(np.array(amount))),
        )
        for layer, amount in found.amounts.items()
    )
    return AllocationReport(
        measure=harm.name,
        rows=rows,
        kept=found.cost / sum(costs.values()),
        predicted=found.damage,
        measured=harm.of(parameters),
        recipe=write_recipe(recipe),
    )


def find_scan(space: Workspace, step: str, data: str | None = None) -> Scan:
    """Return the finished trials of a scanning step on a data set, given by name.

    Raises
    ------
    UserError
        If there are none, they vary more than layers and amount, or they are on several data sets and none is given.
    """
    scanning = {_step_name(record): None for record in space.trials() if _is_of_scan(record)}
    done = [record for record in space.trials("done") if _is_of_scan(record) and _step_name(record) == step]
    if not done:
        raise unknown("finished scan of layers in the workspace called", step, list(scanning))
    done = _on(done, data, {record.identity: record.name for record in space.datasets()})
    parents = {_derived(record).parents for record in done}
    if len(parents) > 1:
        raise UserError(f"The scan {step} goes over {len(parents)} models.", "Scan one model in a step of its own.")
    varied = [_common(_derived(record)) for record in done]
    if any(common != varied[0] for common in varied):
        raise UserError(
            f"The scan {step} varies more than layers and amount.", "Scan with one value of every other parameter."
        )
    parent = done[0].spec.inputs[next(iter(parents))[0]]
    return Scan(tuple(done), parent)


def _on(scanned: Sequence[TrialRecord], data: str | None, names: Mapping[str, str]) -> list[TrialRecord]:
    """Return the trials that were measured on one data set."""
    found: dict[str, list[TrialRecord]] = {}
    for record in scanned:
        found.setdefault(names[record.spec.data.identity] if record.spec.data else "", []).append(record)
    if data is not None and data not in found:
        raise unknown("data set of this scan called", data, list(found))
    if data is None and len(found) > 1:
        raise UserError(f"The scan was measured on {', '.join(found)}.", "Choose one of them with --data.")
    return next(iter(found.values())) if data is None else found[data]


class _Harm:
    """How much worse models are than the scan's parent, by the values that a name means."""

    def __init__(self, space: Workspace, scan: Scan, quantity: Quantity, wanted: str) -> None:
        self._scan = scan
        self._trials = space.trials("done")
        names = {record.identity: record.name for record in space.datasets()}
        data = names[scan.trial.data.identity] if scan.trial.data else None
        rows = [row for row in rows_on(space.values(), data) if row.seed == scan.trial.seed]
        parent = next((r.model for r in self._trials if r.spec.model.identity == scan.parent.identity), "")
        scanned = {parent, *(record.model for record in scan.trials)}
        self.name = meaning(v for row in rows if row.model in scanned for v in row.values.values())(wanted)
        self._values = {r.model: r.values[self.name].value for r in rows if self.name in r.values}
        self._sign = 1 if quantity.better == "lower" else -1
        if parent not in self._values:
            raise UserError(
                f"{scan.parent.name}, which was scanned, has no {self.name} of its own.", "Run the recipe again."
            )
        self._before = self._values[parent]

    def by_layer(self) -> dict[str, dict[float, float]]:
        """Return the scan's damages, by layer and amount; means over seeds."""
        found: defaultdict[str, defaultdict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
        for record in self._scan.trials:
            parameters = _derived(record).parameters
            found[parameters["layers"][0]][parameters["amount"]].append(self._of(record))
        return {layer: {amount: fmean(each) for amount, each in points.items()} for layer, points in found.items()}

    def of(self, parameters: Mapping[str, Any]) -> float | None:
        """Return the damage of the models with those parameters, the mean over seeds; None where there are none."""
        alike = [record for record in self._trials if self._is_alike(record, parameters)]
        return fmean(self._of(record) for record in alike) if alike else None

    def _is_alike(self, record: TrialRecord, parameters: Mapping[str, Any]) -> bool:
        model, scanned = record.spec.model, _derived(self._scan.trials[0])
        return (
            isinstance(model, DerivedModel)
            and (model.method, model.parents) == (scanned.method, scanned.parents)
            and {k: model.parameters.get(k) for k in parameters} == parameters
            and not model.parameters.get("layers")
            and self._is_measured(record)
        )

    def _is_measured(self, record: TrialRecord) -> bool:
        return record.model in self._values

    def _of(self, record: TrialRecord) -> float:
        if not self._is_measured(record):
            raise UserError(f"{record.model}, which was scanned, has no {self.name}.", "Run the recipe again.")
        return self._sign * (self._values[record.model] - self._before)


def _costs(checkpoint: Checkpoint, layers: Sequence[str], cost: Cost) -> dict[str, float]:
    sizes = {layer_of(weight.name): float(weight.size) for weight in checkpoint.weights()}
    if cost == "nonzeros":
        return {layer: sizes[layer] for layer in layers}
    architecture = checkpoint.architecture
    if architecture is None:
        raise UserError(
            f"The multiply-accumulates of {checkpoint.path.name} cannot be counted: its network is not recognised.",
            "Allocate non-zero weights: --cost nonzeros.",
        )
    counted = macs_by_weight(checkpoint.skeleton(), architecture.example(1), checkpoint.weights())
    return {layer_of(name): count for name, count in counted.items() if layer_of(name) in layers}


def _recipe(space: Workspace, scan: Scan, found: Allocation) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe that makes an allocation's model, and the parameters by which that is known."""
    trial, model = scan.trial, _derived(scan.trials[0])
    inputs = {scan.parent.identity: scan.parent}
    if trial.reference:
        inputs |= {trial.reference: trial.inputs[trial.reference]}
    names = {record.spec.model.identity: record.model for record in space.trials()}
    parameters = {**scan.common, "amount": 0.0, "amounts": found.amounts}
    recipe = Recipe(
        title=f"{scan.parent.name}, an amount for each layer",
        model=tuple(_input(given, names) for given in inputs.values()),
        data=(DataInput(**trial.data.model_dump(include=set(DataFields.model_fields))),) if trial.data else (),
        step=(Step(method=model.method, of=(scan.parent.name,), name="allocated", **parameters),),
        measure=_measuring(trial, inputs),
    )
    return recipe, parameters


def _input(model: ModelSpec, names: Mapping[str, str]) -> ModelInput:
    if isinstance(model, SourceModel):
        told: dict[str, Any] = model.told
        return ModelInput(name=model.name, path=model.path, **told)
    return ModelInput(name=model.name, path=f"{KEPT}{names[model.identity]}")


def _measuring(trial: Trial, inputs: Mapping[str, ModelSpec]) -> Measuring | None:
    if trial.data is None:
        return None
    chosen: dict[str, Any] = {}
    for spec in trial.measures:
        defaults = MEASURES.get(spec.measure).check({}).model_dump(mode="json")
        chosen |= {key: value for key, value in spec.parameters.items() if value != defaults[key]}
    what = tuple(spec.measure for spec in trial.measures)
    reference = inputs[trial.reference].name if trial.reference else None
    return Measuring(data=trial.data.name, what=what, reference=reference, **chosen)


def _quantity(trial: Trial, measure: str | None) -> Quantity:
    measured = [q for spec in trial.measures for q in MEASURES.get(spec.measure).entry.quantities]
    known = {quantity.name: quantity for quantity in measured if quantity.better and not quantity.per_sample}
    name = measure or ("loss" if "loss" in known else "accuracy")
    if plain_name(name) not in known:
        raise unknown("measure of damage in the scan called", name, list(known))
    return known[plain_name(name)]


def _opened(space: Workspace, model: ModelSpec) -> Checkpoint:
    if isinstance(model, SourceModel):
        return open_checkpoint(Path(model.path), **model.told)
    return open_checkpoint(space.checkpoints / f"{model.identity}.safetensors")


def _derived(record: TrialRecord) -> DerivedModel:
    assert isinstance(record.spec.model, DerivedModel)
    return record.spec.model


def _is_of_scan(record: TrialRecord) -> bool:
    model = record.spec.model
    return isinstance(model, DerivedModel) and len(model.parameters.get("layers", ())) == 1 and _step_name(record) != ""


def _step_name(record: TrialRecord) -> str:
    """Return the step that made a scan's model, from its name: ``PARENT/STEP-LAYER…``."""
    layer = _derived(record).parameters["layers"][0]
    return record.spec.model.name.rpartition(f"-{layer}")[0].rpartition("/")[2]


def _common(model: DerivedModel) -> dict[str, Any]:
    return {key: value for key, value in model.parameters.items() if key not in ("layers", "amount", "amounts")}
