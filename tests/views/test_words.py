import pytest

from graftwork.views.words import counted, share_of


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
