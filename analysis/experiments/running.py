"""Running a trial: make the model, run it over the data once, measure it.

Everything that costs time leaves a file under the name of its identity, so a trial that is run again takes up what an
interrupted one left.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..data import DataSet, open_data
from ..features import Run, extract
from ..features.function import function_identity
from ..features.store import Columns, write_columns
from ..identity import Contents, digest
from ..jobs.protocol import Ticket
from ..locking import alone
from ..measures import MEASURES, Evidence
from ..measures.cost_training import TRAINED, training_seconds
from ..methods import DRAFT, METHODS, Derivative, MethodContext
from ..models import Checkpoint, open_checkpoint, parameter_count, write_checkpoint
from ..models.padding import masking
from ..models.progress import stated_progress
from ..trials import DataSpec, DerivedModel, ModelSpec, Pass, SourceModel, Trial, TrialResult
from ..weights import weights_of
from .device import device_name
from .evaluating import Findings, compared, evaluate
from .fitting_data import require_measurable
from .inputs import ChangedError, Inputs
from .learnt import LEARNT, learnt_from, overlap_of
from .progress import Share
from .remarks import remarks_on
from .weighing import remarks_on_measures

_THUMBNAIL_BUDGET = 1 << 29
_PADDING = "what says so"  # is padding; in passes before, the token 0 of an array was, too


class Runner:
    """Runs trials of one workspace on one device.

    Parameters
    ----------
    root : Path
        The workspace's folder.
    device : torch.device
        Where to compute.
    """

    def __init__(self, root: Path, device: torch.device) -> None:
        self.root = root
        self.device = device
        self._contents = Contents.kept(root)
        self._data = lru_cache(maxsize=2)(open_data)

    def run(self, trial: Trial, ticket: Ticket) -> TrialResult:
        """Run a trial whose parents have been made.

        Parameters
        ----------
        trial : Trial
            What to make and measure.
        ticket : Ticket
            Progress and cancellation.

        Raises
        ------
        UserError
            If an input is missing, does not fit or changes meanwhile.
        Cancelled
            If the ticket says so; what is whole is kept.
        """
        try:
            return self._run(trial, Inputs(self._contents, Share(ticket, 0.0, 0.0)), ticket)
        except BaseException:
            self._data.cache_clear()  # what was read last may be of a file that changed
            raise

    def _run(self, trial: Trial, inputs: Inputs, ticket: Ticket) -> TrialResult:
        start = time.perf_counter()
        facts: dict[str, Any] = {}
        share = 0.0
        for data in trial.datasets:
            inputs.take_data(data)
        if isinstance(trial.model, DerivedModel):
            share = 0.8 if trial.operation_data else 0.2
            facts |= self._derive(trial, inputs, Share(ticket, 0.0, share))
        checkpoint = self._open(trial.model, inputs)
        facts |= _describe(checkpoint) | _declared(trial.model) | {"device": device_name(self.device)}
        found, overlap, remarks = _Found(), None, self._remarks(trial, checkpoint)
        if trial.measures or trial.features:
            found = self._measure(trial, checkpoint, inputs, Share(ticket, share, 1.0))
        if remarks or found.said.remarks:
            facts["remarks"] = remarks + found.said.remarks
        if trial.data:
            facts["class_names"] = list(self._data(trial.data).classes)
            overlap = overlap_of(checkpoint, trial.data, self._data(trial.data))
        inputs.check()
        return TrialResult(
            trial=trial.identity,
            values=tuple(found.said.values),
            columns=found.columns,
            checkpoint=_file_name(trial.model) if isinstance(trial.model, DerivedModel) else None,
            facts=facts,
            seconds=time.perf_counter() - start,
            passed=found.passed,
            dataless=frozenset(found.said.dataless),
            compared=compared(trial, (*(value.measure for value in found.said.values), *found.said.columns)),
            overlap=overlap,
        )

    def open(self, model: ModelSpec, ticket: Ticket) -> Checkpoint:
        """Open a source, checked to be the file that was planned with, or a derived model's checkpoint."""
        return self._open(model, Inputs(self._contents, ticket))

    def _open(self, model: ModelSpec, inputs: Inputs) -> Checkpoint:
        if isinstance(model, DerivedModel):
            return open_checkpoint(self.root / "checkpoints" / _file_name(model))
        inputs.take_model(model)
        return open_checkpoint(Path(model.path), **model.told)

    def _derive(self, trial: Trial, inputs: Inputs, ticket: Ticket) -> dict[str, Any]:
        model = trial.model
        assert isinstance(model, DerivedModel)
        path = self.root / "checkpoints" / _file_name(model)
        if path.exists():
            saved: dict[str, Any] = open_checkpoint(path).metadata.get("graftwork", {}).get("facts", {})
            return saved
        method = METHODS.get(model.method)
        ticket.progress(0, 1, method.entry.title)
        parents = [self._open(trial.inputs[identity], inputs) for identity in model.parents]
        if method.fits:
            method.fits(
                [(trial.inputs[i].name, parent.specs) for i, parent in zip(model.parents, parents, strict=True)]
            )
        data = {name: self._data(spec) for name, spec in trial.operation_data.items()}
        models = {k: self._open(trial.inputs[v], inputs) for k, v in model.references.items() if v in trial.inputs}
        used = [(spec, data[name]) for name, spec in trial.operation_data.items()]
        context = MethodContext(
            seed=model.seed or 0,
            device=self.device,
            ticket=ticket,
            data=data,
            models=models,
            scratch=path.with_suffix(""),
            provenance={LEARNT: learnt_from([*parents, *models.values()], used)},
        )
        derivative = method.function(parents, method.check(model.parameters), context)
        metadata = _provenance(trial, parents, derivative) | dict(context.provenance)
        ties = parents[0].ties if derivative.ties is None else derivative.ties
        try:
            write_checkpoint(path, derivative.specs, derivative.tensor, metadata, ties=ties, confirm=inputs.check)
        except ChangedError:
            shutil.rmtree(path.with_suffix(""), ignore_errors=True)  # nothing is to go on from it
            raise
        _clear(path.with_suffix(""))
        return derivative.facts

    def _measure(self, trial: Trial, checkpoint: Checkpoint, inputs: Inputs, ticket: Ticket) -> "_Found":
        needs = {need for spec in trial.measures for need in MEASURES.get(spec.measure).needs}
        needs |= set(trial.features.layers) if trial.features else set()
        if trial.data:
            require_measurable(trial, checkpoint, self._data(trial.data))
        columns = self._keep_data(trial.data, self._data(trial.data), inputs) if trial.data else {}
        wanted = tuple(sorted(needs))
        reference, share = None, 0.8
        if trial.reference:
            spec = trial.model if trial.reference == trial.model.identity else trial.inputs[trial.reference]
            share /= 2
            other = self._open(spec, inputs)
            passed = self._pass(trial, other, wanted, inputs, Share(ticket, share, 2 * share))
            reference = self._evidence(trial, other, passed, ticket, None)
        passed = self._pass(trial, checkpoint, wanted, inputs, Share(ticket, 0.0, share))
        evidence = self._evidence(trial, checkpoint, passed, ticket, reference)
        columns |= dict.fromkeys(evidence.columns, passed.file) if passed else {}
        said = evaluate(trial, evidence, Share(ticket, 0.8, 1.0))
        path = self.root / "arrays" / f"{digest(['measures', trial.identity])}.h5"
        if said.columns:
            write_columns(path, said.columns)
        return _Found(said, columns | dict.fromkeys(said.columns, path.name), passed)

    def _remarks(self, trial: Trial, checkpoint: Checkpoint) -> list[str]:
        if not trial.data or not trial.measures:
            return []
        return [
            *remarks_on(trial.model.name, checkpoint, trial.data, self._data(trial.data)),
            *remarks_on_measures(trial),
        ]

    def _evidence(
        self, trial: Trial, checkpoint: Checkpoint, passed: Pass | None, ticket: Ticket, reference: Evidence | None
    ) -> Evidence:
        """Return what measures may look at."""
        data = self._data(trial.data) if trial.data else None
        return Evidence(
            checkpoint=checkpoint,
            build=self._builder(checkpoint, data),
            columns=Columns(self.root / "arrays" / passed.file) if passed else {},
            labels=data.labels if data is not None else np.empty(0, np.int64),
            data=data,
            device=self.device,
            seed=trial.seed,
            ticket=ticket,
            weights=weights_of(data.further) if data is not None else None,
            reference=reference,
        )

    def _builder(self, checkpoint: Checkpoint, data: DataSet | None) -> Callable[[], nn.Module]:
        return lambda: masking(checkpoint.network(), data.pad if data else None).to(self.device)

    def _pass(
        self,
        trial: Trial,
        checkpoint: Checkpoint,
        needs: tuple[str, ...],
        inputs: Inputs,
        ticket: Ticket,
    ) -> Pass | None:
        """Run a model over the trial's data, unless it or its equal was."""
        if trial.data is None or not needs:
            return None
        data = self._data(trial.data)
        network = self._builder(checkpoint, data)()
        architecture = checkpoint.architecture
        assert architecture is not None, "a network was built, so it was recognised"
        kept = trial.features.identity if trial.features else None
        what: list[Any] = [function_identity(network, architecture), needs, kept, self.device.type]
        what += [_PADDING] if data.kind == "tokens" else []
        path = self.root / "arrays" / f"{digest(['pass', trial.data.identity, *what])}.h5"
        if not path.exists():
            with alone(path, ticket.check):
                run = Run(network, architecture, needs, path, inputs.key)
                extract([run], data, self.device, ticket, trial.features, confirm=inputs.check)
        return Pass(function=self._contents.of(path), file=path.name)

    def _keep_data(self, spec: DataSpec, data: DataSet, inputs: Inputs) -> dict[str, str]:
        """Keep labels, names and thumbnails, so that the workspace can be explored without the data set."""
        path = self.root / "arrays" / spec.file
        if not path.exists() or not set(data.further) <= set(Columns(path)):
            names = np.array([name.encode() for name in data.names])
            columns: dict[str, NDArray[Any]] = {"label": data.labels, "name": names}
            columns |= data.further
            if data.kind == "images" and data.pictures(np.arange(1)).nbytes * len(data) <= _THUMBNAIL_BUDGET:
                columns["picture"] = data.pictures(np.arange(len(data)))
            inputs.check()
            write_columns(path, columns)
        return dict.fromkeys(Columns(path), path.name)


