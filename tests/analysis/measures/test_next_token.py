"""The loss over following tokens, on the language model that comes along."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from graftwork.analysis.data import open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES, Column, Evidence, Remark, Value
from graftwork.analysis.measures.next_token import _losses
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.trials import DataSpec

ASSETS = Path(__file__).resolve().parents[3] / "assets"


def evidence_of(checkpoint: Any, data: Any) -> Evidence:
    return Evidence(
        checkpoint=checkpoint,
        build=checkpoint.network,
        columns={},
        labels=data.labels,
        data=data,
        device=torch.device("cpu"),
        seed=0,
        ticket=Quiet(),
    )


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Return the smaller model on lines of up to 40 characters."""
    MEASURES.load()
    folder = ASSETS / "language"
    spec = DataSpec(
        name="text",
        path=str(folder / "held-out.txt"),
        content="-",
        tokenizer=str(folder / "characters.json"),
        length=40,
        limit=12,
    )
    return evidence_of(open_checkpoint(folder / "language-3.safetensors"), open_data(spec))


def measured(evidence: Evidence) -> Iterator[Value | Column | Remark]:
    measure = MEASURES.get("loss.next_token")
    yield from measure.function(evidence, measure.check({}))


def test_a_samples_weight_counts_for_all_of_its_tokens(evidence: Evidence) -> None:
    weights = np.random.default_rng(0).integers(0, 3, len(evidence.labels)) / 2
    assert evidence.data
    total, tokens = map(np.concatenate, zip(*_losses(evidence, evidence.data), strict=True))
    found = values_of(replace(evidence, weights=weights))
    assert found["loss.next_token"].value == pytest.approx(weights @ total / (weights @ tokens))
    low = found["loss.next_token"].low
    assert low is not None
    assert low < values_of(evidence)["loss.next_token"].value


def values_of(evidence: Evidence) -> dict[str, Value]:
    return {item.measure: item for item in measured(evidence) if isinstance(item, Value)}


def plain(network: nn.Module, tokens: list[int]) -> list[float]:
    """Return the losses of one sample, token by token, in float64."""
    with torch.inference_mode():
        logits = network(torch.tensor([tokens]))[0].double()
    return [-float(torch.log_softmax(row, 0)[following]) for row, following in zip(logits, tokens[1:], strict=False)]


def test_it_is_that_of_a_plain_loop_without_what_fills_up(evidence: Evidence) -> None:
    found = list(measured(evidence))
    column = next(item.values for item in found if isinstance(item, Column))
    values = {item.measure: item for item in found if isinstance(item, Value)}
    assert evidence.data is not None
    network, pad = evidence.build(), evidence.data.pad
    rows = torch.cat(list(evidence.data.batches(16))).tolist()
    each = [plain(network, [token for token in row if token != pad]) for row in rows]
    assert len({len(losses) for losses in each}) > 1
    np.testing.assert_allclose(column, [math.fsum(losses) / len(losses) for losses in each], rtol=1e-4)
    expected = math.fsum([loss for losses in each for loss in losses]) / sum(map(len, each))
    assert values["loss.next_token"].value == pytest.approx(expected, rel=1e-5)
    perplexity = values["loss.next_token.perplexity"]
    assert perplexity.value == pytest.approx(math.exp(expected), rel=1e-4)
    assert perplexity.low is not None
    assert perplexity.high is not None
    assert perplexity.low < perplexity.value < perplexity.high


class Rows:
    """Samples of tokens, of which one may fill up."""

    kind, labels = "tokens", np.zeros(0, np.int64)

    def __init__(self, rows: list[list[int]], pad: int | None) -> None:
        self.rows, self.pad = torch.tensor(rows), pad

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, size: int) -> Iterator[torch.Tensor]:
        yield from torch.split(self.rows, size)


def of_rows(evidence: Evidence, rows: list[list[int]], pad: int | None, broken: int = -1) -> Any:
    """Return evidence of a network that finds four tokens equally likely, and gives NaN from one token on."""

    class Network(nn.Module):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            spoilt = (tokens == broken).cumsum(1) > 0
            return torch.where(spoilt[..., None], torch.nan, torch.zeros(*tokens.shape, 4))

    data: Any = Rows(rows, pad)
    return replace(evidence, data=data, build=Network)


def said(evidence: Evidence) -> list[str]:
    return [item.text for item in measured(evidence) if isinstance(item, Remark)]


@pytest.mark.parametrize(("pad", "short"), [(3, 2), (None, 0)])
def test_samples_without_a_following_token_are_counted(pad: int | None, short: int, evidence: Evidence) -> None:
    given = of_rows(evidence, [[0, 1, 2], [1, 3, 3], [3, 3, 3], [2, 0, 3]], pad)
    assert values_of(given)["loss.next_token"].value == pytest.approx(math.log(4))
    assert said(given) == [f"{short} of 4 samples have no loss, for no token follows another in them."] * (short > 0)


def test_losses_that_are_not_numbers_leave_no_mean(evidence: Evidence) -> None:
    given = of_rows(evidence, [[0, 1, 2], [0, 2, 1], [0, 0, 1]], None, broken=2)
    assert said(given) == ["the losses of 1 of 3 samples are not numbers, and so there is no mean."]
    assert all(math.isnan(value.value) and value.low is None for value in values_of(given).values())


def test_what_a_network_says_of_filling_does_not_count(evidence: Evidence) -> None:
    given = of_rows(evidence, [[0, 1, 3, 3], [1, 0, 1, 0]], 3, broken=3)
    assert values_of(given)["loss.next_token"].value == pytest.approx(math.log(4))


@pytest.mark.parametrize(
    ("row", "counted"),
    [([1, 3, 2, 0], 3), ([2, 3, 3, 1], 3), ([3, 3, 1, 2], 1), ([3, 1, 3, 2], 2), ([0, 1, 3, 3], 1), ([0, 1, 2, 0], 3)],
)
def test_only_what_lies_outside_fills_up(row: list[int], counted: int, evidence: Evidence) -> None:
    """Tokens between others count, also if one of the same number fills up."""
    (each,) = _losses(of_rows(evidence, [row], 3), of_rows(evidence, [row], 3).data)
    assert each.tokens.tolist() == [counted]


def test_single_tokens_alone_are_refused(evidence: Evidence) -> None:
    with pytest.raises(UserError, match="no sample does a token follow another"):
        values_of(of_rows(evidence, [[1, 3], [2, 3]], 3))


def test_other_data_and_other_networks_are_refused(evidence: Evidence) -> None:
    digits = open_data(DataSpec(name="digits", path="digits", content="digits"))
    checkpoint = open_checkpoint(ASSETS / "demo" / "digits-resnet8.safetensors")
    with pytest.raises(UserError, match="needs text"):
        list(measured(evidence_of(checkpoint, digits)))

    class Classifier(nn.Module):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(tokens), 3)

    other = evidence_of(evidence.checkpoint, evidence.data)
    object.__setattr__(other, "build", Classifier)
    with pytest.raises(UserError, match="which token follows"):
        list(measured(other))
