"""From recipes to trials: sweeps, groups, identities, and what is refused."""

from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.recipe import Recipe, anchored, parse_recipe, write_recipe
from graftwork.analysis.trials import DataSpec, DerivedModel, FeatureSpec, MeasureSpec, Plan, SourceModel, Trial

HEAD = """
seeds = [0, 1]
[[model]]
name = "a"
path = "a.pt"
[[model]]
name = "b"
path = "b.pt"
[[data]]
name = "test"
path = "digits"
[measure]
data = "test"
what = ["accuracy"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / f"{name}.pt").write_text(name)
    return tmp_path


def _plan(folder: Path, steps: str, head: str = HEAD) -> Plan:
    return plan(anchored(parse_recipe(head + steps), folder))


def _step(method: str, of: str, rest: str = "") -> str:
    return f'[[step]]\nmethod = "{method}"\nof = {of}\n{rest}\n'


def test_lists_are_swept_and_combined(folder: Path) -> None:
    planned = _plan(folder, _step("prune.magnitude", '["a"]', 'amount = [0.2, 0.4]\nscope = ["global", "layer"]'))
    assert [t.model.name for t in planned.trials[2:]] == [
        "a/magnitude-0.2-global",
        "a/magnitude-0.2-layer",
        "a/magnitude-0.4-global",
        "a/magnitude-0.4-layer",
    ]


def test_only_methods_that_draw_run_once_a_seed(folder: Path) -> None:
    planned = _plan(folder, _step("prune.magnitude", '["a"]') + _step("prune.random", '["a"]'))
    assert [t.model.seed for t in planned.trials[2:] if isinstance(t.model, DerivedModel)] == [None, 0, 1]


def test_a_list_that_the_method_takes_is_no_sweep(folder: Path) -> None:
    planned = _plan(folder, _step("merge.linear", '[["a", "b"]]', "weights = [0.3, 0.7]"))
    assert len(planned.trials) == 3


def test_a_group_over_a_sweep_pairs_every_member(folder: Path) -> None:
    steps = _step("prune.magnitude", '["a"]', 'name = "cut"\namount = [0.1, 0.2]')
    planned = _plan(folder, steps + _step("merge.linear", '[["cut", "b"]]'))
    merges = [t.model for t in planned.trials if isinstance(t.model, DerivedModel) and t.model.method == "merge.linear"]
    assert [model.name for model in merges] == ["a/cut-0.1+b/linear", "a/cut-0.2+b/linear"]
    assert all(len(model.parents) == 2 for model in merges)
    order = [t.model.identity for t in planned.trials]
    assert all(order.index(parent) < order.index(model.identity) for model in merges for parent in model.parents)


def test_identities_are_of_content_not_of_names_or_places(folder: Path) -> None:
    step = _step("prune.magnitude", '["a"]')
    first = _plan(folder, step)
    moved = folder / "elsewhere"
    moved.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.pt").rename(moved / f"{name}.pt")
    second = _plan(moved, step.replace('["a"]', '["z"]'), HEAD.replace('name = "a"', 'name = "z"'))
    assert [t.identity for t in first.trials] == [t.identity for t in second.trials]
    (moved / "a.pt").write_text("other")
    third = _plan(moved, step)
    assert {t.identity for t in third.trials} & {t.identity for t in first.trials} == {first.trials[1].identity}


def test_what_the_workspace_keeps_can_be_a_parent(folder: Path) -> None:
    kept = _plan(folder, _step("prune.magnitude", '["a"]')).trials[-1].model
    recipe = '[[model]]\nname = "x"\npath = "workspace:a/magnitude"\n' + _step("prune.random", '["x"]')
    planned = plan(anchored(parse_recipe(recipe), folder), kept={"a/magnitude": kept})
    made = planned.trials[-1].model
    assert isinstance(made, DerivedModel)
    assert made.parents == (kept.identity,)


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (_step("prune.magnitud", '["a"]'), "no method 'prune.magnitud'. Did you mean 'prune.magnitude'"),
        (_step("prune.magnitude", '["aa"]'), "no model or earlier step 'aa'. Did you mean 'a'"),
        (_step("prune.magnitude", '["a"]', "amout = 0.5"), "called 'amout'. Did you mean 'amount'"),
        (_step("prune.magnitude", '["a"]', "amount = 1.5"), "amount = 1.5 does not fit"),
        (_step("prune.magnitude", '["a"]', "amount = []"), "amount is an empty list"),
        (_step("prune.magnitude", '[["a", "b"]]'), "takes one parent"),
        (_step("prune.magnitude", '["a"]', 'name = "b"'), "Two entries of the recipe are called 'b'"),
    ],
)
def test_a_wrong_step_is_refused_with_a_sentence(steps: str, sentence: str, folder: Path) -> None:
    with pytest.raises(UserError) as refused:
        _plan(folder, steps)
    assert sentence in str(refused.value)


def test_wrong_inputs_and_measures_are_refused(folder: Path) -> None:
    with pytest.raises(UserError, match=r"The model 'a', .*, is not there"):
        _plan(folder, "", HEAD.replace("a.pt", "none.pt"))
    with pytest.raises(UserError, match=r"no data set 'tset'. Did you mean 'test'"):
        _plan(folder, "", HEAD.replace('data = "test"', 'data = "tset"'))
    with pytest.raises(UserError, match=r"no measure 'acuracy'"):
        _plan(folder, "", HEAD.replace('"accuracy"', '"acuracy"'))
    with pytest.raises(UserError, match=r"called 'bins'"):
        _plan(folder, "", HEAD + "bins = 3\n")


def test_a_recipe_survives_writing_and_reading() -> None:
    recipe = parse_recipe(HEAD + _step("prune.magnitude", '["a", "b"]', "amount = [0.5]"))
    assert parse_recipe(write_recipe(recipe)) == recipe


def test_notes_are_comments_and_the_rest_is_read_as_it_was() -> None:
    odd = 'a "b"\\ # \n\t\x7f é'
    extra = "weights = [0.25, 0.75]"
    recipe = parse_recipe(HEAD + _step("merge.linear", '[["a", "b"]]', extra))
    steps = tuple(step.replaced(note="Why it is there. " * 20) for step in recipe.step)
    noted = recipe.replaced(title=odd, step=steps)
    text = write_recipe(noted)
    assert parse_recipe(text) == noted.replaced(step=recipe.step)
    assert "# Why it is there." in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_step_may_have_seeds_of_its_own(folder: Path) -> None:
    own = "name = 'own'\nseeds = [3, 4, 5]"
    found = _plan(folder, _step("prune.random", '["a"]') + _step("prune.random", '["a"]', own))
    seeds = [trial.model.seed for trial in found.trials if isinstance(trial.model, DerivedModel)]
    assert seeds == [0, 1, 3, 4, 5]


@pytest.mark.parametrize(
    "text", ["", "x = ", "[[model]]\nname = 3", "[[model]]\nname='a'\npath='p'\nextra=1", "seeds=[]"]
)
def test_what_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_recipe(text)


def test_paths_start_at_the_recipes_folder(tmp_path: Path) -> None:
    recipe: Recipe = anchored(parse_recipe(HEAD), tmp_path)
    assert recipe.model[0].path == str(tmp_path / "a.pt")
    assert recipe.data[0].path == "digits"


def test_identities_are_those_of_workspaces_that_are_out_there() -> None:
    model, data = SourceModel(name="a", path="/x", content="c"), DataSpec(name="d", path="digits", content="digits")
    measures = (MeasureSpec(measure="accuracy", version=1),)
    trial = Trial(model=model, data=data, measures=measures)
    assert data.identity == "e28b4892d8561eb6ae4506317aa0d283"
    assert trial.identity == "5e20d16a8a3a4855c87a8a9b47b48b4b"
    assert Trial(model=model, data=data, measures=measures, features=FeatureSpec()).identity != trial.identity


def test_layers_are_kept_beside_the_measures_or_alone(folder: Path) -> None:
    asked = 'layers = ["stages", "kind:Conv2d"]\npool = "flatten"\ndtype = "auto"\n'
    (first, *_) = _plan(folder, "", HEAD + asked).trials
    assert first.features == FeatureSpec(layers=("stages", "kind:Conv2d"), pool="flatten", dtype="auto")
    alone = HEAD.replace('what = ["accuracy"]', 'layers = "stages"')
    assert _plan(folder, "", alone).trials[0].measures == ()
    with pytest.raises(UserError, match="name measures in 'what'"):
        _plan(folder, "", HEAD.replace('what = ["accuracy"]', ""))


def test_a_pattern_stands_for_a_series(folder: Path) -> None:
    for epoch in (1, 2, 10):
        (folder / "run").mkdir(exist_ok=True)
        (folder / "run" / f"epoch{epoch}.pt").write_text(str(epoch))
    head = HEAD.replace('name = "b"\npath = "b.pt"', 'name = "run"\npath = "run/*.pt"')
    trials = _plan(folder, _step("prune.magnitude", '["run"]', "amount = 0.5"), head).trials
    assert [t.model.name for t in trials] == [
        "a",
        "run/epoch1",
        "run/epoch2",
        "run/epoch10",
        "run/epoch1/magnitude",
        "run/epoch2/magnitude",
        "run/epoch10/magnitude",
    ]
    with pytest.raises(UserError, match="No file fits"):
        _plan(folder, "", head.replace("run/*.pt", "walk/*.pt"))
    (folder / "other" / "epoch1").mkdir(parents=True)
    (folder / "run" / "seed1").mkdir()
    for place in ("run/seed1/last.pt", "other/epoch1/last.pt"):
        (folder / place).write_text(place)
    deep = _plan(folder, "", head.replace("run/*.pt", "**/last.pt")).trials
    assert [t.model.name for t in deep[1:]] == ["run/other/epoch1/last", "run/run/seed1/last"]
