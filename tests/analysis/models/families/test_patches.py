"""Transformers and mixers on the patches of images against torchvision and timm, on the same random weights."""

import re
from collections.abc import Mapping
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.models import Architecture, Checkpoint, TensorSpec
from graftwork.analysis.models.families import recognise

from ..conftest import agree, kept

SCALE = 0.1  # so small that the epsilons of norms count
VIT: dict[str, Any] = {"img_size": 16, "patch_size": 4, "embed_dim": 24, "depth": 2, "num_heads": 3, "num_classes": 5}
MIXER: dict[str, Any] = {"img_size": 12, "patch_size": 4, "num_blocks": 4, "embed_dim": 18, "num_classes": 5}
SWIN: dict[str, Any] = {
    "img_size": 32,
    "patch_size": 2,
    "depths": (2, 2, 2),
    "num_heads": (2, 3, 4),
    "embed_dim": 12,
    "window_size": 4,
    "num_classes": 5,
}


def randomised(network: Any) -> Any:
    """Return the network with random values that keep signals at about ``SCALE`` from layer to layer."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * spread(name, tensor))
    return network.eval()


def spread(name: str, tensor: Tensor) -> float:
    if tensor.ndim >= 2 and name.endswith("weight"):
        return sqrt(2 / tensor[0].numel())
    return 1.0 if name.endswith("bias_table") else SCALE


def same(network: Any, state: Mapping[str, Tensor], folder: Path, x: Tensor, **metadata: Any) -> Architecture:
    """Return the architecture that the tensors are opened with, after the outputs of two images have agreed."""
    checkpoint = kept(state, folder, **metadata)
    with torch.inference_mode():
        expected = network(x)
    agree(checkpoint, x, expected)
    assert (expected[0] - expected[1]).abs().max() > 1e-3 * expected.abs().max()
    return sound(checkpoint)


def sound(checkpoint: Checkpoint) -> Architecture:
    """Return the architecture, whose head and stages are modules of the network."""
    architecture = checkpoint.architecture
    assert architecture is not None
    modules = dict(checkpoint.network().named_modules())
    assert set(architecture.stages) <= set(modules)
    assert architecture.head is None or isinstance(modules[architecture.head], nn.Linear)
    return architecture


def images(side: int, channels: int = 3) -> Tensor:
    return torch.randn(2, channels, side, side, generator=torch.Generator().manual_seed(1))


def published(network: nn.Module) -> Architecture:
    """Return what a network on the meta device is recognised as."""
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in network.state_dict().items()}
    architecture = recognise(specs, {})
    assert architecture is not None
    return architecture


@pytest.mark.parametrize(
    ("kind", "options", "title"),
    [
        ("vision_transformer.VisionTransformer", {}, "ViT-24/4 (16 px)"),
        ("vision_transformer.VisionTransformer", {"in_chans": 1, "global_pool": "avg"}, "ViT-24/4 (16 px)"),
        ("vision_transformer.VisionTransformer", {"num_classes": 0}, "ViT-24/4 (16 px)"),
        ("vision_transformer.VisionTransformer", {"num_classes": 0, "global_pool": "avg"}, "ViT-24/4 (16 px)"),
        ("deit.VisionTransformerDistilled", {}, "ViT-24/4 (16 px, distilled)"),
        ("deit.VisionTransformerDistilled", {"num_classes": 2}, "ViT-24/4 (16 px, distilled)"),
    ],
)
def test_timms_vision_transformers(timm: Any, kind: str, options: dict[str, Any], title: str, tmp_path: Path) -> None:
    module, name = kind.split(".")
    network = randomised(getattr(getattr(timm.models, module), name)(**VIT | options))
    channels, classes = options.get("in_chans", 3), options.get("num_classes", 5)
    architecture = same(network, network.state_dict(), tmp_path, images(16, channels), heads=3)
    assert (architecture.family, architecture.title, architecture.classes) == ("vit", title, classes)
    assert architecture.head == ("head" if classes else None)
    assert architecture.input_shape == (channels, 16, 16)
    assert architecture.stages == ("blocks.0", "blocks.1")


def first_release(name: str) -> str:
    return name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2.")


@pytest.mark.parametrize("rename", [str, first_release])
def test_torchvisions_vision_transformers(torchvision: Any, rename: Any, tmp_path: Path) -> None:
    network = randomised(torchvision.VisionTransformer(16, 4, 2, 3, 24, 40, num_classes=5))
    state = {rename(name): tensor for name, tensor in network.state_dict().items()}
    architecture = same(network, state, tmp_path, images(16), heads=3)
    assert (architecture.family, architecture.title) == ("vit", "ViT-24/4 (16 px)")
    assert (architecture.classes, architecture.head) == (5, "heads.head")
    assert architecture.config["hidden"] == [40, 40]
    assert architecture.stages == ("encoder.layers.encoder_layer_0", "encoder.layers.encoder_layer_1")


@pytest.mark.parametrize(
    ("name", "title", "heads"),
    [
        ("vit_b_16", "ViT-B/16 (224 px)", 12),
        ("vit_l_32", "ViT-L/32 (224 px)", 16),
        ("vit_h_14", "ViT-H/14 (224 px)", 16),
    ],
)
def test_the_published_vision_transformers_have_their_heads(
    torchvision: Any, name: str, title: str, heads: int
) -> None:
    with torch.device("meta"):
        architecture = published(getattr(torchvision, name)())
    assert (architecture.title, architecture.config["heads"][0]) == (title, heads)


def test_timms_mixers(timm: Any, tmp_path: Path) -> None:
    network = randomised(timm.models.mlp_mixer.MlpMixer(**MIXER | {"in_chans": 2}))
    architecture = same(network, network.state_dict(), tmp_path, images(12, 2))
    assert (architecture.family, architecture.title) == ("mlp_mixer", "Mixer-18/4 (12 px)")
    assert (architecture.classes, architecture.input_shape) == (5, (2, 12, 12))
    assert architecture.stages == ("blocks.1", "blocks.2", "blocks.3")


def test_mixers_pruned_inside_their_blocks(timm: Any, tmp_path: Path) -> None:
    network = timm.models.mlp_mixer.MlpMixer(**MIXER)
    narrow(network.blocks[1].mlp_tokens, 3)
    narrow(network.blocks[2].mlp_channels, 10)
    state = randomised(network).state_dict()
    config = same(network, state, tmp_path, images(12)).config
    assert (config["tokens"], config["hidden"]) == ([9, 3, 9, 9], [72, 72, 10, 72])


def narrow(perceptron: Any, hidden: int) -> None:
    """Give one of timm's perceptrons another inner width."""
    perceptron.fc1 = nn.Linear(perceptron.fc1.in_features, hidden)
    perceptron.fc2 = nn.Linear(hidden, perceptron.fc2.out_features)


