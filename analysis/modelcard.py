"""Model cards: what is claimed of a model beside what was measured, and where it comes from. Knows no tensors."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .measured import remark_of
from .workspace import ModelRecord, ValueRecord

_ACCURACY = {"accuracy", "acc", "acc1", "top1", "top1acc", "top1accuracy", "accuracytop1", "prec1", "testacc", "valacc"}
_TOP5 = {"acc5", "top5", "top5acc", "top5accuracy", "accuracytop5", "prec5"}
_LOSS = {"loss", "crossentropy", "crossentropyloss", "evalloss", "testloss", "valloss"}
_SCALARS = ("format", "files", "bytes", "modified", "content", "tensors", "parameters", "family", "title", "macs")


@dataclass(frozen=True)
class Claim:
    """A claimed figure beside a measured one, both in the measure's ``unit``.

    Attributes
    ----------
    metric, dataset, source : str
        What is claimed, on which data, and where it says so.
    claimed : float or None
        None where the claim is no number.
    measure, data : str
        The name of the value that answers it, on which data set; empty where none was taken.
    measured, low, high : float or None
        The measured value, with its 95 % interval.
    unit : str
        ``fraction``, ``nats`` …; empty for a plain number.
    """

    metric: str
    dataset: str
    source: str
    claimed: float | None
    measure: str = ""
    data: str = ""
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def disagrees(self) -> bool:
        """Whether the claim lies outside the measured interval."""
        if self.claimed is None or self.low is None or self.high is None:
            return False
        return not self.low <= self.claimed <= self.high

    @property
    def verdict(self) -> str:
        """What comes of the comparison, in words."""
        if self.claimed is None:
            return "the claim is no number"
        if self.measured is None:
            return "not measured"
        apart = abs(self.measured - self.claimed)
        away = f"{100 * apart:.2g} points" if self.unit == "fraction" else figure(apart, self.unit)
        side = "below" if self.measured < self.claimed else "above"
        if self.disagrees:
            return f"disagrees: measured {away} {side} the claim, which lies outside the interval"
        if self.low is None:
            return f"measured {away} {side} the claim, with no interval to judge by"
        return "agrees: the claim lies within the interval"


def claims_of(facts: Mapping[str, Any], values: Sequence[ValueRecord]) -> tuple[Claim, ...]:
    """Return every claim of a checkpoint's card and of the file itself, beside each measurement that answers it.

    Parameters
    ----------
    facts : mapping
        What `graftwork.analysis.models.describe` says of it.
    values : sequence of ValueRecord
        What was measured of the model.
    """
    return tuple(claim for told in _told(facts) for claim in _answered(*told, values))


def _told(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    """Give metric, data set, source and value of every claim."""
    for claim in (facts.get("card") or {}).get("claims", ()):
        yield str(claim["metric"]), str(claim["dataset"] or ""), "model card", claim["value"]
    for key, value in (facts.get("metadata") or {}).items():
        if _plain(key).removeprefix("best") in _ACCURACY:
            yield str(key), "", "checkpoint", value


def _answered(metric: str, dataset: str, source: str, value: Any, values: Sequence[ValueRecord]) -> Iterator[Claim]:
    measure = measure_of(metric)
    found = [record for record in values if record.measure == measure]
    if not found:
        unit = "fraction" if measure.startswith("accuracy") else ""
        yield Claim(metric, dataset, source, number_of(value, unit), unit=unit)
    for record in found:
        claimed = number_of(value, record.unit)
        own = (record.name, record.data or "", record.value, record.low, record.high, record.unit)
        yield Claim(metric, dataset, source, claimed, *own)


def measure_of(metric: str) -> str:
    """Return the name of the measure that a card's metric stands for; its own where none is known."""
    name = _plain(metric).removeprefix("best")
    return (
        "accuracy" if name in _ACCURACY else "accuracy.top5" if name in _TOP5 else "loss" if name in _LOSS else metric
    )


