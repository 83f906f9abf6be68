"""What a configuration of timm says is used or refused: never are the numbers those of another network."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from graftwork.analysis.models import Checkpoint, open_checkpoint

from ..conftest import agree
from ..networks import randomised

VIT = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3}
SWIN = {"img_size": 32, "patch_size": 2, "embed_dim": 12, "depths": [2, 2], "num_heads": [2, 3], "window_size": 4}
DENSE = {"block_config": [2, 2], "growth_rate": 8}
CONVNEXT = {"depths": [1, 1, 1, 1], "dims": [8, 8, 16, 16]}
RESNET = {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]}


def saved(timm: Any, name: str, options: dict[str, Any], folder: Path, *without: str) -> tuple[Any, Checkpoint]:
    """Return a random network and its checkpoint, as timm saves it."""
    network = randomised(timm.create_model(name, num_classes=5, **options))
    timm.models.save_for_hf(network, folder, safe_serialization=True)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({key: config[key] for key in config if key not in without}))
    return network, open_checkpoint(folder)


def agrees(network: Any, checkpoint: Checkpoint) -> str:
    """Return what runs the checkpoint, after its outputs have agreed."""
    assert checkpoint.architecture is not None, checkpoint.reason
    fixed = network.pretrained_cfg["fixed_input_size"] or checkpoint.architecture.family == "vit"
    side = 32 if fixed else 64
    x = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        agree(checkpoint, x, network(x))
    return checkpoint.architecture.family


@pytest.mark.parametrize(
    ("name", "options", "family"),
    [
        ("resnet18", {}, "resnet"),
        ("resnet26", {}, "resnet"),
        ("resnetaa50", {}, "timm"),
        ("resnetblur18", {}, "timm"),
        ("resnet50c", {}, "timm"),
        ("resnet18d", {}, "timm"),
        ("ecaresnet26t", {}, "timm"),
        ("resnet18", {"act_layer": "relu"}, "resnet"),
        ("resnet18", {"act_layer": "leaky_relu"}, "timm"),
        ("resnet18", {"act_layer": "silu"}, "timm"),
        ("resnet18", {"output_stride": 8}, "timm"),
        ("resnet18", {"global_pool": "max"}, "timm"),
        ("resnet18", {"global_pool": "avg"}, "resnet"),
        ("resnet18", {"avg_down": True}, "timm"),
        ("resnet18", {"block_args": {"attn_layer": "eca"}}, "timm"),
        ("resnet18", {"zero_init_last": False, "drop_rate": 0.2}, "resnet"),
        ("vit_tiny_patch16_224", {}, "vit"),
        ("vit_base_patch32_clip_quickgelu_224", {}, "timm"),
        ("deit_tiny_distilled_patch16_224", {}, "vit"),
        ("deit3_small_patch16_224", {}, "timm"),
        ("eva_large_patch14_196", {}, "vit"),
        ("test_vit", {}, "timm"),
        ("vit_tiny_patch16_224", {"act_layer": "quick_gelu"}, "vit"),
        ("vit_tiny_patch16_224", {"act_layer": "gelu_tanh"}, "vit"),
        ("vit_tiny_patch16_224", {"act_layer": "hard_swish"}, "timm"),
        ("vit_tiny_patch16_224", {"init_values": 0.1}, "timm"),
        ("vit_tiny_patch16_224", {"no_embed_class": True}, "timm"),
        ("vit_tiny_patch16_224", {"pre_norm": True}, "timm"),
        ("vit_tiny_patch16_224", {"global_pool": "avg"}, "vit"),
        ("vit_tiny_patch16_224", {"global_pool": "avg", "fc_norm": False}, "timm"),
        ("vit_tiny_patch16_224", {"global_pool": "token", "fc_norm": True}, "timm"),
        ("vit_tiny_patch16_224", {"global_pool": "map"}, "timm"),
        ("vit_tiny_patch16_224", {"reg_tokens": 4}, "timm"),
        ("vit_tiny_patch16_224", {"num_heads": 6}, "vit"),
        ("vit_tiny_patch16_224", {"norm_layer": "rmsnorm"}, "timm"),
        ("swin_tiny_patch4_window7_224", SWIN, "swin"),
        ("swin_tiny_patch4_window7_224", SWIN | {"always_partition": True}, "timm"),
        ("swin_tiny_patch4_window7_224", SWIN | {"global_pool": "max"}, "timm"),
        ("densenet121", DENSE, "densenet"),
        ("densenet121", DENSE | {"act_layer": "silu"}, "timm"),
        ("densenetblur121d", DENSE, "timm"),
        ("convnext_atto", CONVNEXT | {"act_layer": "relu"}, "timm"),
    ],
)
def test_a_network_of_timm_is_itself(
    timm: Any, name: str, options: dict[str, Any], family: str, tmp_path: Path
) -> None:
    tiny = RESNET if "resnet" in name else VIT if name.startswith(("vit", "deit", "eva", "test")) else {}
    assert agrees(*saved(timm, name, tiny | options, tmp_path)) == family


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resnet18", RESNET | {"global_pool": "max"}),
        ("vit_tiny_patch16_224", VIT | {"global_pool": "avg", "fc_norm": False}),
    ],
)
def test_a_pooling_that_is_noted_alone_is_refused(
    timm: Any, name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    _, checkpoint = saved(timm, name, options, tmp_path, "model_args")
    assert checkpoint.architecture is None
    assert f"sets global_pool to '{options['global_pool']}', which nothing here heeds" in checkpoint.reason
