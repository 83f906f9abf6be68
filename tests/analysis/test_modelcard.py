"""Claims beside measurements, and cards that others read."""

from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.modelcard import Claim, ancestors_of, as_markdown, card_of, claims_of, number_of
from graftwork.analysis.models.card import read_card
from graftwork.analysis.session import Session
from graftwork.analysis.workspace import ValueRecord


def value(number: float, low: float | None, high: float | None, **other: Any) -> ValueRecord:
    fields: dict[str, Any] = {"model": "net", "parents": (), "operation": None, "params": {}, "seed": 0, "data": "test"}
    told = {"measure": "accuracy", "unit": "fraction", "value": number, "low": low, "high": high}
    return ValueRecord.model_validate(fields | told | other)


def facts(number: Any, metric: str = "accuracy") -> dict[str, Any]:
    return {"card": {"claims": [{"dataset": "CIFAR-10", "metric": metric, "value": number}]}, "metadata": {}}


@pytest.mark.parametrize(
    ("claimed", "disagrees", "verdict"),
    [
        (91.0, False, "agrees: the claim lies within the interval"),
        (0.91, False, "agrees: the claim lies within the interval"),
        ("91 %", False, "agrees: the claim lies within the interval"),
        (95.5, True, "disagrees: measured 5.5 points below the claim, which lies outside the interval"),
        (0.8, True, "disagrees: measured 10 points above the claim, which lies outside the interval"),
        ("high", False, "the claim is no number"),
    ],
)
def test_a_claim_is_judged_by_the_interval(claimed: Any, disagrees: bool, verdict: str) -> None:
    (claim,) = claims_of(facts(claimed), [value(0.9, 0.88, 0.92)])
    assert (claim.disagrees, claim.verdict) == (disagrees, verdict)
    assert (claim.dataset, claim.data, claim.source) == ("CIFAR-10", "test", "model card")


def test_a_claim_that_nothing_answers_is_said_to_be_unmeasured() -> None:
    (claim,) = claims_of(facts(0.5, "f1"), [value(0.9, 0.88, 0.92)])
    assert (claim.claimed, claim.verdict, claim.disagrees) == (0.5, "not measured", False)


def test_an_unmeasured_accuracy_is_told_as_a_share() -> None:
    (claim,) = claims_of(facts(93.2), [])
    assert claim.claimed == pytest.approx(0.932)
    assert claim.unit == "fraction"


def test_a_claim_stands_beside_every_data_set_that_was_measured() -> None:
    values = [value(0.9, 0.88, 0.92), value(0.7, 0.6, 0.8, data="shifted")]
    assert [claim.data for claim in claims_of(facts(0.9, "Top-1 accuracy"), values)] == ["test", "shifted"]


def test_without_an_interval_nothing_is_judged() -> None:
    (claim,) = claims_of(facts(0.2, "Cross-Entropy"), [value(0.3, None, None, measure="loss", unit="nats")])
    assert claim.verdict == "measured 0.1 nats above the claim, with no interval to judge by"
    assert not claim.disagrees


def test_what_a_training_checkpoint_says_is_a_claim() -> None:
    told = {"card": None, "metadata": {"best_prec1": 92.6, "epoch": 3}}
    (claim,) = claims_of(told, [value(0.926, 0.92, 0.93)])
    assert (claim.metric, claim.source) == ("best_prec1", "checkpoint")
    assert claim.claimed == pytest.approx(0.926)


@pytest.mark.parametrize(
    ("told", "unit", "number"),
    [(93, "fraction", 0.93), (1, "fraction", 1.0), ("93.5%", "fraction", 0.935), (1.5, "nats", 1.5)],
)
def test_percentages_are_told_from_fractions(told: Any, unit: str, number: float) -> None:
    assert number_of(told, unit) == pytest.approx(number)


@pytest.mark.parametrize("told", [True, None, "nan", [1], "good"])
def test_what_is_no_number_is_none(told: Any) -> None:
    assert number_of(told, "fraction") is None


def test_ancestors_come_parents_first(session: Session) -> None:
    merged = next(m for m in session.snapshot.models if len(m.parents) == 3)
    found = ancestors_of(merged, session.snapshot.by_identity)
    assert [record.name for record in found] == ["low", "middle", "high", merged.name]


FILE = {
    "title": "ResNet-8",
    "format": "safetensors",
    "content": "c0ffee",
    "modified": "2026-01-01T00:00:00+00:00",
    "written_by": {"torch": "2.6"},
    "dtypes": {"float32": 12},
    "sparsity": 0.25,
    "not_finite": 2,
    "folded": ["weight norm (3 tensors)"],
    "quantised": ["int8 with SCB (1 tensor)"],
    "tied": {"lm_head.weight": "wte.weight"},
    "assumed": ["its activation is taken for ReLU"],
    "norm": {"l2": 3.0, "rms": 0.5, "largest": 1.5},
    "metadata": {},
    "card": {
        "license": "mit",
        "base_model": "resnet|8",
        "claims": [{"dataset": "a", "metric": "accuracy", "value": 12}],
    },
}


def test_an_exported_card_is_read_back_with_what_was_measured(session: Session, tmp_path: Path) -> None:
    merged = next(m for m in session.snapshot.models if len(m.parents) == 3)
    values = [v for v in session.snapshot.values if v.model == merged.name]
    lineage = ancestors_of(merged, session.snapshot.by_identity)
    card = card_of(merged, FILE, values, lineage, "A note.")
    text = as_markdown(card)
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    back = read_card(tmp_path / "README.md")
    assert back is not None
    assert (back["license"], back["base_model"]) == ("mit", "resnet|8")
    claims = {claim["metric"]: claim["value"] for claim in back["claims"]}
    assert claims == {v.measure: v.value for v in values if v.data}
    for part in ("A note.", "merge.linear", "low, middle, high", "c0ffee", "12 float32", "25 % of the weights"):
        assert part in text
    assert "by torch 2.6" in text
    assert "2 values" in text
    for part in (
        "weight norm (3 tensors)",
        "int8 with SCB (1 tensor)",
        "lm_head.weight = wte.weight",
        "taken for ReLU",
    ):
        assert part in text
    assert "above the claim, which lies outside the interval" in text
    assert r"resnet\|8" in text


def test_a_card_is_json_and_tells_lineage_with_parameters(session: Session) -> None:
    pruned = next(m for m in session.snapshot.models if m.method == "prune.magnitude")
    card = card_of(pruned, FILE, [], ancestors_of(pruned, session.snapshot.by_identity))
    assert card["licence"] == "mit"
    made = card["lineage"][-1]
    assert (made["method"], made["parents"]) == ("prune.magnitude", ["resnet8"])
    assert made["parameters"]["amount"] == pruned.parameters["amount"]
    assert card["claims"][0]["verdict"] == "not measured"


def test_an_unmeasured_claim_has_no_bounds_to_break() -> None:
    assert not Claim("accuracy", "a", "model card", 0.9, measured=0.1).disagrees


def test_a_measure_that_gave_no_number_is_none_in_a_card(session: Session) -> None:
    model = session.snapshot.models[0]
    card = card_of(model, FILE, [value(float("nan"), None, None)], [model])
    assert card["measures"][0]["value"] is None
    assert "| accuracy | – | test |" in as_markdown(card)
    assert "model-index" not in as_markdown(card)
