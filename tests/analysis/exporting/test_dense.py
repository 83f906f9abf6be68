"""Factors multiplied out: plain members again, whatever else was done to them."""

from pathlib import Path

import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.exporting.dense import dense
from graftwork.analysis.methods.editing import edited
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.structure import Insert, Omit, Replace
from graftwork.analysis.models.structure import Path as Row

from ..models.networks import FAMILIES, built
from .conftest import Changed, Send, alike, applied, kept, outputs, without_last_block

FACTORED = ("resnet_cifar", "vit", "gpt2", "mlp")


@pytest.mark.heavy("a library's networks are built and factored, once for each family")
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("family", FACTORED)
def test_what_was_factored_is_a_plain_member_again(
    family: str, suffix: str, changed: Changed, send: Send, tmp_path: Path
) -> None:
    model, parent = changed(family, "factored"), changed(family, "plain")
    send(model, tmp_path / f"out{suffix}", dense=True)
    found = open_checkpoint(tmp_path / f"out{suffix}")
    assert {name: spec.shape for name, spec in found.specs.items()} == {n: s.shape for n, s in parent.specs.items()}
    if found.architecture is None:  # a state dict does not tell what a config.json does
        assert FAMILIES[family].told or suffix == ".pth"
        return
    assert found.architecture.structure is None
    assert alike(outputs(found, built(family).x), outputs(model, built(family).x))


def test_the_product_is_exact(changed: Changed) -> None:
    model = changed("mlp", "factored")
    layer = next(name.removesuffix(".down.weight") for name in model.specs if name.endswith(".down.weight"))
    up, down = (model.tensor(f"{layer}.{part}.weight").double() for part in ("up", "down"))
    assert torch.equal(dense(model).tensor(f"{layer}.weight"), (up @ down).float())


def test_what_has_no_factors_stays_itself(changed: Changed) -> None:
    model = changed("mlp", "packed")
    assert dense(model) is model


def twice_factored(model: Checkpoint, folder: Path) -> Checkpoint:
    """Factor the factors, too, all at full rank of what is there."""
    return kept(model, applied(model, "factor.svd", {"keep": 0.9, "scope": "layer"}), folder / "twice.safetensors")


@pytest.mark.heavy("a library's network is built and factored")
def test_factors_of_factors_fold_and_a_dropped_block_stays(changed: Changed, send: Send, tmp_path: Path) -> None:
    first = changed("vit", "factored")
    model = twice_factored(
        kept(first, edited(first, without_last_block(first), {}), tmp_path / "a.safetensors"), tmp_path
    )
    assert any(".down.down." in name or ".up.down." in name for name in model.specs)
    send(model, tmp_path / "out.safetensors", dense=True)
    found = open_checkpoint(tmp_path / "out.safetensors")
    assert [edit.kind for edit in found.structure().edits] == ["path"]
    assert alike(outputs(found, built("vit").x), outputs(model, built("vit").x))


@pytest.mark.heavy("a library's network is built and factored")
def test_a_loop_over_factors_folds_them_once(changed: Changed, send: Send, tmp_path: Path) -> None:
    first = changed("vit", "factored")
    model = kept(first, edited(first, [Row(blocks="blocks", order=(0, 1, 1))], {}), tmp_path / "a.safetensors")
    send(model, tmp_path / "out.safetensors", dense=True)
    found = open_checkpoint(tmp_path / "out.safetensors")
    assert found.specs.keys() == changed("vit", "plain").specs.keys()
    assert alike(outputs(found, built("vit").x), outputs(model, built("vit").x))


def test_what_was_edited_inside_factors_is_refused(changed: Changed, send: Send, tmp_path: Path) -> None:
    first = changed("mlp", "factored")
    place = next(edit.layer for edit in first.structure().edits if isinstance(edit, Replace))
    inside = Omit(branch=(f"{place}.down",))
    width = first.specs[f"{place}.down.weight"].shape
    if width[0] != width[1]:
        inside = Insert(after=f"{place}.down", form="linear", options={"takes": width[0], "gives": width[0]})  # type: ignore[assignment]
    made = edited(first, [inside], {}, lambda name, spec: torch.ones(spec.shape))
    with pytest.raises(UserError, match="edited further"):
        send(kept(first, made, tmp_path / "a.safetensors"), tmp_path / "out.safetensors", dense=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]