def number_of(value: Any, unit: str) -> float | None:
    """Return a claimed value in a measure's unit: of fractions, what exceeds 1 or ends in % is a percentage."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        return None
    if number != number:
        return None
    percent = text.endswith("%") or number > 1
    return number / 100 if unit == "fraction" and percent else number


def _plain(name: Any) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def figure(value: float | None, unit: str) -> str:
    """Return a number as a person reads it, fractions in percent."""
    if value is None:
        return "–"
    if unit == "fraction":
        return f"{100 * value:.4g} %"
    text = f"{value:,.0f}" if value == round(value) else f"{value:.4g}"
    return f"{text} {unit}".rstrip()


def interval(value: float | None, low: float | None, high: float | None, unit: str) -> str:
    """Return a number with its interval."""
    bounds = "" if low is None or high is None else f" ({figure(low, unit)} to {figure(high, unit)})"
    return figure(value, unit) + bounds


def card_of(
    model: ModelRecord,
    facts: Mapping[str, Any],
    values: Sequence[ValueRecord],
    ancestors: Sequence[ModelRecord],
    note: str = "",
) -> dict[str, Any]:
    """Return a model's card as JSON values.

    Parameters
    ----------
    model : ModelRecord
        The model.
    facts : mapping
        What `graftwork.analysis.models.describe` says of its file.
    values : sequence of ValueRecord
        What was measured of it.
    ancestors : sequence of ModelRecord
        The models that it was made from, oldest first, and itself last.
    note : str
        A person's note on it.
    """
    card = facts.get("card") or {}
    return {
        "name": model.name,
        "identity": model.identity,
        "licence": licence_of(facts),
        "base_model": card.get("base_model"),
        "datasets": card.get("datasets"),
        **{key: facts.get(key) for key in _SCALARS},
        **{key: facts.get(key) for key in ("dtypes", "sparsity", "not_finite", "norm", "written_by")},
        **{key: facts.get(key) for key in ("folded", "quantised", "found", "assumed", "tied")},
        "claims": [asdict(claim) | {"verdict": claim.verdict} for claim in claims_of(facts, values)],
        "measures": [_measured(value) for value in values],
        "lineage": lineage_of(ancestors),
        "note": note,
    }


def licence_of(facts: Mapping[str, Any]) -> str | None:
    """Return the licence that a card, or the file itself, names."""
    metadata = facts.get("metadata") or {}
    told = ((facts.get("card") or {}).get("license"), *(metadata.get(key) for key in _LICENCES))
    return next((", ".join(map(str, t)) if isinstance(t, list) else str(t) for t in told if t), None)


_LICENCES = ("license", "licence", "modelspec.license")


def _measured(value: ValueRecord) -> dict[str, Any]:
    """Return a measurement as JSON values, which have no nan."""
    told = value.model_dump(mode="json")
    return {key: None if item != item else item for key, item in told.items()}


def lineage_of(ancestors: Sequence[ModelRecord]) -> list[dict[str, Any]]:
    """Return what made each of some models, as JSON values, in their order."""
    return [_made(record) for record in ancestors]


def _made(record: ModelRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "identity": record.identity,
        "method": record.method,
        "parameters": record.parameters,
        "seed": record.seed,
        "parents": [parent.name for parent in record.parents],
    }


def ancestors_of(model: ModelRecord, models: Mapping[str, ModelRecord]) -> tuple[ModelRecord, ...]:
    """Return the models that one was made from, parents before children, and itself last; ``models`` by identity."""
    found: dict[str, ModelRecord] = {}

    def add(record: ModelRecord) -> None:
        for parent in record.parents:
            if parent.identity not in found and parent.identity in models:
                add(models[parent.identity])
        found[record.identity] = record

    add(model)
    return tuple(found.values())


def as_markdown(card: Mapping[str, Any]) -> str:
    """Return a card as Markdown, with front matter that model hubs read: licence, base model, measured results."""
    parts = [_front_matter(card), f"# {card['name']}", card["note"], "## File", _file_table(card)]
    parts += ["## Claimed and measured", _claims_table(card["claims"])] if card["claims"] else []
    parts += ["## Measured", _measures_table(card["measures"])] if card["measures"] else []
    parts += ["## Made from", _lineage_table(card["lineage"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(card: Mapping[str, Any]) -> str:
    """Return the front matter; JSON values are YAML, too."""
    results = [
        {"dataset": {"name": value["data"]}, "metrics": [{"type": value["name"], "value": value["value"]}]}
        for value in card["measures"]
        if value["data"] and value["value"] is not None
    ]
    fields = {
        "license": card["licence"],
        "base_model": card["base_model"],
        "datasets": card["datasets"],
        "model-index": [{"name": card["name"], "results": results}] if results else None,
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in fields.items() if value]
    return "\n".join(["---", *lines, "---"])


def file_facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what is known of a model's file as (name, text): licence, origin, content, numbers."""
    norm = facts.get("norm") or {}
    written = ", ".join(f"{library} {version}" for library, version in (facts.get("written_by") or {}).items())
    told = {
        "Network": facts.get("title"),
        "Licence": facts.get("licence") or licence_of(facts),
        "Base model": facts.get("base_model") or (facts.get("card") or {}).get("base_model"),
        "Format": facts.get("format"),
        "Content": facts.get("content"),
        "Written": " by ".join(part for part in (facts.get("modified"), written) if part),
        "Numbers": ", ".join(f"{count:,} {dtype}" for dtype, count in (facts.get("dtypes") or {}).items()),
        "Zeros": None if facts.get("sparsity") is None else f"{figure(facts['sparsity'], 'fraction')} of the weights",
        "Weights": f"norm {norm['l2']:.4g}, rms {norm['rms']:.3g}, largest {norm['largest']:.3g}" if norm else None,
        "Not finite": f"{facts['not_finite']:,} values" if facts.get("not_finite") else None,
        "Folded": "; ".join(facts.get("folded") or ()),
        "Quantised": "; ".join(facts.get("quantised") or ()),
        "Found": "; ".join(facts.get("found") or ()),
        "Assumed": "; ".join(facts.get("assumed") or ()),
        "Tied": ", ".join(f"{name} = {held}" for name, held in (facts.get("tied") or {}).items()),
    }
    yield from ((name, str(text)) for name, text in told.items() if text)


