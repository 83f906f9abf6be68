"""Weights as codes: half a step at most, few bits, and files that compute with what the codes stand for."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, TensorSpec, describe, open_checkpoint, write_checkpoint

from .making import reopened, run_method

DEMO = Path(str(files("graftwork.assets"))) / "demo"


@pytest.fixture
def odd(tmp_path: Path) -> Checkpoint:
    """Return tensors of all that is odd: zeros, one value, one sign, tiny and huge ones, a tail of a group."""
    draw = torch.Generator().manual_seed(0)
    tensors: Mapping[str, Tensor] = {
        "zeros.weight": torch.zeros(3, 5),
        "equal.weight": torch.full((3, 5), -0.7),
        "positive.weight": torch.rand(4, 9, generator=draw) + 1,
        "tiny.weight": 1e-30 * torch.randn(4, 9, generator=draw),
        "huge.weight": 1e30 * torch.randn(4, 9, generator=draw),
        "half.weight": torch.randn(4, 9, generator=draw).half(),
        "brain.weight": torch.randn(4, 9, generator=draw).bfloat16(),
        "maps.weight": torch.randn(4, 3, 3, 3, generator=draw),
        "pruned.weight": torch.randn(8, 16, generator=draw) * (torch.rand(8, 16, generator=draw) > 0.5),
    }
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}
    write_checkpoint(tmp_path / "odd.safetensors", specs, tensors.__getitem__, {})
    return open_checkpoint(tmp_path / "odd.safetensors")


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("granularity", ["tensor", "channel", "group"])
@pytest.mark.parametrize("bits", range(2, 9))
def test_no_weight_is_off_by_more_than_half_a_step(
    bits: int, granularity: str, symmetric: bool, odd: Checkpoint, tmp_path: Path
) -> None:
    found = run_method("quantise.uniform", odd, bits=bits, granularity=granularity, symmetric=symmetric, group=4)
    packed = reopened(tmp_path / "packed.safetensors", odd, found)
    assert packed.specs == odd.specs
    for name, spec in odd.specs.items():
        before, after = odd.tensor(name).double(), packed.tensor(name).double()
        step = found.tensor(f"{name}.step").double()
        rows = before.reshape(len(step), -1)
        size = {"tensor": rows.shape[1], "channel": rows.shape[1], "group": 4}[granularity]
        steps = step.repeat_interleave(size, 1)[:, : rows.shape[1]].reshape(before.shape)
        rounding = 2 * torch.finfo(spec.dtype).eps * before.abs() + 1e-6 * steps
        assert ((after - before).abs() <= steps / 2 + rounding).all()
        assert (after[before == 0] == 0).all()


@pytest.mark.parametrize("symmetric", [True, False])
def test_four_bits_take_less_than_five(symmetric: bool, tmp_path: Path) -> None:
    parent = open_checkpoint(DEMO / "digits-vit.safetensors")
    found = run_method("quantise.uniform", parent, bits=4, symmetric=symmetric)
    packed = reopened(tmp_path / "packed.safetensors", parent, found)
    saved = (DEMO / "digits-vit.safetensors").stat().st_size - packed.path.stat().st_size
    weights = sum(weight.size for weight in parent.weights())
    assert found.facts["bits_a_weight"] < 5
    assert 32 - 8 * saved / weights < 6  # what the file says of the codes is in it too
    assert "4-bit codes" in describe(packed.path)["quantised"][0]


def test_codes_are_computed_with_and_cut_again(tmp_path: Path) -> None:
    parent = open_checkpoint(DEMO / "digits-resnet14.safetensors")
    factored = reopened(tmp_path / "f.safetensors", parent, run_method("factor.svd", parent, keep=0.8))
    packed = reopened(tmp_path / "p.safetensors", factored, run_method("quantise.uniform", factored, bits=8))
    pruned = reopened(tmp_path / "m.safetensors", packed, run_method("prune.magnitude", packed, amount=0.3))
    again = reopened(tmp_path / "q.safetensors", pruned, run_method("quantise.uniform", pruned, bits=6))
    x = torch.randn(4, 1, 8, 8)
    with torch.inference_mode():
        before, after = factored.network()(x), packed.network()(x)
    assert torch.allclose(before, after, atol=0.05 * float(before.abs().max()))
    assert again.structure() == factored.structure()
    zeros = [sum(int((c.tensor(w.name) == 0).sum()) for w in c.weights()) for c in (pruned, again)]
    assert zeros[1] >= zeros[0] > 0
    assert packed.path.stat().st_size < pruned.path.stat().st_size


def test_layers_in_groups_and_turned_layers_keep_their_channels_apart(tmp_path: Path) -> None:
    layer = nn.ConvTranspose2d(4, 6, 3, groups=2)
    with torch.no_grad():
        layer.weight[:, 1] *= 1000
    state = {f"up.{name}": tensor.detach() for name, tensor in layer.state_dict().items()}
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
    write_checkpoint(tmp_path / "t.safetensors", specs, state.__getitem__, {})
    parent = open_checkpoint(tmp_path / "t.safetensors")
    packed = reopened(
        tmp_path / "p.safetensors", parent, run_method("quantise.uniform", parent, bits=8, granularity="channel")
    )
    off = (packed.tensor("up.weight") - state["up.weight"]).abs()
    assert off[:, [0, 2]].max() < 0.01


def test_what_is_not_finite_is_named(tmp_path: Path) -> None:
    tensor = torch.tensor([[1.0, torch.inf], [0.0, 1.0]])
    write_checkpoint(tmp_path / "i.safetensors", {"fc.weight": TensorSpec((2, 2), torch.float32)}, lambda _: tensor, {})
    found = run_method("quantise.uniform", open_checkpoint(tmp_path / "i.safetensors"))
    with pytest.raises(UserError, match="not finite"):
        found.tensor("fc.weight.codes")


LIES: Mapping[str, dict[str, Any]] = {
    "more bits": {"bits": 9},
    "another shape": {"shape": [48, 48]},
    "a shape beyond memory": {"shape": [2**40, 2**40]},
    "an axis that is not there": {"axis": 5},
    "a dtype that is none": {"dtype": "object"},
    "groups of nothing": {"group": 0},
    "no symmetry": {"symmetric": False},
    "another kind": {"kind": "pickle"},
}


@pytest.mark.parametrize("lie", LIES)
def test_what_a_stranger_says_of_codes_is_checked(lie: str, tmp_path: Path) -> None:
    parent = open_checkpoint(DEMO / "digits-vit.safetensors")
    found = run_method("quantise.uniform", parent)
    stored = found.settings["stored"]
    stored["head.weight"] = stored["head.weight"] | LIES[lie]
    with pytest.raises(UserError, match=r"head\.weight"):
        reopened(tmp_path / "lie.safetensors", parent, found)
