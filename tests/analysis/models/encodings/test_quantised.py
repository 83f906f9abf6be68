"""Codes beside scales: dequantised where the form says how, else refused by name; never taken for the weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, describe, open_checkpoint

FP8 = torch.float8_e4m3fn


def kept(state: Mapping[str, Tensor], folder: Path, config: Any = None) -> Checkpoint:
    save_file({f"model.layers.0.q_proj.{name}": tensor for name, tensor in state.items()}, folder / "a.safetensors")
    if config:
        (folder / "config.json").write_text(json.dumps({"quantization_config": config}))
    return open_checkpoint(folder / "a.safetensors")


def fp8(*shape: int) -> Tensor:
    return (torch.randn(shape) * 50).to(FP8)


def int8(*shape: int) -> Tensor:
    return torch.randint(-127, 128, shape, dtype=torch.int8)


def by_blocks(codes: Tensor, scale: Tensor, rows: int, columns: int) -> Tensor:
    """Multiply each block by its scale, one at a time."""
    whole = codes.float()
    for i in range(scale.shape[0]):
        for j in range(scale.shape[1]):
            whole[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns] *= scale[i, j].float()
    return whole


@pytest.mark.parametrize("scale", [torch.tensor(0.3), torch.rand(1), torch.rand(6, 1), torch.rand(6), torch.rand(1, 1)])
@pytest.mark.parametrize("codes", [fp8(6, 8), fp8(6, 8).float().to(torch.float8_e5m2), int8(6, 8)])
def test_a_scale_for_all_or_each_output(codes: Tensor, scale: Tensor, tmp_path: Path) -> None:
    state = {"weight": codes, "weight_scale": scale, "input_scale": torch.ones(1), "bias": torch.ones(6)}
    checkpoint = kept(state, tmp_path)
    assert list(checkpoint.specs) == ["layers.0.q_proj.bias", "layers.0.q_proj.weight"]
    expected = codes.float() * (scale.reshape(-1, 1) if scale.numel() > 1 else scale.item())
    torch.testing.assert_close(checkpoint.tensor("layers.0.q_proj.weight"), expected)
    told = describe(checkpoint.path)
    assert "dequantised to float32 (1 tensor)" in told["quantised"][0]
    assert told["parameters"] == 6 * 8 + 6


@pytest.mark.parametrize(
    ("shape", "scales", "block", "told"),
    [
        ((100, 200), (1, 2), (128, 128), None),
        ((200, 130), (2, 2), (128, 128), None),
        ((256, 128), (2, 1), (128, 128), [128, 128]),
        ((64, 96), (2, 3), (32, 32), [32, 32]),
        ((64, 96), (4, 3), (16, 32), None),
        ((192, 192), (2, 2), (128, 128), None),
        ((128, 256), (1, 2), (128, 128), None),
    ],
)
def test_blocks_are_those_of_the_settings_or_the_usual(
    shape: tuple[int, int], scales: tuple[int, int], block: tuple[int, int], told: Any, tmp_path: Path
) -> None:
    codes, scale = fp8(*shape), torch.rand(scales)
    config = {"weight_block_size": told} if told else None
    found = kept({"weight": codes, "weight_scale_inv": scale}, tmp_path, config).tensor("layers.0.q_proj.weight")
    torch.testing.assert_close(found, by_blocks(codes, scale, *block))


def test_groups_and_zero_points(tmp_path: Path) -> None:
    codes, scale, zero = int8(4, 12), torch.rand(4, 3), torch.randint(-5, 6, (4, 3), dtype=torch.int8)
    state = {"weight": codes, "weight_scale": scale, "weight_zero_point": zero}
    found = kept(state, tmp_path).tensor("layers.0.q_proj.weight")
    expected = (codes.float() - zero.float().repeat_interleave(4, 1)) * scale.repeat_interleave(4, 1)
    torch.testing.assert_close(found, expected)


def test_bitsandbytes_rows_of_127ths(tmp_path: Path) -> None:
    codes, largest = int8(4, 6), torch.rand(4) + 0.1
    state = {"weight": codes, "SCB": largest, "weight_format": torch.tensor(0, dtype=torch.uint8)}
    found = kept(state, tmp_path)
    torch.testing.assert_close(found.tensor("layers.0.q_proj.weight"), codes.float() * largest[:, None] / 127)
    assert list(found.specs) == ["layers.0.q_proj.weight"]


@pytest.mark.parametrize("names", [("weight._data", "weight._scale"), ("weight", "scale_weight")])
def test_other_names_of_the_same_form(names: tuple[str, str], tmp_path: Path) -> None:
    codes, scale = fp8(4, 6), torch.rand(4, 1)
    found = kept({names[0]: codes, names[1]: scale}, tmp_path).tensor("layers.0.q_proj.weight")
    torch.testing.assert_close(found, codes.float() * scale)


@pytest.mark.parametrize(
    "state",
    [
        {"W_q": torch.zeros(4, 4, dtype=torch.uint8), "scale": torch.ones(4, 1), "zero": torch.ones(4, 1)},
        {"W_q": torch.ones(4, 4), "scale": torch.ones(4, 1), "zero": torch.ones(4, 1)},
        {"W_q": torch.zeros(4, 4, dtype=torch.uint8), "meta.scale": torch.ones(4, 1)},
        {"qweight": torch.zeros(4, 4, dtype=torch.int32), "scales": torch.ones(1, 4)},
        {"weight": torch.zeros(4, 4, dtype=torch.uint8), "weight_scale": torch.ones(1)},
        {"weight": int8(4, 4), "weight_scales": torch.ones(4)},
        {"weight": fp8(4, 6), "weight_scale": torch.ones(3, 5)},
        {"weight": fp8(8, 4), "weight_scale": torch.ones(4)},
        {"weight": fp8(6, 9), "weight_scale": torch.ones(6, 3)},
        {"weight": fp8(4, 4), "weight_scale": fp8(4, 1), "weight_scale_2": torch.ones(1)},
        {"weight._data": int8(4, 4), "weight._scale": torch.ones(4, 1), "weight._shift": torch.ones(4, 1)},
        {"up_blocks": torch.zeros(2, 4, 4, dtype=torch.uint8), "up_scales": torch.zeros(2, 4, dtype=torch.uint8)},
        {"weight": torch.zeros(8, 1, dtype=torch.uint8), "weight.quant_state.bitsandbytes__nf4": torch.zeros(3)},
        {"weight": torch.zeros(8, 1, dtype=torch.uint8), "absmax": torch.ones(2)},
        {"weight_packed": torch.zeros(4, 1, dtype=torch.int32), "weight_scale": torch.ones(4, 1)},
        {"codes": torch.zeros(4, 4, 1, dtype=torch.int8), "codebooks": torch.ones(1, 4), "scales": torch.ones(4)},
    ],
)
def test_what_cannot_be_decoded_is_refused(state: dict[str, Tensor], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="quantised") as caught:
        kept(state, tmp_path)
    assert "made from" in caught.value.next_step


@pytest.mark.filterwarnings("ignore")
def test_torchs_own_quantised_layers_are_refused(tmp_path: Path) -> None:
    if "x86" not in torch.backends.quantized.supported_engines:
        pytest.skip("this torch cannot quantise")
    network = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)), {nn.Linear})
    torch.save(network.state_dict(), tmp_path / "a.pt")
    with pytest.raises(UserError, match="quantised"):
        open_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize(
    "state",
    [
        {"weight": fp8(4, 6)},
        {"relative_position_index": torch.zeros(4, 4, dtype=torch.int64), "logit_scale": torch.ones(2, 1, 1)},
        {"weight": torch.ones(4, 4), "scale": torch.ones(4)},
        {"codebook": torch.ones(4, 4), "W_q": torch.ones(4, 4), "codes": torch.ones(4, dtype=torch.int64)},
    ],
)
def test_plain_numbers_open_as_they_are(state: dict[str, Tensor], tmp_path: Path) -> None:
    checkpoint = kept(state, tmp_path)
    assert {name.rpartition(".")[2] for name in checkpoint.specs} == set(state)
    assert describe(checkpoint.path)["quantised"] == []


@pytest.mark.parametrize("wrapped", [True, False])
def test_weights_without_numbers_are_refused(wrapped: bool, tmp_path: Path) -> None:
    state = {"conv.weight": torch.empty(0), "conv.bias": torch.empty(0), "norm.weight": torch.ones(3)}
    torch.save({"module": state} if wrapped else state, tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"no numbers for 'conv.weight'.*ZeRO-3"):
        open_checkpoint(tmp_path / "a.pt")


def test_compressed_tensors_tells_its_blocks(tmp_path: Path) -> None:
    codes, scale = fp8(96, 96), torch.rand(2, 2)
    config = {"config_groups": {"group_0": {"weights": {"num_bits": 8, "block_structure": [64, 64]}}}}
    found = kept({"weight": codes, "weight_scale": scale}, tmp_path, config).tensor("layers.0.q_proj.weight")
    torch.testing.assert_close(found, by_blocks(codes, scale, 64, 64))


@pytest.mark.parametrize("config", [{"config_groups": [1]}, {"config_groups": {"a": 3}}, {"weight_block_size": "ab"}])
def test_odd_settings_are_no_settings(config: Any, tmp_path: Path) -> None:
    codes = fp8(4, 4)
    found = kept({"weight": codes, "weight_scale_inv": torch.ones(1, 1)}, tmp_path, config)
    assert torch.equal(found.tensor("layers.0.q_proj.weight"), codes.float())