def test_a_published_mixer(timm: Any) -> None:
    with torch.device("meta"):
        architecture = published(timm.models.mlp_mixer.mixer_b16_224())
    assert (architecture.title, architecture.input_shape) == ("Mixer-B/16 (224 px)", (3, 224, 224))


def papers(name: str) -> str:
    """Return the name in the paper's own code of a tensor that timm names."""
    merged = re.sub(r"layers\.(\d)\.downsample", lambda match: f"layers.{int(match[1]) - 1}.downsample", name)
    return merged.replace("head.fc", "head")


@pytest.mark.parametrize(("rename", "head"), [(str, "head.fc"), (papers, "head")])
def test_swins_of_timm_and_of_the_paper(timm: Any, rename: Any, head: str, tmp_path: Path) -> None:
    network = randomised(timm.models.swin_transformer.SwinTransformer(**SWIN))
    state = {rename(name): tensor for name, tensor in network.state_dict().items()}
    masks = {
        "layers.0.blocks.1.attn_mask": torch.zeros(16, 16, 16),
        "layers.0.blocks.0.attn.relative_position_index": torch.zeros(16, 16, dtype=torch.int64),
    }
    architecture = same(network, state | masks, tmp_path, images(32))
    assert (architecture.family, architecture.title, architecture.classes) == ("swin", "Swin, 4×4 windows", 5)
    assert (architecture.head, architecture.stages[-1], architecture.spare) == (
        head,
        "layers.2.blocks",
        frozenset(masks),
    )
    assert (architecture.config["widths"], architecture.config["depth"]) == ([12, 24, 48], 6)
    assert architecture.input_shape == (3, 32, 32)


@pytest.mark.parametrize(("window", "side"), [(4, 32), (3, 22), (3, 40)])
def test_torchvisions_swins_pad_what_windows_do_not_divide(
    torchvision: Any, window: int, side: int, tmp_path: Path
) -> None:
    network = torchvision.SwinTransformer([2, 2], 12, [2, 2, 2], [2, 3, 4], [window] * 2, num_classes=5)
    architecture = same(randomised(network), network.state_dict(), tmp_path, images(side))
    assert (architecture.family, architecture.head) == ("swin", "head")
    assert architecture.stages == ("features.1", "features.3", "features.5")


def test_swins_pruned_inside_their_blocks(timm: Any, tmp_path: Path) -> None:
    network = timm.models.swin_transformer.SwinTransformer(**SWIN)
    block = network.layers[1].blocks[1]
    narrow(block.mlp, 7)
    attention = block.attn
    attention.num_heads, attention.attn_dim = 2, 16
    attention.qkv, attention.proj = nn.Linear(24, 3 * 16), nn.Linear(16, 24)
    attention.relative_position_bias_table = nn.Parameter(torch.zeros(49, 2))
    state = randomised(network).state_dict()
    config = same(network, state, tmp_path, images(32)).config
    assert config["blocks"][1][1] == {"heads": 2, "head_dim": 8, "window": 4, "hidden": 7}


@pytest.mark.parametrize(("name", "letter"), [("t", "T"), ("s", "S"), ("b", "B")])
def test_the_published_swins(torchvision: Any, name: str, letter: str) -> None:
    with torch.device("meta"):
        architecture = published(getattr(torchvision, f"swin_{name}")())
    assert (architecture.title, architecture.input_shape) == (f"Swin-{letter}, 7×7 windows", (3, 224, 224))
