"""Every measure's values are those of a plain reference."""

from collections.abc import Callable

import pytest

from graftwork.analysis.measures import MEASURES

from .material import Material
from .rows import REFERENCES, Row, rows, table

Give = Callable[[str, bool], Material]

pytestmark = pytest.mark.recomputed

APART = {"cost.measured": "times and memory of the machine, which no other run has"}
"""Measures without a reference, and why."""


def test_every_measure_has_a_row_or_a_reason() -> None:
    assert REFERENCES.keys() | APART.keys() == MEASURES.load().keys()
    assert not REFERENCES.keys() & APART.keys()
    assert all(reason for found in REFERENCES.values() for reason in found.apart.values())


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_values_are_those_of_the_reference(name: str, weighted: bool, material: Give, kept: list[Row]) -> None:
    found = REFERENCES[name]
    own = list(rows(found, material(found.material, weighted)))
    kept += own
    assert [row for row in own if not row.right] == []


@pytest.mark.parametrize("kind", ["digits", "text", "pictures"])
def test_weights_move_the_values(kind: str, material: Give) -> None:
    plain, weighted = material(kind, False), material(kind, True)
    for name, found in REFERENCES.items():
        if found.material == kind:
            moved = plain.told(name) != weighted.told(name)
            assert moved == MEASURES.get(name).weighs, name


def test_a_row_that_is_wrong_is_seen_and_printed(material: Give) -> None:
    found = REFERENCES["loss"]
    (row,) = rows(found, material("digits", False))
    wrong = row._replace(difference=2 * row.tolerance)
    assert row.right
    assert not wrong.right
    head, line = table([wrong])
    assert head.split()[:2] == ["measure", "weighted"]
    assert line.split()[:2] == ["loss", "no"]
