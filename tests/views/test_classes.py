"""No two classes share a colour, however many there are."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from graftwork.views.classes import coloured, hues, layers, legend, number_of
from graftwork.views.theme import CLASS_HUES, LIGHT

COUNTS = (2, 3, 8, 9, 10, 11, 16, 100, 1000)
RNG = np.random.default_rng(0)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"class {label}" for label in range(count))


def colours(count: int, labels: NDArray[np.int64], mask: NDArray[np.bool_]) -> dict[str, list[str]]:
    """Return the classes of each printed colour, by the samples that have it."""
    shown = coloured(names(count), labels, mask)
    found: dict[str, set[int]] = {}
    for part, colour, _ in layers(names(count), labels, shown, mask):
        found.setdefault(colour, set()).update(labels[part].tolist())
    return {colour: sorted(map(str, found[colour])) for colour in found if colour in CLASS_HUES}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("share", [0.0, 0.02, 1.0])
def test_a_colour_has_one_class(count: int, share: float) -> None:
    labels = RNG.integers(0, count, 4000)
    found = colours(count, labels, RNG.random(4000) < share)
    assert all(len(classes) <= 1 for classes in found.values())
    assert len(found) == (count if count <= 8 else 0 if share == 0 else 8)


def test_of_many_classes_the_selected_have_colours() -> None:
    labels = np.repeat(np.arange(100), 5)
    for chosen in ([3], [98, 7, 8], list(range(20, 28))):
        assert coloured(names(100), labels, np.isin(labels, chosen)) == tuple(sorted(chosen))
    most = np.isin(labels, range(30)) & (np.arange(500) % 5 < np.where(labels < 22, 1, 4))
    assert coloured(names(100), labels, most) == tuple(range(22, 30))


@pytest.mark.parametrize("classes", [(), ("a", "b", "c")])
def test_every_sample_is_printed_once(classes: tuple[str, ...]) -> None:
    labels = np.array([-1, 0, 1, 2, 2, 40, -1])
    for selected in (np.zeros(7, bool), np.arange(7) % 2 == 0):
        shown = coloured(classes, labels, selected)
        parts = list(layers(classes, labels, shown, selected))
        assert (np.sum([part for part, _, _ in parts], axis=0) == 1).all()
        grey = next(part for part, colour, _ in parts if colour == LIGHT.faded)
        assert (grey == (~selected & selected.any())).all()


def test_a_hue_is_the_place_among_the_coloured() -> None:
    labels = np.array([5, -1, 2, 9, 5])
    assert hues(labels, (2, 5)).tolist() == [1, -1, 0, -1, 1]
    assert hues(labels, ()).tolist() == [-1] * 5
    assert number_of(("a",), labels) == 10
    assert number_of((), np.array([-1, -1])) == 0


def test_a_legend_names_classes_as_text_and_links_each() -> None:
    text = legend(("a<b>", "x" * 500, "c"), 3, (0, 1, 2))
    assert "a&lt;b&gt;" in text
    assert "x" * 30 not in text
    assert re.findall(r'href="(\d+)"', text) == ["0", "1", "2"]
    many = legend(names(1000), 1000, (4, 900))
    assert re.findall(r'href="(\d+)"', many) == ["4", "900"]
    assert "1,000 classes" in many
