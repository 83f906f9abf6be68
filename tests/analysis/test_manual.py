"""Pages of methods, measures and fits: all that they declare, and an example that a recipe takes."""

import re
import tomllib

import pytest

from graftwork.analysis.catalogue import Catalogue, Entry
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.manual import listing, page
from graftwork.analysis.recipe import parse_recipe
from graftwork.analysis.worker.tasks import catalogue

AROUND = """
[[model]]
name = "NAME"
path = "m.pth"
[[data]]
name = "NAME"
path = "digits"
"""


@pytest.fixture(scope="module")
def whole() -> Catalogue:
    return catalogue(None, {}, Quiet())  # type: ignore[arg-type]


def test_every_page_tells_what_its_entry_declares(whole: Catalogue) -> None:
    for entry in whole.entries:
        text = page(entry)
        assert all(f"`{name}`" in text for name in entry.parameter_schema.get("properties", {}))
        assert all(f"`{quantity.name}`" in text for quantity in entry.quantities)
        assert entry.citation in text
        assert "None" not in re.sub(r"`[^`]*`", "", text)


def test_every_example_is_part_of_a_recipe(whole: Catalogue) -> None:
    for entry in whole.entries:
        found = re.search(r"```toml\n(.*?)```", page(entry), re.DOTALL)
        assert (found is not None) == (entry.kind in ("method", "measure", "fit")), entry.id
        if found and entry.kind == "method":
            parse_recipe(AROUND + found[1])
        elif found:
            tomllib.loads(found[1])


def test_the_example_names_what_must_be_given() -> None:
    schema = {"properties": {"data": {"role": "data"}, "amount": {"default": 0.5, "minimum": 0, "unit": "fraction"}}}
    entry = Entry(
        id="prune.it",
        title="It",
        kind="method",
        summary="Prune it.",
        citation="Someone 2020.",
        version=3,
        parameter_schema={**schema, "required": ["data"]},
    )
    text = page(entry)
    assert '[[step]]\nname = "it"\nmethod = "prune.it"\nof = ["NAME"]\ndata = "NAME"\namount = 0.5' in text
    assert "`amount` (from 0, fraction, usually 0.5)" in text
    assert "`data` (must be given)" in text
    assert text.endswith("```") or "Version 3" in text


def test_the_list_has_a_line_for_each_by_family(whole: Catalogue) -> None:
    lines = listing(whole.entries).splitlines()
    assert sum(line.split()[:1] == [entry.id] for entry in whole.entries for line in lines) == len(whole.entries)
    assert "Methods" in lines
