"""Searches and allocations from the command line."""

from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.recipe import parse_recipe
from graftwork.analysis.search.allocation import AllocationReport, Row
from graftwork.analysis.workspace import Workspace
from graftwork.app.results import print_allocation

from .conftest import Program

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
RECIPE = f"""
[[model]]
name = "net"
path = "{DEMO / "digits-resnet8.safetensors"}"
[[data]]
name = "test"
path = "digits"
split = "test"
normalise = "digits"
limit = 20
[[step]]
name = "scan"
method = "prune.magnitude"
of = ["net"]
layers = "each"
amount = 0.8
[[step]]
name = "cut"
method = "prune.magnitude"
of = ["net"]
[measure]
data = "test"
what = ["accuracy", "loss", "cost.nominal"]
[search]
goal = "smallest"
keep = {{accuracy = 0.1}}
trials = TRIALS
[search.over.cut]
amount = {{low = 0.1, high = 0.9}}
"""


def test_a_search_its_larger_budget_and_an_allocation_from_its_scan(graftwork: Program, tmp_path: Path) -> None:
    def said(*arguments: object) -> str:
        done = graftwork(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    recipe, folder, allocated = tmp_path / "search.toml", tmp_path / "w.graft", tmp_path / "allocated.toml"
    recipe.write_text(RECIPE.replace("TRIALS", "2"))
    assert "after 2 trials" in said("run", recipe, "-w", folder)
    with Workspace.open(folder, read_only=True) as space:
        (search,) = space.searches()
        first, _ = space.search_history(search.search)
    recipe.write_text(RECIPE.replace("TRIALS", "4"))
    printed = said("run", recipe, "-w", folder)
    assert "The answer: net/cut-" in printed
    assert "after 4 trials" in printed
    assert "worse than net: paired by sample, the" in printed
    with Workspace.open(folder, read_only=True) as space:
        again, _ = space.search_history(search.search)
        assert not space.check()
    assert again[:2] == first
    assert len(again) == 4
    assert "run the recipe" in said("allocate", "-w", folder, "--scan", "scan", "--budget", "0.5", "-o", allocated)
    assert parse_recipe(allocated.read_text()).step[0].name == "allocated"


def test_predicted_and_measured_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    rows = (Row(layer="fc", share=0.25, amount=0.5, damage=0.125),)
    report = AllocationReport(measure="loss", rows=rows, kept=0.875, predicted=0.125, measured=0.25, recipe="")
    print_allocation(report)
    printed = capsys.readouterr().out
    assert "25.0 %" in printed
    assert "+0.125" in printed
    assert "87.5 % is left. loss is to be worse by 0.125" in printed
    assert "measured together it is worse by 0.25." in printed


def test_a_cost_that_there_is_not_is_refused() -> None:
    from graftwork.app.cli import allocate

    with pytest.raises(UserError, match="A cost is nonzeros or macs, not 'watts'"):
        allocate(Path("w.graft"), "scan", 0.5, cost="watts")