def _file_table(card: Mapping[str, Any]) -> str:
    rows = [("Identity", card["identity"]), *file_facts(card)]
    return _markdown_table(("", ""), rows)


def _claims_table(claims: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            c["metric"],
            c["source"],
            c["dataset"] or "–",
            figure(c["claimed"], c["unit"]),
            "–" if c["measured"] is None else interval(c["measured"], c["low"], c["high"], c["unit"]),
            c["data"] or "–",
            c["verdict"],
        )
        for c in claims
    ]
    return _markdown_table(("Metric", "Source", "Claimed on", "Claimed", "Measured", "Measured on", "Verdict"), rows)


def _measures_table(values: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            v["name"],
            interval(v["value"], v["low"], v["high"], v["unit"]),
            v["data"] or "–",
            str(v.get("measure_seed", 0)),
            remark_of(v.get("overlap", 0.0), v.get("remarks", ())),
        )
        for v in values
    ]
    headings = ("Measure", "Value (95 % interval)", "Data", "Seed", "Remark")
    told = [any(row[3] != rows[0][3] for row in rows), any(row[4] for row in rows)]
    shown = [place for place in range(len(headings)) if place < 3 or told[place - 3]]
    return _markdown_table([headings[p] for p in shown], [[row[p] for p in shown] for row in rows])


def _lineage_table(lineage: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            made["name"],
            made["method"] or "source",
            ", ".join(f"{key} = {value}" for key, value in made["parameters"].items() if value is not None) or "–",
            "–" if made["seed"] is None else str(made["seed"]),
            ", ".join(made["parents"]) or "–",
            made["identity"],
        )
        for made in lineage
    ]
    return _markdown_table(("Model", "Operation", "Parameters", "Seed", "Parents", "Identity"), rows)


def _markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", r"\|")
