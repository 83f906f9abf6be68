"""Narrower members of every family."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, TensorSpec, open_checkpoint, write_checkpoint
from graftwork.analysis.models.architecture import Architecture
from graftwork.analysis.models.families import build, families, recognise
from graftwork.analysis.models.narrowing import narrowed, parameter_total
from graftwork.analysis.models.parts.widths import Scale

from .networks import FAMILIES, built


def architecture_of(family: str) -> Architecture:
    specs = {n: TensorSpec(tuple(t.shape), t.dtype) for n, t in built(family).module.state_dict().items()}
    found = recognise(specs, {})
    assert found is not None
    return found


def reopened(architecture: Architecture, path: Path) -> Checkpoint:
    tensors = build(architecture).state_dict()
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}
    write_checkpoint(path, specs, tensors.__getitem__, architecture.settings)
    return open_checkpoint(path)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_narrows_to_the_widest_member_that_is_small_enough(family: str, tmp_path: Path) -> None:
    whole = architecture_of(family)
    target = parameter_total(build(whole)) // 2
    if not hasattr(families()[whole.family], "narrow"):
        with pytest.raises(UserError, match="cannot be scaled"):
            narrowed(whole, target)
        return
    found = narrowed(whole, target)
    total = parameter_total(build(found))
    narrow = getattr(families()[whole.family], "narrow")  # noqa: B009 - the protocol leaves it open
    steps = (replace(whole, config=narrow(whole.config, Scale(step / 1000))) for step in range(1001))
    sizes = {parameter_total(build(step)) for step in steps} if family in ("mlp", "recurrent") else {total}
    assert total == max(size for size in sizes if size <= target)
    assert total > 0.7 * target
    again = reopened(found, tmp_path / "narrow.safetensors")
    assert again.architecture is not None
    assert again.architecture.family == whole.family
    assert again.architecture.classes == whole.classes
    assert again.architecture.config == found.config
    with torch.inference_mode():
        assert again.network()(built(family).x).shape == built(family).expected.shape


def test_a_network_that_is_small_enough_stays_as_it_is() -> None:
    whole = architecture_of("mlp")
    assert narrowed(whole, parameter_total(build(whole))) is whole


def test_attention_keeps_whole_heads() -> None:
    whole = architecture_of("llama")
    found = narrowed(whole, parameter_total(build(whole)) // 3)
    assert found.config["head_dim"] == whole.config["head_dim"]
    for queries, keys in zip(found.config["queries"], found.config["keys"], strict=True):
        assert keys % found.config["head_dim"] == queries % keys == 0


def test_one_channel_everywhere_is_the_least() -> None:
    with pytest.raises(UserError, match="cannot be narrowed to 10 parameters"):
        narrowed(architecture_of("resnet_cifar"), 10)


def test_a_network_that_no_family_builds_is_refused() -> None:
    own = replace(architecture_of("mlp"), family="own")
    with pytest.raises(UserError, match="cannot be scaled"):
        narrowed(own, 10)
