"""Numbers as tables tell them."""

import pytest

from graftwork.analysis.wording import compact, counted, share_of, sure


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0.98284, 0.853, 0.9991), "0.983 [0.853, 0.999]"),
        ((100.0, 92.9, 100.0), "100.0 [92.9, 100.0]"),
        ((0.0, 0.0, 3.62), "0.0 [0.0, 3.6]"),
        ((412.6, 380.1, 442.5), "413 [380, 442]"),
        ((5.0, 5.0, 5.0), "5 [5, 5]"),
        ((123_456.0, 123_100.0, 123_800.0), "123.5 k [123.1 k, 123.8 k]"),
    ],
)
def test_a_number_is_told_as_far_as_its_interval_reaches(numbers: tuple[float, float, float], told: str) -> None:
    assert sure(*numbers) == told


def test_large_numbers_are_short() -> None:
    assert [compact(value) for value in (0.5, 9999.0, 1.5e6, -2e9)] == [
        "0.5",
        "9999",
        "1.5 M",
        "-2 G",
    ]


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials"), (1_000_000, "1,000,000 trials")]
)
def test_a_noun_follows_its_number(number: int, text: str) -> None:
    assert counted(number, "trial") == text


def test_some_plurals_are_their_own() -> None:
    assert counted(1, "class", "classes") == "1 class"
    assert counted(12, "class", "classes") == "12 classes"


def test_a_share_has_the_number_of_the_whole() -> None:
    assert share_of(0, 1, "sample") == "0 of 1 sample"
    assert share_of(1, 2000, "sample") == "1 of 2,000 samples"
