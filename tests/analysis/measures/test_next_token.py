"""The loss over following tokens, on the language model that comes along."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from graftwork.analysis.data import open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES, Column, Evidence, Value
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
    folder = ASSETS / "language"
    spec = DataSpec(
        name="text",
        path=str(folder / "held-out.txt"),
        content="-",
        tokenizer=str(folder / "characters.json"),
        length=40,
        limit=50,
    )
    return evidence_of(open_checkpoint(folder / "language-3.safetensors"), open_data(spec))


def measured(evidence: Evidence) -> Iterator[Value | Column]:
    measure = MEASURES.get("loss.next_token")
    yield from measure.function(evidence, measure.check({}))


def plain(network: nn.Module, tokens: list[int]) -> float:
    """Return the mean loss of one sample, token by token, in float64."""
    with torch.inference_mode():
        logits = network(torch.tensor([tokens]))[0].double()
    losses = [-float(torch.log_softmax(row, 0)[following]) for row, following in zip(logits, tokens[1:], strict=False)]
    return sum(losses) / len(losses) if losses else math.nan


def test_it_is_that_of_a_plain_loop_without_what_fills_up(evidence: Evidence) -> None:
    found = list(measured(evidence))
    column = next(item.values for item in found if isinstance(item, Column))
    values = {item.measure: item for item in found if isinstance(item, Value)}
    assert evidence.data is not None
    network, pad = evidence.build(), evidence.data.pad
    rows = torch.cat(list(evidence.data.batches(16))).tolist()
    expected = [plain(network, [token for token in row if token != pad]) for row in rows]
    assert any(pad in row for row in rows)
    np.testing.assert_allclose(column, expected, rtol=1e-4)
    assert values["loss.next_token"].value == pytest.approx(np.nanmean(expected), rel=1e-5)
    perplexity = values["loss.next_token.perplexity"]
    assert perplexity.value == pytest.approx(math.exp(np.nanmean(expected)), rel=1e-4)
    assert perplexity.low is not None
    assert perplexity.high is not None
    assert perplexity.low < perplexity.value < perplexity.high


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
