"""Two recipes that measure the same models otherwise: their numbers, columns and fits are told apart."""

from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.asked import Asked
from graftwork.analysis.recipe import Measuring, parse_recipe
from graftwork.analysis.search.goals import goal_of
from graftwork.analysis.session import Session
from graftwork.analysis.sets.answering import answer
from graftwork.analysis.sets.gathering import inputs_of, named_in
from graftwork.analysis.sets.kept import kept_fits
from graftwork.analysis.trials import FitResult, FitSpec
from graftwork.analysis.workspace import Workspace

from ...executing import carry_out

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
FLIPS, TOPK, ECE = "compare.flips.negative", "accuracy.topk", "calibration.ece"
RECIPE = """
[[model]]
name = "net"
path = "digits-resnet{size}.safetensors"
[[model]]
name = "cut"
path = "digits-resnet14-{cut}.safetensors"
[[data]]
name = "test"
path = "digits"
split = "test"
normalise = "digits"
limit = 20
[measure]
data = "test"
what = ["accuracy.topk", "calibration", "compare.flips"]
reference = "net"
k = {k}
bins = {bins}
[[fit]]
name = "order {k}"
what = "rank.aggregate"
measures = ["accuracy.topk", "calibration.ece (bins = {bins})", "compare.flips.negative"]
[[fit]]
name = "trace {k}"
what = "trace.checkpoints"
x = "accuracy.topk"
y = "compare.flips.negative (against net)"
"""
FIRST = RECIPE.format(size=8, cut="high", k=1, bins=15)
SECOND = RECIPE.format(size=14, cut="high", k=3, bins=2)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two recipes' results; the second calls another file ``net``."""
    home = tmp_path_factory.mktemp("otherwise") / "w.graft"
    with Workspace.create(home) as made:
        for recipe in (FIRST, SECOND):
            carry_out(made, recipe, DEMO)
        for k in (1, 3):
            trace = spec_of(made, f"trace {k}")
            made.finish_fit(trace.identity, inputs_of(made, trace), FitResult())
    return Workspace.open(home, read_only=True)


def spec_of(space: Workspace, name: str) -> FitSpec:
    return next(record.spec for record in space.fits() if record.spec.name == name)


def test_each_recipes_numbers_have_names_of_their_own(space: Workspace) -> None:
    names = {v.name for v in space.values() if v.model == "cut" and v.measure in (FLIPS, TOPK, ECE)}
    assert names == {
        f"{TOPK} (k = 1)",
        f"{TOPK} (k = 3)",
        ECE,
        f"{ECE} (bins = 2)",
        f"{FLIPS} (against net)",
        f"{FLIPS} (against net #2)",
    }
    settings = {v.name: v.settings for v in space.values()}
    assert (settings[ECE], settings[f"{ECE} (bins = 2)"]) == ({"bins": 15}, {"bins": 2})


def test_columns_of_a_comparison_are_read_by_their_names(space: Workspace) -> None:
    session = Session(space)
    session.refresh()
    cut = next(model.identity for model in space.models() if model.name == "cut")
    names = {column.name for column in space.columns() if column.model == cut and "flip" in column.name}
    assert names == {"compare.flips.flip (against net)", "compare.flips.flip (against net #2)"}
    assert all(session.has_column(cut, name) for name in names)
    with pytest.raises(UserError, match=r"'compare.flips.flip' was measured in several ways"):
        session.column(cut, "compare.flips.flip")
    session.close()


@pytest.mark.parametrize(
    ("fit", "k", "ece", "net"), [("order 1", 1, ECE, "net"), ("order 3", 3, f"{ECE} (bins = 2)", "net #2")]
)
def test_a_recipes_fit_is_of_what_that_recipe_measured(space: Workspace, fit: str, k: int, ece: str, net: str) -> None:
    spec = spec_of(space, fit)
    named = named_in(space, spec)
    assert [named(name) for name in (TOPK, ECE, FLIPS)] == [f"{TOPK} (k = {k})", ece, f"{FLIPS} (against {net})"]
    result = answer(space.path, spec, {TOPK: "higher", ECE: "lower", FLIPS: "lower"})
    assert {value.measure.rpartition(".")[2] for value in result.values} == {"cut", net}


