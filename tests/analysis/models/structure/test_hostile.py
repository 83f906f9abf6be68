"""Structures that a stranger's file makes up are refused by a sentence, before memory is taken."""

import json
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import open_checkpoint, write_checkpoint

DEMO = {"family": "resnet_cifar"}
Lie = dict[str, Any]


def path(order: list[int], blocks: str = "layer1") -> Lie:
    return {"kind": "path", "blocks": blocks, "order": order}


def factors(layer: str, rank: int) -> Lie:
    return {"kind": "replace", "layer": layer, "form": "factors", "options": {"rank": rank}}


def resize(layer: str, tensors: Mapping[str, Any], **counts: Any) -> Lie:
    return {"kind": "resize", "layer": layer, "tensors": dict(tensors), "counts": counts}


EDITS: Mapping[str, list[Lie]] = {
    "a hundred thousand edits": [path([0])] * 100_000,
    "a place that is not there": [factors("layer9.0.conv1", 2)],
    "a place above the network": [factors("..", 2)],
    "a layer that has no such form": [factors("bn1", 2)],
    "a form that nobody knows": [factors("conv1", 2) | {"form": "os.system"}],
    "a form without its options": [factors("conv1", 2) | {"options": {}}],
    "a rank that lies": [factors("layer1.0.conv1", 3)],
    "a rank beyond memory": [factors("layer1.0.conv1", 2**31 - 1)],
    "a rank beyond all": [factors("layer1.0.conv1", 2**70)],
    "a rank below nothing": [factors("layer1.0.conv1", -1)],
    "a block that is not there": [path([0, 7])],
    "a block below the first": [path([-1])],
    "a block for ever": [path([0] * 1_000_000)],
    "blocks within blocks": [path([0] * 10_000), *[{"kind": "insert", "after": "layer1.0", "form": "pointwise"}] * 2],
    "a row that is none": [path([0], "conv1")],
    "a kind that nobody knows": [{"kind": "run", "code": "print()"}],
    "a part that is not there": [{"kind": "take", "place": "conv1", "part": "other", "layer": "conv1"}],
    "itself within itself": [{"kind": "take", "place": "layer1.0", "part": "", "layer": "layer1"}],
    "a side that lies": [resize("conv1", {"weight": [3, 1, 3, 3]})],
    "a longer side": [resize("conv1", {"weight": [2**30, 1, 3, 3]})],
    "no side": [resize("conv1", {"weight": [0, 1, 3, 3]})],
    "a side below nothing": [resize("conv1", {"weight": [-4, 1, 3, 3]})],
    "a side beyond all": [resize("conv1", {"weight": [2**70, 1, 3, 3]})],
    "more axes": [resize("conv1", {"weight": [4, 1, 3, 3, 1]})],
    "a tensor that is not there": [resize("conv1", {"__class__": [4]})],
    "a layer to resize that is not there": [resize("layer9.0", {"weight": [4]})],
    "a count of nothing": [resize("conv1", {}, groups=0)],
    "a count that grows": [resize("conv1", {}, groups=2**30)],
    "a count that is none": [resize("conv1", {}, training=0)],
    "groups that do not divide": [resize("conv1", {}, groups=1), resize("bn1", {}, num_groups=1)],
    "no list": {"kind": "path"},  # type: ignore[dict-item]
}
BASES: Mapping[str, Lie] = {
    "a family that nobody knows": {"family": "os.path", "config": {}},
    "settings of nothing": {"family": "resnet_cifar", "config": {}},
    "settings without end": {
        "family": "resnet_cifar",
        "config": {
            "channels": 1,
            "stem": 2,
            "widths": [2],
            "shortcut": None,
            "padding": None,
            "head": "fc",
            "classes": 2,
            "hidden": [[2] * 1_000_000],
        },
    },
    "sides beyond memory": {
        "family": "mlp",
        "config": {"widths": [2**40, 2**40], "depth": 1},
    },
    "settings of another kind": {"family": "vit", "config": {"widths": "many"}},
    "a library's network that is none": {"family": "timm", "config": {"network": "timm:no_such", "config": {}}},
    "a library's network without a name": {"family": "transformers", "config": {"network": ["x"]}},
    "code of one's own that was never trusted": {"family": "own", "config": {"network": "evil.py:build"}},
}


def written(demo: Path, to: Path, structure: Any) -> Path:
    parent = open_checkpoint(demo / "digits-resnet8.safetensors")
    write_checkpoint(to, parent.specs, parent.tensor, {"structure": structure})
    return to


@pytest.fixture
def base(demo: Path) -> dict[str, Any]:
    return open_checkpoint(demo / "digits-resnet8.safetensors").structure().parts[""].model_dump()


def refused(file: Path) -> str:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError) as error:
        open_checkpoint(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000, "kilobytes that opening took"
    assert "Error" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("lie", EDITS)
def test_edits_that_cannot_be(lie: str, demo: Path, base: dict[str, Any], tmp_path: Path) -> None:
    structure = {"version": 1, "parts": {"": base}, "edits": EDITS[lie]}
    refused(written(demo, tmp_path / "lie.safetensors", structure))


@pytest.mark.parametrize("lie", BASES)
def test_bases_that_cannot_be(lie: str, demo: Path, tmp_path: Path) -> None:
    structure = {"version": 1, "parts": {"": BASES[lie]}, "edits": []}
    refused(written(demo, tmp_path / "lie.safetensors", structure))


@pytest.mark.parametrize("structure", ["a name", [], 1, {}, {"version": 2, "parts": {}}, {"version": 1, "parts": {}}])
def test_what_is_no_structure(structure: Any, demo: Path, tmp_path: Path) -> None:
    assert "structure" in refused(written(demo, tmp_path / "lie.safetensors", structure))


def test_a_structure_of_a_later_version_is_told_so(demo: Path, base: dict[str, Any], tmp_path: Path) -> None:
    said = refused(written(demo, tmp_path / "later.safetensors", {"version": 2, "parts": {"": base}, "edits": []}))
    assert "version" in said


def test_a_true_structure_is_read(demo: Path, base: dict[str, Any], tmp_path: Path) -> None:
    structure = {"version": 1, "parts": {"": base}, "edits": []}
    json.dumps(structure)
    assert open_checkpoint(written(demo, tmp_path / "true.safetensors", structure)).architecture is not None
