"""Names of values tell what they were measured with, and are read as they are written."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.analysis.errors import UserError
from graftwork.analysis.naming import Name, base_name, giver_among, meant, name_of, parse_name, plain_name
from graftwork.analysis.settings_text import Settings

TEXTS = st.text(max_size=8) | st.sampled_from(["true", "3", "a/b-0.5 #2", " a", 'q"uo, te)', "untold", "against x"])
VALUES = st.recursive(
    TEXTS | st.booleans() | st.none() | st.integers() | st.floats(allow_nan=False), st.lists, max_leaves=4
)
SETTINGS = st.builds(
    Settings,
    st.dictionaries(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), VALUES, max_size=3),
    st.none() | TEXTS,
    st.booleans(),
)
DETAILS = st.just("") | st.builds(".class.{}".format, TEXTS) | st.sampled_from([".at.0.5", ".class.cat (k = 3)"])


@given(st.sampled_from(["accuracy", "accuracy.topk", "robustness.corruptions.accuracy.fog.3"]), DETAILS, SETTINGS)
def test_a_name_is_read_as_it_was_written(quantity: str, detail: str, settings: Settings) -> None:
    name = Name(quantity, detail, settings)
    assert parse_name(str(name)) == name
    assert (base_name(str(name)), plain_name(str(name))) == (quantity, quantity + detail)


@given(st.text())
def test_any_text_is_read_as_some_name(text: str) -> None:
    assert isinstance(parse_name(text), Name)


@pytest.mark.parametrize("text", ["accuracy (of x)", "a (k = 3", "a (k = )", "a (k = 3) b", "a (k = [1)", "a ()"])
def test_what_is_written_like_no_name_is_a_quantity_that_nobody_measures(text: str) -> None:
    assert parse_name(text) == Name(text)


@pytest.mark.parametrize(
    ("settings", "reference", "expected"),
    [
        ({"k": 5, "ties": "first"}, None, "q"),
        ({"k": 5.0, "ties": "first"}, None, "q"),
        ({"k": 3, "ties": "first"}, None, "q (k = 3)"),
        ({"k": True, "ties": "first"}, None, "q (k = true)"),
        ({"ties": "last", "k": 3}, "a", "q (k = 3, ties = last, against a)"),
        ({"k": 5, "ties": "first", "gone": 7}, None, "q"),
        ({}, "a, b", 'q (against "a, b")'),
        (None, None, "q (untold)"),
    ],
)
def test_a_name_tells_what_is_not_at_its_default(
    settings: dict[str, Any] | None, reference: str | None, expected: str
) -> None:
    name = name_of("q.class.cat", settings, {"k": 5, "ties": "first"}, reference)
    assert str(name) == f"{expected}.class.cat"


def test_without_known_defaults_every_parameter_is_told() -> None:
    assert str(name_of("mine", {"k": 5})) == "mine (k = 5)"


@dataclass(frozen=True)
class Measured:
    name: str
    settings: dict[str, Any] | None


TOPK = [Measured("topk", {"k": 5}), Measured("topk (k = 3)", {"k": 3}), Measured("topk (k = 1)", {"k": 1})]
FLIPS = [Measured("flips (against a)", {}), Measured("flips (against b)", {})]


@pytest.mark.parametrize(
    ("wanted", "values", "expected"),
    [
        ("topk", TOPK, "topk"),
        ("topk (k = 5)", TOPK, "topk"),
        ("topk (k=3)", TOPK, "topk (k = 3)"),
        ("topk", TOPK[1:2], "topk (k = 3)"),
        ("topk (untold)", [*TOPK, Measured("topk (untold)", None)], "topk (untold)"),
        ("flips", FLIPS[:1], "flips (against a)"),
        ("flips (against b)", FLIPS, "flips (against b)"),
    ],
)
def test_a_name_means_the_default_or_the_only_way(wanted: str, values: list[Measured], expected: str) -> None:
    assert meant(wanted, values) == expected


@pytest.mark.parametrize(("wanted", "values"), [("topk", TOPK[1:]), ("flips", FLIPS)])
def test_what_was_measured_in_several_ways_is_refused_with_their_names(wanted: str, values: list[Measured]) -> None:
    with pytest.raises(UserError, match=f"'{wanted}' was measured in several ways") as refused:
        meant(wanted, values)
    assert all(value.name in refused.value.next_step for value in values)


@pytest.mark.parametrize("wanted", ["topk (k = 4)", "topk (against a)", "loss"])
def test_what_was_not_measured_so_is_unknown(wanted: str) -> None:
    with pytest.raises(UserError, match="There is no measured quantity called"):
        meant(wanted, TOPK)


def test_a_value_is_given_by_the_measure_with_the_longest_fitting_id() -> None:
    measures = ["accuracy", "accuracy.topk"]
    given = {"accuracy.class.cat": "accuracy", "accuracy.topk.rank": "accuracy.topk", "accuracy_of_old": None}
    assert {plain: giver_among(measures, plain) for plain in given} == given
