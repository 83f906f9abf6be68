"""Weights of samples from a recipe to its results: what they enter, what is said of them, what is computed later."""

import csv
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.torch import save_file

from graftwork.analysis.columns import read_column
from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.session import Session
from graftwork.analysis.sets.gathering import correctness_of
from graftwork.analysis.trials import FitEntry, FitSpec
from graftwork.analysis.workspace import Workspace, schema
from graftwork.app.difference import differences, print_differences
from tests.executing import carry_out

from .small_networks import perceptron

SAMPLES = 120
RECIPE = """
[[model]]
name = "one"
path = "one.safetensors"
[[model]]
name = "other"
path = "other.safetensors"
[[data]]
name = "rows"
path = "rows.csv"
weight = "importance"
[measure]
data = "rows"
reference = "other"
what = ["accuracy", "loss", "compare.flips", "proxy.gradsign", "cost.nominal"]
"""
WEIGHTED = "The samples of rows are weighted by its column 'importance'."
ALIKE = "The weights of rows do not enter {}: every sample counts alike there."


def written(folder: Path) -> Path:
    """Write two networks and a table with weights to a folder."""
    rng = np.random.default_rng(0)
    rows, labels, weights = rng.normal(size=(SAMPLES, 3)), rng.integers(0, 2, SAMPLES), rng.integers(0, 10, SAMPLES)
    for seed, name in enumerate(("one", "other")):
        save_file(perceptron(seed=seed), folder / f"{name}.safetensors")
    with (folder / "rows.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["x0", "x1", "x2", "label", "importance"])
        table.writerows([*row, label, w] for row, label, w in zip(rows.tolist(), labels, weights, strict=True))
    return folder


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Return a workspace in which both networks were measured on weighted samples."""
    folder = written(tmp_path_factory.mktemp("weighted"))
    with Workspace.create(folder / "w.graft") as made:
        carry_out(made, RECIPE, folder)
        yield made


def planned(folder: Path, more: str = "") -> tuple[str, ...]:
    return plan(anchored(parse_recipe(RECIPE + more), folder)).remarks


def column(space: Workspace, name: str, model: str = "one") -> NDArray[Any]:
    identity = next(record.identity for record in space.models() if record.name == model)
    return read_column(next(c.path for c in space.columns() if (c.model, c.name) == (identity, name)), name)


def test_values_are_weighted_and_say_by_what(space: Workspace) -> None:
    weights = column(space, "weight")
    found = {value.measure: value for value in space.values() if value.model == "one"}
    for name, samples in (("accuracy", "correct"), ("loss", "loss")):
        expected = np.average(column(space, samples).astype(float), weights=weights)
        assert found[name].value == pytest.approx(expected, rel=1e-6)
        assert found[name].weight == "importance"
        assert json.loads(found[name].model_dump_json())["weight"] == "importance"
    assert "weight" not in found["proxy.gradsign"].model_dump()
    assert "weight" not in found["cost.nominal.parameters"].model_dump()


def test_the_plan_and_the_results_say_what_weights_enter(space: Workspace, tmp_path: Path) -> None:
    told = [WEIGHTED, ALIKE.format("proxy.gradsign")]
    assert [remark for remark in planned(written(tmp_path)) if "weight" in remark] == told
    for record in space.models():
        assert set(told) <= set(record.facts["remarks"])


def test_what_trains_or_looks_at_single_samples_is_told_not_to_heed_them(tmp_path: Path) -> None:
    more = """
[[step]]
method = "retrain.full"
of = ["one"]
data = "rows"
[[fit]]
what = "fit.difficulty"
x = "parameters"
[[fit]]
what = "compare.carried_over"
"""
    remarks = planned(written(tmp_path), more)
    assert ALIKE.format("retrain.full") in remarks
    assert ALIKE.format("fit.difficulty") in remarks
    assert ALIKE.format("compare.carried_over") not in remarks


def test_without_weights_nothing_is_said_of_them(tmp_path: Path) -> None:
    recipe = RECIPE.replace('weight = "importance"', 'columns = ["x0", "x1", "x2"]')
    remarks = plan(anchored(parse_recipe(recipe), written(tmp_path))).remarks
    assert not any("weight" in remark for remark in remarks)


@pytest.mark.parametrize("name", ["label", "elsewhere"])
def test_a_column_of_no_weights_is_refused_before_anything_runs(name: str, tmp_path: Path) -> None:
    recipe = RECIPE.replace('weight = "importance"', f'weight = "{name}"')
    with pytest.raises(UserError, match=f"'{name}'"):
        plan(anchored(parse_recipe(recipe), written(tmp_path)))


def test_models_are_set_beside_each_other_by_weighted_samples(
    space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = differences(space, "other", "one")
    weights = column(space, "weight")
    same = column(space, "prediction") == column(space, "prediction", "other")
    values = {value.measure: value for value in space.values() if value.model == "one"}
    assert found["weight"] == "importance"
    assert found["second"]["mean"] == pytest.approx(values["accuracy"].value)
    assert found["agreement"] == pytest.approx(np.average(same, weights=weights))
    gain = values["compare.flips.difference"]
    assert list(found["gain"].values()) == pytest.approx([gain.value, gain.low, gain.high])
    assert not {"p_exact", "p_mid"} & set(found)
    print_differences([found], "other", "one")
    said = capsys.readouterr().out
    assert "weighted by 'importance'" in said
    assert "McNemar" not in said


def test_the_session_weighs_what_is_selected(space: Workspace) -> None:
    session = Session(space)
    session.refresh()

    def told(much: float) -> bool:
        found = session.accuracies()
        return found is not None and found[one].mean == pytest.approx(much)

    one = next(record.identity for record in space.models() if record.name == "one")
    weights, right = column(space, "weight"), column(space, "correct")
    within = np.arange(SAMPLES) % 3 == 0
    awaited(lambda: told(np.average(right, weights=weights)))
    session.select_samples(within)
    awaited(lambda: told(np.average(right[within], weights=weights[within])))
    session.close()


def awaited(condition: Any) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_fits_of_single_samples_get_the_weights(space: Workspace) -> None:
    entry = FitEntry(name="all", models=tuple(record.identity for record in space.models()))
    data = space.datasets()[0].identity
    found = correctness_of(space, FitSpec(name="", fit="compare.carried_over", version=3, of=(entry,), data=data))
    assert found
    assert found.weights is not None
    np.testing.assert_allclose(found.weights, column(space, "weight") / 9)


def test_what_an_earlier_version_measured_unweighted_is_told_until_it_is_measured_again(tmp_path: Path) -> None:
    folder = written(tmp_path)
    with Workspace.create(folder / "w.graft") as space:
        carry_out(space, RECIPE, folder)
    before = schema.MIGRATIONS.index(schema._WEIGHTED)
    with closing(sqlite3.connect(folder / "w.graft" / "workspace.db")) as db:
        db.executescript(f"ALTER TABLE measures DROP COLUMN weight; PRAGMA user_version = {before}")
    with Workspace.open(folder / "w.graft") as space:
        doubts = {record.name: record.doubt for record in space.models()}
        assert doubts["one"] == (
            "one was measured by an earlier version, which ignored the weights of rows; its numbers there count every "
            "sample alike. Run its recipe again."
        )
        assert set(doubts) == {"one", "other"}
        carry_out(space, RECIPE.replace('"loss", ', ""), folder)
        assert not any(record.doubt for record in space.models())
