"""Margins of a network."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.measures import MEASURES, Column

Make = Callable[..., Any]


def said(evidence: Any) -> Any:
    measure = MEASURES.get("geometry.margins")
    results: list[Any] = list(measure.function(evidence, measure.check({})))
    columns = {r.name: r.values for r in results if isinstance(r, Column)}
    return {r.measure: r for r in results if not isinstance(r, Column)}, columns


def test_negative_exactly_where_wrong(evidence: Make) -> None:
    given = evidence()
    values, columns = said(given)
    wrong = given.columns["logits"].argmax(1) != given.labels
    np.testing.assert_array_equal(columns["geometry.margins.margin"] < 0, wrong)
    assert values["geometry.margins.negative"].value == wrong.mean()


def test_values_are_the_columns_means(evidence: Make) -> None:
    given = evidence()
    values, columns = said(given)
    for name in ("angle", "norm", "margin"):
        key = f"geometry.margins.{name}"
        assert values[key].value == pytest.approx(columns[key].mean(), rel=1e-5)
    margin = columns["geometry.margins.margin"]
    for label in np.unique(given.labels):
        expected = margin[given.labels == label].mean()
        assert values[f"geometry.margins.margin.class.c{label}"].value == pytest.approx(expected, rel=1e-5)


def test_rival_is_another_class(evidence: Make) -> None:
    given = evidence()
    rival = said(given)[1]["geometry.margins.rival"]
    assert rival.dtype == np.int32
    assert (rival != given.labels).all()


def test_without_a_bias(evidence: Make) -> None:
    given = evidence()
    del given.checkpoint.specs["head.bias"]
    head = given.checkpoint.module.head
    with torch.no_grad():
        head.bias.zero_()
        given.columns["logits"][:] = head(torch.from_numpy(given.columns["features"])).numpy()
    assert np.isfinite(said(given)[1]["geometry.margins.margin"]).all()


def test_no_linear_head(evidence: Make) -> None:
    given = evidence()
    given.checkpoint.architecture = None
    with pytest.raises(UserError, match="no linear head from 8 features to 7 classes"):
        said(given)


def test_a_head_that_is_tied_is_the_tensor_it_is_tied_to(evidence: Make) -> None:
    plain, tied = evidence(), evidence()
    specs = tied.checkpoint.specs
    specs["words.weight"] = specs.pop("head.weight")
    tied.checkpoint.ties = {"head.weight": "words.weight"}
    tied.checkpoint.tensor = lambda name: plain.checkpoint.tensor(name.replace("words", "head"))
    np.testing.assert_array_equal(*(said(given)[1]["geometry.margins.margin"] for given in (plain, tied)))
