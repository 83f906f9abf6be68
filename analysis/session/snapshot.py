"""The snapshot: what a workspace has recorded, at one moment."""

from dataclasses import dataclass
from functools import cached_property

from ..sets.kept import KeptFit, kept_fits
from ..trials import ModelSpec
from ..versions import earlier
from ..workspace import (
    ColumnRecord,
    DataRecord,
    ModelRecord,
    SearchRecord,
    SelectionRecord,
    TrialRecord,
    ValueRecord,
    Workspace,
)
from .on_data import OnData


@dataclass(frozen=True)
class Snapshot:
    """Everything the workspace has recorded, at one moment."""

    models: tuple[ModelRecord, ...] = ()
    values: tuple[ValueRecord, ...] = ()
    trials: tuple[TrialRecord, ...] = ()
    columns: tuple[ColumnRecord, ...] = ()
    datasets: tuple[DataRecord, ...] = ()
    selections: tuple[SelectionRecord, ...] = ()
    searches: tuple[SearchRecord, ...] = ()
    fits: tuple[KeptFit, ...] = ()

    @classmethod
    def of(cls, space: Workspace) -> "Snapshot":
        """Read the records of a workspace."""
        return cls(
            models=tuple(space.models()),
            values=tuple(space.values()),
            trials=tuple(space.trials()),
            columns=tuple(space.columns()),
            datasets=tuple(space.datasets()),
            selections=tuple(space.selections()),
            searches=tuple(space.searches()),
            fits=kept_fits(space),
        )

    @cached_property
    def by_identity(self) -> dict[str, ModelRecord]:
        """Models by identity."""
        return {model.identity: model for model in self.models}

    @cached_property
    def by_name(self) -> dict[str, ModelRecord]:
        """Models by name."""
        return {model.name: model for model in self.models}

    @cached_property
    def specs(self) -> dict[str, ModelSpec]:
        """What models are made of, by identity."""
        return {trial.spec.model.identity: trial.spec.model for trial in self.trials}

    @cached_property
    def unfinished(self) -> int:
        """How many trials are planned and not finished; where there are none, how many searches have not ended."""
        pending = sum(trial.state == "pending" for trial in self.trials)
        return pending or sum(not search.finished for search in self.searches)

    @cached_property
    def measured_data(self) -> tuple[DataRecord, ...]:
        """The data sets that something was measured on, in the order in which the workspace heard of them."""
        names = {value.data for value in self.values}
        kept = {column.data for column in self.columns}
        return tuple(data for data in self.datasets if data.name in names or data.identity in kept)

    def data(self, identity: str | None) -> DataRecord | None:
        """Return the record of a data set."""
        return next((data for data in self.datasets if data.identity == identity), None)

    def on(self, data: str | None) -> OnData:
        """Return what was measured on a data set, by its identity."""
        if data not in self._on:
            self._on[data] = OnData(self.models, self.values, self.columns, self.data(data))
        return self._on[data]

    @cached_property
    def _on(self) -> dict[str | None, OnData]:
        return {}

    @cached_property
    def earlier(self) -> dict[str, frozenset[str]]:
        """Names of models whose value is of an earlier version than another's, by measure."""
        return earlier(self.values)

    @cached_property
    def column_files(self) -> dict[tuple[str, str, str], ColumnRecord]:
        """Where columns lie, by model identity, data identity and column name."""
        return {(c.model, c.data, c.name): c for c in self.columns}
