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
    def value_table(self) -> dict[str, dict[str, ValueRecord]]:
        """The latest value of every measure, by model name, then measure."""
        table: dict[str, dict[str, ValueRecord]] = {}
        for value in self.values:
            table.setdefault(value.model, {})[value.measure] = value
        return table

    @cached_property
    def earlier(self) -> dict[str, frozenset[str]]:
        """Names of models whose value is of an earlier version than another's, by measure."""
        return earlier(self.values)

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Names of all measured quantities."""
        return tuple(dict.fromkeys(value.measure for value in self.values))

    @cached_property
    def column_files(self) -> dict[tuple[str, str, str], str]:
        """The file that holds a column, by model identity, data identity and column name."""
        return {(c.model, c.data, c.name): str(c.path) for c in self.columns}
