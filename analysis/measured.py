"""What was measured, by what it belongs to: a model, a data set, and the seed of the measures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .workspace import ValueRecord


@dataclass(frozen=True)
class Row:
    """What was measured of one model on one data set with one seed.

    Attributes
    ----------
    model : str
        The model's name.
    data : str or None
        The data set's name; None where only values were measured that no data went into.
    seed : int
        Of the measures.
    values : dict
        By name; those that no data went into are in every row of their model.
    """

    model: str
    data: str | None
    seed: int
    values: Mapping[str, ValueRecord]

    @property
    def overlap(self) -> float:
        """Share of the data's samples that the model has learnt from, as far as is known."""
        return max((value.overlap or 0.0 for value in self.values.values()), default=0.0)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be known of the values, one sentence each."""
        return tuple(dict.fromkeys(remark for value in self.values.values() for remark in value.remarks))

    @property
    def remark(self) -> str:
        """All of that, and what the model has learnt from; empty where there is nothing to know."""
        return remark_of(self.overlap, self.remarks)


def rows_of(values: Iterable[ValueRecord]) -> tuple[Row, ...]:
    """Return a row for every model, data set and seed that has values, in their order."""
    return tuple(
        row
        for records in _by_model(values).values()
        for data in dict.fromkeys(record.data for record in records if record.data is not None) or (None,)
        for row in _rows(records, data)
    )


def rows_on(values: Iterable[ValueRecord], data: str | None) -> tuple[Row, ...]:
    """Return the rows on one data set; of models that were not measured on it, what no data went into."""
    return tuple(row for records in _by_model(values).values() for row in _rows(records, data))


def remark_of(overlap: float, remarks: Iterable[str]) -> str:
    """Return what is to be known of values as one text."""
    return " ".join(filter(None, (overlap_text(overlap), *remarks)))


def overlap_text(overlap: float) -> str:
    """Return what it means that a model has learnt from a share of what it is measured on; empty where it has not."""
    if not overlap:
        return ""
    share = "all" if overlap == 1 else f"{100 * overlap:.2g} %"
    return f"It has learnt from {share} of the samples that it is measured on."


def _by_model(values: Iterable[ValueRecord]) -> dict[str, list[ValueRecord]]:
    found: dict[str, list[ValueRecord]] = {}
    for value in values:
        found.setdefault(value.model, []).append(value)
    return found


def _rows(records: Sequence[ValueRecord], data: str | None) -> Iterator[Row]:
    """Give the rows of one model on a data set, one for each seed."""
    free = [record for record in records if record.data is None]
    there = [record for record in records if record.data == data] or free
    for seed in sorted({record.measure_seed for record in there}):
        yield Row(records[0].model, there[0].data, seed, _chosen(records, there[0].data, seed))


def _chosen(records: Sequence[ValueRecord], data: str | None, seed: int) -> dict[str, ValueRecord]:
    """Return the values of a row; what no data went into may have been measured with another seed."""
    found: dict[str, ValueRecord] = {}
    for record in records:
        own = record.measure_seed == seed
        if record.data in (None, data) and (own or (record.data is None and record.name not in found)):
            found[record.name] = record
    return found | {r.name: r for r in records if r.data == data and r.measure_seed == seed}