@dataclass(frozen=True)
class _Found:
    """What measuring gives, and the files that it left; columns and pass as of `TrialResult`."""

    said: Findings = field(default_factory=Findings)
    columns: dict[str, str] = field(default_factory=dict)
    passed: Pass | None = None


def _file_name(model: DerivedModel) -> str:
    return f"{model.identity}.safetensors"


def _describe(checkpoint: Checkpoint) -> dict[str, Any]:
    architecture = checkpoint.architecture
    facts: dict[str, Any] = {"parameters": parameter_count(checkpoint), **stated_progress(checkpoint.metadata)}
    if architecture:
        facts |= {"network": architecture.title, "family": architecture.family, "classes": architecture.classes}
    return facts


def _declared(model: ModelSpec) -> dict[str, Any]:
    return {"step": model.step} if isinstance(model, SourceModel) and model.step is not None else {}


def _provenance(trial: Trial, parents: Sequence[Checkpoint], derivative: Derivative) -> dict[str, Any]:
    """Return what a derived file says: what made it, what its parent was told of its network, and its training."""
    facts = derivative.facts
    made = derivative.said() | {"operation": trial.model.model_dump(mode="json"), "facts": facts}
    seconds = {identity: s for parent in parents for identity, s in training_seconds(parent).items()}
    if "training" in facts:
        seconds[trial.model.identity] = facts["training"]["seconds"]
    return parents[0].inherited() | made | ({TRAINED: seconds} if seconds else {})


def _clear(scratch: Path) -> None:
    """Remove what an interrupted method would have resumed from."""
    if scratch.is_dir():
        for draft in scratch.glob(f"*{DRAFT}"):
            draft.unlink()
        with suppress(OSError):  # it stays where something was kept
            scratch.rmdir()