def test_a_kept_fit_is_told_with_the_names_that_it_means(space: Workspace) -> None:
    assert {(fit.spec.name, fit.spec.x, fit.spec.y) for fit in kept_fits(space) if not fit.problem} == {
        ("trace 1", f"{TOPK} (k = 1)", f"{FLIPS} (against net)"),
        ("trace 3", f"{TOPK} (k = 3)", f"{FLIPS} (against net #2)"),
    }


MEASURING = Measuring.model_validate(
    {"data": "test", "what": ("accuracy", TOPK, "compare.flips"), "reference": "net", "k": 3}
)


@pytest.mark.parametrize(
    ("name", "plain", "shown"),
    [
        (TOPK, TOPK, f"{TOPK} (k = 3)"),
        (f"{TOPK} (k = 3).class.cat", f"{TOPK}.class.cat", f"{TOPK} (k = 3).class.cat"),
        (f"{FLIPS} (against net)", FLIPS, f"{FLIPS} (against net)"),
        ("accuracy", "accuracy", "accuracy"),
    ],
)
def test_a_name_in_a_recipe_means_what_the_recipe_measures(name: str, plain: str, shown: str) -> None:
    asked = Asked.of(MEASURING)
    assert (asked.plain(name), str(asked.named(plain)), asked.tells(name)) == (plain, shown, plain != shown)


@pytest.mark.parametrize("name", [f"{TOPK} (k = 5)", f"{FLIPS} (against cut)", "loss", "accuracy (k = 3)"])
def test_a_name_of_what_a_recipe_measures_otherwise_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="There is no quantity among what is measured called"):
        Asked.of(MEASURING).plain(name)


@pytest.mark.parametrize("axis", ['x = "calibration.ece (bins = 3)"', 'y = "accuracy.topk (k = 2)"'])
def test_a_fit_of_what_its_recipe_measures_otherwise_is_refused(space: Workspace, tmp_path: Path, axis: str) -> None:
    with Workspace.create(tmp_path / "w.graft") as other, pytest.raises(UserError, match="There is no quantity"):
        carry_out(other, f'{FIRST}[[fit]]\nwhat = "trace.checkpoints"\n{axis}\n', DEMO)


def test_an_order_by_what_its_recipe_measures_otherwise_is_refused(tmp_path: Path) -> None:
    recipe = FIRST.replace("(bins = 15)", "(bins = 3)")
    with Workspace.create(tmp_path / "w.graft") as other, pytest.raises(UserError, match="There is no quantity"):
        carry_out(other, recipe, DEMO)


def test_a_fit_by_defaults_alone_keeps_its_identity() -> None:
    spec = FitSpec(name="f", fit="trace.checkpoints", version=1, of=(), y="accuracy")
    assert spec.identity == FitSpec(name="g", fit="trace.checkpoints", version=1, of=(), y="accuracy").identity
    assert "measured" not in str(spec.model_dump(exclude_defaults=True))


@pytest.mark.parametrize("bound", [TOPK, f"{TOPK} (k = 3)"])
def test_a_search_tells_what_it_goes_by(bound: str) -> None:
    bounds = f'keep = {{"{bound}" = 0.01}}\nobjectives = ["{bound}"]\n'
    recipe = parse_recipe(f'{SECOND}[search]\ngoal = "smallest"\n{bounds}over.cut.amount = [0.1, 0.2]\n')
    assert recipe.search
    goal = goal_of(recipe.search, recipe.measure)
    assert (goal.measures, goal.name(TOPK)) == ((TOPK,), f"{TOPK} (k = 3)")
