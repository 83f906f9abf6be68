"""What a plan will take."""

from pathlib import Path
from types import SimpleNamespace

import h5py
import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.estimates import estimate, least_disk, line
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.room import require_disk, require_memory
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import DerivedModel, Plan
from graftwork.analysis.worker.tasks import Desk, plan_recipe

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
RECIPE = """
[[model]]
name = "small"
path = "digits-resnet8.safetensors"
[[model]]
name = "large"
path = "digits-resnet20.safetensors"
[[data]]
name = "test"
path = "digits"
split = "test"
[[step]]
method = "prune.magnitude"
of = ["small", "large"]
amount = {amounts}
[measure]
data = "test"
what = ["accuracy"]
"""


def planned(amounts: str) -> Plan:
    return plan(anchored(parse_recipe(RECIPE.format(amounts=amounts)), DEMO))


def test_without_a_past_the_time_is_unknown_and_the_rest_is_known() -> None:
    found = planned("[0.5]")
    for trial, guess in zip(found.trials, estimate(found), strict=True):
        assert guess.seconds is None
        assert guess.memory is not None
        assert guess.memory > 256 * 64 * 4
        assert guess.disk is not None
        assert (guess.disk > 40_000) == isinstance(trial.model, DerivedModel)


def test_trials_take_as_long_as_those_that_did_the_same() -> None:
    past = planned("[0.1, 0.2, 0.3]")
    seconds = {"small": 1.0, "large": 9.0, "small/magnitude-0.1": 2.0, "small/magnitude-0.2": 3.0}
    known = [(trial, seconds.get(trial.model.name, 10.0)) for trial in past.trials]
    found = planned("[0.7]")
    by_name = {t.model.name: e for t, e in zip(found.trials, estimate(found, known), strict=True)}
    assert by_name["small/magnitude-0.7"].seconds == 3.0  # the median of 2, 3 and 10
    assert by_name["small/magnitude-0.7"].alike == 3
    assert by_name["large/magnitude-0.7"].seconds == 10.0
    assert by_name["large"].seconds == 9.0


def test_a_new_operation_is_timed_by_what_its_pass_costs() -> None:
    past = planned("[0.1]")
    known = [(t, 1.0 if t.model.name == "small" else 3.0) for t in past.trials if t.model.name in ("small", "large")]
    found = planned("[0.7]")
    by_name = {t.model.name: e for t, e in zip(found.trials, estimate(found, known), strict=True)}
    assert by_name["small/magnitude-0.7"].alike == 0
    assert by_name["small/magnitude-0.7"].seconds == pytest.approx(1.0)
    assert by_name["large/magnitude-0.7"].seconds == pytest.approx(3.0)


def test_a_line_has_no_negative_part_and_does_not_reach_far() -> None:
    assert line([(1.0, 2.0), (2.0, 3.0)], 3.0) == pytest.approx(4.0)
    assert line([(1.0, 3.0), (2.0, 2.0)], 1.0) == pytest.approx(2.5)  # never faster with more work
    assert line([(1.0, 1.0), (2.0, 9.0)], 0.0) == pytest.approx(0.0, abs=0.8)
    assert line([(1.0, 2.0), (1.0, 3.0)], 1.0) is None
    assert line([(1.0, 2.0), (2.0, 3.0)], 100.0) is None
    assert line([], 1.0) is None


def test_training_takes_what_its_steps_keep_for_the_way_back() -> None:
    recipe = RECIPE.format(amounts="[0.5]").replace(
        "[measure]",
        """[[step]]
name = "recover"
method = "retrain.full"
of = ["magnitude"]
data = "test"
steps = 3
batch = [128, 256]
[measure]""",
    )
    found = plan(anchored(parse_recipe(recipe), DEMO))
    memory = {trial.model.name: guess.memory for trial, guess in zip(found.trials, estimate(found), strict=True)}
    pruned, narrow, wide = (memory[f"small/magnitude-0.5{then}"] or 0 for then in ("", "/recover-128", "/recover-256"))
    assert pruned < narrow
    assert 1.5 * narrow < wide < 2 * narrow


def test_a_file_that_several_trials_share_is_counted_once() -> None:
    found = planned("[0.5, 0.7]")
    again = tuple(trial.replaced(seed=1) for trial in found.trials)
    alone = least_disk(found)
    weights = sum((DEMO / f"digits-resnet{depth}.safetensors").stat().st_size for depth in (8, 20))
    assert alone > 2 * 0.9 * weights  # of two amounts each, beside what the passes leave
    assert least_disk(found.replaced(trials=(*found.trials, *again))) == alone
    assert least_disk(found, found.trials[:1]) < alone
    assert least_disk(found, found.trials) == 0


def test_what_is_kept_is_counted_to_the_byte(tmp_path: Path) -> None:
    text = RECIPE.format(amounts="[0.5]") + 'layers = ["stages", "kind:Conv2d"]\npool = "flatten"'
    recipe = anchored(parse_recipe(text), DEMO)
    one = plan(recipe).trials[0]
    (tmp_path / "arrays").mkdir()
    (tmp_path / "checkpoints").mkdir()
    result = Runner(tmp_path, torch.device("cpu")).run(one, Quiet())
    assert result.passed
    with h5py.File(tmp_path / "arrays" / result.passed.file) as file:
        kept = sum(column.nbytes for column in file.values())
    assert least_disk(Plan(title="", trials=(one,))) == kept


def test_a_plan_that_the_disk_has_no_room_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = planned("[0.5]")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=least_disk(found)))
    require_disk(found, (), tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100_000))
    with pytest.raises(UserError, match=r"would leave at least 0\.\d MB, and .* has 0\.1 MB of free space") as refused:
        require_disk(found, (), tmp_path)
    assert refused.value.next_step.startswith("Free some space")
    require_disk(found, found.trials, tmp_path)


def test_a_trial_that_no_worker_has_the_memory_for_is_refused_with_the_number_that_would_do() -> None:
    found = planned("[0.5]")
    largest = max(guess.memory or 0 for guess in estimate(found))
    require_memory(found, 3 * largest, 3)
    with pytest.raises(UserError, match=r"'large.*' needs about .* and each of 4 workers may take") as refused:
        require_memory(found, 3 * largest, 4)
    assert "--workers 3" in refused.value.next_step
    with pytest.raises(UserError, match="MB of memory") as refused:
        require_memory(found, largest - 1, 1)
    assert "more memory" in refused.value.next_step
    task = {"recipe": RECIPE.format(amounts="[0.5]"), "folder": DEMO, "memory": largest, "workers": 2}
    with pytest.raises(UserError, match="each of 2 workers"):
        plan_recipe(Desk(torch.device("cpu")), task, Quiet())


def test_parents_that_do_not_fit_are_refused_before_anything_runs() -> None:
    recipe = RECIPE.format(amounts="[0.5]").replace(
        "[measure]",
        """[[step]]
method = "merge.linear"
of = [["small", "large"]]
[measure]""",
    )
    with pytest.raises(UserError, match="missing in small") as refused:
        plan(anchored(parse_recipe(recipe), DEMO))
    assert "one architecture" in refused.value.next_step


def test_derived_parents_are_known_by_their_ancestors() -> None:
    recipe = RECIPE.format(amounts="[0.5]").replace(
        "[measure]",
        """[[step]]
method = "merge.linear"
of = [["magnitude", "small"]]
[measure]""",
    )
    with pytest.raises(UserError, match="missing in"):
        plan(anchored(parse_recipe(recipe), DEMO))
