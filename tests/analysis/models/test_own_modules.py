"""A person's own code as it runs: with the modules beside it, as they are now, and with nobody else's."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from graftwork.analysis import trust
from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.features.function import function_identity
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.workspace import Workspace
from tests.executing import run_trials

NET = """
from torch import nn
{imports}
class Net(nn.Module):
    input_shape = (2,)
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2, bias=False)
    def forward(self, x):
        {inside}
        return {times} * self.layer(x)
"""
IMPORTS = [
    ("import helper", "", "helper.TIMES"),
    ("from helper import TIMES", "", "TIMES"),
    ("from helper import *", "", "TIMES"),
    ("import p.helper as h", "", "h.TIMES"),
    ("import p.helper", "", "p.helper.TIMES"),
    ("from p import helper", "", "helper.TIMES"),
    ("from p import *", "", "helper.TIMES"),
    ("from .helper import TIMES", "", "TIMES"),
    ("", "from helper import TIMES", "TIMES"),
    ("", "import p.helper", "p.helper.TIMES"),
    ("import importlib; h = importlib.import_module('helper')", "", "h.TIMES"),
]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """See that no module of a person's own is left to be imported by others."""
    yield
    assert not {"helper", "p", "p.helper"} & sys.modules.keys()


def write(folder: Path, imports: str, inside: str, times: str, number: int) -> Path:
    """Write a network that multiplies by a helper's number, with the same times and sizes whenever it is written."""
    (folder / "p").mkdir(parents=True, exist_ok=True)
    files = {"net.py": NET.format(imports=imports, inside=inside or "pass", times=times)}
    files |= {"helper.py": f"TIMES = {number}", "p/helper.py": f"TIMES = {number}"}
    files |= {"p/__init__.py": "__all__ = ['helper']"}
    for name, text in files.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (1e9, 1e9))
    torch.save({"layer.weight": torch.eye(2)}, folder / "net.pt")
    trust.trust(folder / "net.py")
    return folder


def opened(folder: Path) -> Checkpoint:
    path = list(sys.path)
    checkpoint = open_checkpoint(folder / "net.pt", network=f"{folder / 'net.py'}:Net")
    assert sys.path == path
    return checkpoint


def factor(checkpoint: Checkpoint) -> float:
    with torch.inference_mode():
        return float(checkpoint.network()(torch.ones(1, 2))[0, 0])


@pytest.mark.parametrize(("imports", "inside", "times"), IMPORTS)
def test_a_changed_helper_runs_in_a_process_that_ran_the_old_one(
    imports: str, inside: str, times: str, tmp_path: Path
) -> None:
    for number in (3, 7, 3):
        assert factor(opened(write(tmp_path, imports, inside, times, number))) == number


@pytest.mark.parametrize(("imports", "inside", "times"), IMPORTS[:-1])
def test_helpers_of_one_name_do_not_meet(imports: str, inside: str, times: str, tmp_path: Path) -> None:
    one = opened(write(tmp_path / "one", imports, inside, times, 3))
    two = opened(write(tmp_path / "two", imports, inside, times, 7))
    assert [factor(one), factor(two), factor(one)] == [3, 7, 3]


def test_a_package_that_has_changed_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(write(tmp_path, "", "", "1", 1))
    torch.save({"layer.weight": torch.eye(2)}, tmp_path / "a.pt")
    (tmp_path / "p" / "net.py").write_text(NET.format(imports="from . import helper", inside="", times="helper.TIMES"))
    for number in (3, 7):
        (tmp_path / "p" / "helper.py").write_text(f"TIMES = {number}")
        trust.trust("p.net:Net")
        assert factor(open_checkpoint(tmp_path / "a.pt", network="p.net:Net")) == number


def test_an_installed_package_that_has_changed_is_not_run_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site-packages"
    write(folder, "", "", "1", 1)
    (folder / "p").rename(folder / "installed_lab")
    (folder / "installed_lab" / "net.py").write_text(NET.format(imports="", inside="", times="3"))
    monkeypatch.syspath_prepend(folder)
    trust.trust("installed_lab.net:Net")
    assert factor(open_checkpoint(folder / "net.pt", network="installed_lab.net:Net")) == 3
    (folder / "installed_lab" / "net.py").write_text(NET.format(imports="", inside="", times="7"))
    trust.trust("installed_lab.net:Net")
    with pytest.raises(UserError, match="has changed since it was imported"):
        open_checkpoint(folder / "net.pt", network="installed_lab.net:Net")


def test_annotations_that_are_texts_are_understood(tmp_path: Path) -> None:
    write(tmp_path, "import helper", "", "helper.Settings().times", 1)
    kept = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    (tmp_path / "helper.py").write_text(kept + "@dataclass\nclass Settings:\n    times: int = 5\n")
    trust.trust(tmp_path / "net.py")
    assert factor(opened(tmp_path)) == 5


def test_nothing_runs_where_a_helper_has_changed(tmp_path: Path) -> None:
    folder = write(tmp_path, "import helper", "", "helper.TIMES", 3)
    mark = folder / "ran"
    for name in ("helper.py", "net.py"):
        (folder / name).write_text((folder / name).read_text() + f"\nopen({str(mark)!r}, 'w').close()\n")
        with pytest.raises(UserError, match="has not been trusted"):
            opened(folder)
    assert not mark.exists()


RECIPE = """
[[model]]
name = "mine"
path = "net.pt"
network = "net.py:Net"
"""


def test_a_network_of_another_helper_is_another_one(tmp_path: Path) -> None:
    identities, functions = [], []
    for number in (3, 7):
        folder = write(tmp_path, "import helper", "", "helper.TIMES", number)
        planned = plan(anchored(parse_recipe(RECIPE), folder))
        identities.append(next(iter(planned.trials)).model.identity)
        checkpoint = opened(folder)
        assert checkpoint.architecture
        functions.append(function_identity(checkpoint.network(), checkpoint.architecture))
    assert len(set(identities)) == len(set(functions)) == 2


def test_a_helper_that_changes_after_the_planning_is_noticed(tmp_path: Path) -> None:
    planned = plan(anchored(parse_recipe(RECIPE), write(tmp_path, "import helper", "", "helper.TIMES", 3)))
    with Workspace.create(tmp_path / "w.graft") as space:
        space.add_plan(planned, RECIPE)
        write(tmp_path, "import helper", "", "helper.TIMES", 7)
        with pytest.raises(UserError, match=r"code of 'mine', .*net\.py:Net, has changed since the run was planned"):
            run_trials(space, planned.trials)
