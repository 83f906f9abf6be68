"""Labels that stand for other outputs than those of their number, and what is remarked of classes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from graftwork.analysis.data import open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.class_order import lined_up
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import DataSpec

NAMES = ["bad", "so-so", "Very good"]


def linear(outputs: int, names: Any = None) -> bytes:
    metadata = {"graftwork": json.dumps({"id2label": names})} if names else None
    return bytes(save({"0.weight": torch.eye(outputs), "0.bias": torch.zeros(outputs)}, metadata))


def said(root: Path, kinds: str, outputs: int, names: Any = None, **fields: Any) -> tuple[str, ...]:
    """Line up the classes of a table, one word a row, with a linear network's outputs."""
    path = root / "net.safetensors"
    path.write_bytes(linear(outputs, names))
    columns = ",".join(f"x{n}" for n in range(outputs))
    rows = "".join(f"{','.join('1' * outputs)},{kind}\n" for kind in kinds.split("|"))
    (root / "set.csv").write_text(f"{columns},label\n{rows}")
    spec = DataSpec(name="set", path=str(root / "set.csv"), content="-", **fields)
    with open_data(spec) as data:
        return lined_up("net", open_checkpoint(path), spec, data)


@pytest.mark.parametrize(
    ("kinds", "outputs", "names"),
    [
        ("0|1|2", 3, None),
        ("0|1|2", 3, NAMES),
        ("a|b|c", 3, None),
        ("a|b|c", 3, ["LABEL_0", "LABEL_1", "LABEL_2"]),
        ("a|b|c", 3, ["c", "b"]),
        ("BAD|so-so|very_good", 3, NAMES),
        ("bad|so-so|very good", 3, {"0": "bad", "2": "Very good", "1": "so-so"}),
        ("-1|2|10", 3, None),
    ],
)
def test_nothing_is_said_of_classes_that_are_in_line(kinds: str, outputs: int, names: Any, tmp_path: Path) -> None:
    assert said(tmp_path, kinds, outputs, names) == ()


@pytest.mark.parametrize(
    ("kinds", "outputs", "names", "way"),
    [
        ("bad|good", 2, ["good", "bad"], '["good", "bad"]'),
        ("bad|good", 2, {"0": "Good", "1": "Bad"}, '["good", "bad"]'),
        ("bad|very good", 3, NAMES, '["bad", "so-so", "very good"]'),
        ("1|2|3", 3, None, '["1", "2", "3"]'),
        ("-1|1", 3, None, '["0", "1", "2"]'),
    ],
)
def test_labels_of_other_outputs_are_refused_with_the_way_out(
    kinds: str, outputs: int, names: Any, way: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        said(tmp_path, kinds, outputs, names)
    assert f"classes = {way}" in caught.value.next_step
    if way != '["0", "1", "2"]':
        assert said(tmp_path, kinds, outputs, names, classes=tuple(json.loads(way))) == ()


@pytest.mark.parametrize(
    ("kinds", "outputs", "names", "remark"),
    [
        ("a|b", 4, None, "net has 4 outputs, and set 2 classes: a, b."),
        ("a", 2, None, "net has 2 outputs, and set 1 class: a."),
        ("1|2", 3, None, "No sample of set has the label 0: its labels begin at 1."),
        ("cat|dog|elk", 3, NAMES, "The outputs of net are called bad, so-so, Very good, and the classes of set cat"),
    ],
)
def test_what_a_person_may_want_to_know(kinds: str, outputs: int, names: Any, remark: str, tmp_path: Path) -> None:
    (found,) = said(tmp_path, kinds, outputs, names)
    assert found.startswith(remark)


RECIPE = """
    [[model]]
    name = "net"
    path = "net.safetensors"
    [[data]]
    name = "set"
    path = "set.csv"
    [measure]
    data = "set"
    what = ["accuracy"]
"""


def test_a_plan_carries_its_remarks_and_is_refused_for_the_same(tmp_path: Path) -> None:
    recipe = anchored(parse_recipe(RECIPE), tmp_path)
    said(tmp_path, "a|b", 3)
    assert plan(recipe).remarks == ("net has 3 outputs, and set 2 classes: a, b.",)
    (tmp_path / "net.safetensors").write_bytes(linear(2))
    (tmp_path / "set.csv").write_text("a,b,label\n1,0,1\n0,1,2\n")
    with pytest.raises(UserError, match="count from 0"):
        plan(recipe)
