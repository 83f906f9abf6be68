"""What a snapshot holds of one data set."""

from dataclasses import dataclass
from functools import cached_property

from ..measured import Row, rows_on
from ..workspace import ColumnRecord, DataRecord, ModelRecord, ValueRecord


@dataclass(frozen=True)
class OnData:
    """What was measured on one data set; without one, what no data went into.

    Attributes
    ----------
    models, values, columns : tuples of records
        All of the workspace's.
    data : DataRecord or None
        The data set.
    """

    models: tuple[ModelRecord, ...]
    values: tuple[ValueRecord, ...]
    columns: tuple[ColumnRecord, ...]
    data: DataRecord | None

    @property
    def name(self) -> str:
        """The data set's name, empty where there is none."""
        return self.data.name if self.data else ""

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row for each model and seed; of models that were not measured here, what no data went into."""
        return rows_on(self.values, self.name or None)

    @cached_property
    def by_model(self) -> dict[str, tuple[Row, ...]]:
        """The rows by their models' names."""
        found: dict[str, tuple[Row, ...]] = {}
        for row in self.rows:
            found[row.model] = (*found.get(row.model, ()), row)
        return found

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Names of all values in the rows."""
        return tuple(dict.fromkeys(measure for row in self.rows for measure in row.values))

    @cached_property
    def of_data(self) -> frozenset[str]:
        """Names of the values that the data went into."""
        return frozenset(value.name for row in self.rows for value in row.values.values() if value.data)

    @cached_property
    def begins_with(self) -> tuple[str | None, str | None]:
        """Identities of the first model that was measured here, and of what was first made of it."""
        if self.data is None:
            return None, None
        names = {value.model for value in self.values if value.data == self.data.name}
        kept = {column.model for column in self.columns if column.data == self.data.identity}
        models = [model for model in self.models if model.name in names or model.identity in kept]
        first = models[0].identity if models else None
        return first, next((m.identity for m in models if any(p.identity == first for p in m.parents)), first)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the data set's classes; where only its models told them, those of one measured on nothing else."""
        if self.data is None or self.data.classes:
            return self.data.classes if self.data else ()
        measured: dict[str, set[str]] = {}
        for column in self.columns:
            measured.setdefault(column.model, set()).add(column.data)
        told = (m.facts.get("class_names") for m in self.models if measured.get(m.identity) == {self.data.identity})
        return next((tuple(names) for names in told if names), ())
