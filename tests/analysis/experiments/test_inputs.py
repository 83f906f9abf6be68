"""What a trial uses is what was planned with, from its first look at it to its result."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.experiments.inputs import ChangedError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.identity import contents, hashing
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import Trial
from graftwork.analysis.worker.tasks import Desk, plan_recipe

from .small_networks import perceptron, recipe_of

ROWS = np.random.default_rng(0).normal(size=(20, 3))
STEP = '[[step]]\nmethod = "prune.magnitude"\nof = ["a"]\namount = 0.5\n'
IMAGES = """
[[model]]
name = "a"
path = "a.safetensors"
[[data]]
name = "pictures"
path = "pictures"
[measure]
data = "pictures"
what = ["accuracy"]
"""


class Meddling(Quiet):
    """A ticket that changes something as soon as the work is under way, when everything was opened."""

    def __init__(self, change: Callable[[], object]) -> None:
        super().__init__()
        self._change = change

    def progress(self, done: float, total: float, note: str = "") -> None:
        super().progress(done, total, note)
        if note in ("scores", "samples"):
            self._change()
            self._change = lambda: None


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    for folder in ("arrays", "checkpoints"):
        (tmp_path / "w.graft" / folder).mkdir(parents=True)
    return Runner(tmp_path / "w.graft", torch.device("cpu"))


def planned(folder: Path, text: str) -> tuple[Trial, ...]:
    return plan(anchored(parse_recipe(text), folder)).trials


def left(runner: Runner) -> list[str]:
    return [path.name for path in runner.root.rglob("*.*") if path.suffix in (".h5", ".safetensors")]


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def flip(path: Path) -> None:
    """Change one byte, and put the time back."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes() + b"\n")
    other.replace(path)


@pytest.mark.parametrize("change", [grow, flip, replace, Path.unlink])
@pytest.mark.parametrize(("name", "said"), [("a.safetensors", "checkpoint 'a'"), ("rows.csv", "data set 'rows'")])
def test_what_changes_while_it_is_used_fails_its_trial_by_name(
    tmp_path: Path, runner: Runner, name: str, said: str, change: Callable[[Path], None]
) -> None:
    (trial,) = planned(tmp_path, recipe_of(tmp_path, {"a": perceptron()}, ROWS))
    with pytest.raises(ChangedError, match=f"The {said}, .*{name}, changed while it was used"):
        runner.run(trial, Meddling(lambda: change(tmp_path / name)))
    assert not any(file.startswith(trial.identity) for file in left(runner))
    assert len(left(runner)) <= 1  # the names of the samples, which were kept before


def test_a_parent_that_changes_leaves_no_child(tmp_path: Path, runner: Runner) -> None:
    _, trial = planned(tmp_path, recipe_of(tmp_path, {"a": perceptron()}, ROWS, STEP))
    with pytest.raises(ChangedError, match="checkpoint 'a'"):
        runner.run(trial, Meddling(lambda: grow(tmp_path / "a.safetensors")))
    assert list((runner.root / "checkpoints").iterdir()) == []


def pictures(folder: Path) -> str:
    (folder / "pictures" / "one").mkdir(parents=True)
    (folder / "pictures" / "two").mkdir()
    for place in range(6):
        values = np.full((8, 8, 3), 40 * place, np.uint8)
        Image.fromarray(values).save(folder / "pictures" / ("one", "two")[place % 2] / f"{place}.png")
    return IMAGES


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: flip(folder / "one" / "2.png"),
        lambda folder: (folder / "two" / "3.png").unlink(),
        lambda folder: (folder / "two" / "7.png").write_bytes((folder / "two" / "3.png").read_bytes()),
    ],
)
def test_a_folder_of_images_is_watched_too(tmp_path: Path, runner: Runner, change: Callable[[Path], object]) -> None:
    recipe_of(tmp_path, {"a": perceptron(inputs=8 * 8 * 3)}, ROWS)
    (trial,) = planned(tmp_path, pictures(tmp_path))
    with pytest.raises(UserError, match=r"data set 'pictures', .*, changed while it was used"):
        runner.run(trial, Meddling(lambda: change(tmp_path / "pictures")))


@pytest.mark.parametrize("change", [lambda path: path.chmod(0o600), lambda path: os.link(path, f"{path}.more")])
def test_rights_and_names_may_change(tmp_path: Path, runner: Runner, change: Callable[[Path], None]) -> None:
    (trial,) = planned(tmp_path, recipe_of(tmp_path, {"a": perceptron()}, ROWS))
    result = runner.run(trial, Meddling(lambda: change(tmp_path / "a.safetensors")))
    assert result.trial == trial.identity


def test_rows_of_other_data_are_not_gone_on_from(tmp_path: Path, runner: Runner) -> None:
    """A pass that was cut off goes on only where its files lie as they did: they may have changed meanwhile."""
    (trial,) = planned(tmp_path, recipe_of(tmp_path, {"a": perceptron()}, ROWS))
    whole = runner.run(trial, Quiet())
    (file,) = {name for column, name in whole.columns.items() if column == "logits"}
    path = runner.root / "arrays" / file
    right = path.read_bytes()
    record = '{"rows": 20, "inputs": "as they lay before", "done": 20}'
    path.with_name(f"{file}.partial").write_bytes(bytes(len(right)))
    path.with_name(f"{file}.partial.json").write_text(record)
    path.unlink()
    runner.run(trial, Quiet())
    assert path.read_bytes() == right


def test_planning_hashes_each_file_once_and_a_trial_none_again(
    tmp_path: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def counted(path: Path, *rest: Callable[[int], None]) -> str:
        seen.append(path.name)
        return hashing.file_hash(path, *rest)

    monkeypatch.setattr(contents, "file_hash", counted)
    text = recipe_of(tmp_path, {name: perceptron(seed=seed) for seed, name in enumerate("abc")}, ROWS, STEP)
    for path in tmp_path.glob("*.*"):
        os.utime(path, ns=(0, 0))
    monkeypatch.setattr("graftwork.analysis.identity.sights.now", lambda: 1 << 62)
    trials = planned(tmp_path, text)
    assert sorted(seen) == ["a.safetensors", "b.safetensors", "c.safetensors", "rows.csv"]
    seen.clear()
    for trial in trials:
        runner.run(trial, Quiet())
    assert {name for name in seen if not name.endswith(".h5")} == set()


def test_planning_says_what_it_reads_and_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    text = recipe_of(tmp_path, {"a": perceptron()}, ROWS)
    asked = {"recipe": text, "folder": str(tmp_path)}
    ticket = Quiet()
    plan_recipe(Desk(torch.device("cpu")), asked, ticket)
    assert [note.partition(":")[0] for _, _, note in ticket.seen] == ["reading rows.csv", "reading a.safetensors"]
    with pytest.raises(Cancelled):
        plan_recipe(Desk(torch.device("cpu")), asked, Quiet(stop=lambda: True))
