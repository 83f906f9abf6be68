"""Convolutional networks against the transformers library's, or against the published layout spelt out."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ..conftest import agree, kept
from ..networks import randomised

# Their names for the parts of a residual network, and torchvision's.
RENAMED = (
    (r"resnet\.embedder\.embedder\.convolution", "conv1"),
    (r"resnet\.embedder\.embedder\.normalization", "bn1"),
    (r"resnet\.encoder\.stages\.(\d+)\.layers", lambda m: f"layer{int(m[1]) + 1}"),
    (r"layer\.(\d+)\.convolution", lambda m: f"conv{int(m[1]) + 1}"),
    (r"layer\.(\d+)\.normalization", lambda m: f"bn{int(m[1]) + 1}"),
    (r"shortcut\.convolution", "downsample.0"),
    (r"shortcut\.normalization", "downsample.1"),
    (r"classifier\.1", "fc"),
)


def as_published(name: str) -> str:
    for pattern, new in RENAMED:
        name = re.sub(pattern, new, name)
    return name


def published_resnet(transformers: Any, kind: str, depths: list[int], widths: list[int]) -> Any:
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=widths, depths=depths, layer_type=kind, num_labels=6
    )
    return randomised(transformers.ResNetForImageClassification(config))


@pytest.mark.parametrize(
    ("kind", "depths", "widths", "title"),
    [
        ("basic", [2, 2, 2, 2], [8, 12, 16, 24], "ResNet-18"),
        ("bottleneck", [3, 4, 6, 3], [16, 24, 32, 48], "ResNet-50"),
        ("basic", [1, 3], [8, 12], "ResNet-10"),
    ],
)
def test_residual_networks(
    transformers: Any, kind: str, depths: list[int], widths: list[int], title: str, tmp_path: Path
) -> None:
    network = published_resnet(transformers, kind, depths, widths)
    checkpoint = kept({as_published(n): t for n, t in network.state_dict().items()}, tmp_path)
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.title, architecture.classes) == ("resnet", title, 6)
    assert architecture.input_shape == (3, 224, 224)
    assert architecture.config["widths"] == widths
    assert architecture.stages == tuple(f"layer{n}" for n in range(1, len(depths) + 1))
    x = torch.randn(2, 3, 64, 48)
    with torch.inference_mode():
        agree(checkpoint, x, network(x).logits)


def test_a_residual_network_pruned_inside_its_blocks(transformers: Any, tmp_path: Path) -> None:
    network = published_resnet(transformers, "bottleneck", [2, 2], [16, 24])
    parts = network.resnet.encoder.stages[1].layers[1].layer
    for first, second in ((parts[0], parts[1]), (parts[1], parts[2])):
        keep = torch.tensor([0, 2, 3])
        first.convolution.weight = nn.Parameter(first.convolution.weight[keep].clone())
        for name in ("weight", "bias"):
            setattr(first.normalization, name, nn.Parameter(getattr(first.normalization, name)[keep].clone()))
        for name in ("running_mean", "running_var"):
            setattr(first.normalization, name, getattr(first.normalization, name)[keep].clone())
        second.convolution.weight = nn.Parameter(second.convolution.weight[:, keep].clone())
    checkpoint = kept({as_published(n): t for n, t in network.state_dict().items()}, tmp_path)
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.config["blocks"][1][1]["widths"] == [24, 3, 3, 24]
    x = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        agree(checkpoint, x, network(x).logits)


@pytest.mark.heavy("some of the published networks are large")
@pytest.mark.parametrize(
    ("name", "options", "family", "title"),
    [
        ("resnet18", {}, "resnet", "ResNet-18"),
        ("resnext50_32x4d", {}, "resnet", "ResNeXt-50, 32 groups"),
        ("wide_resnet50_2", {}, "resnet", "Wide ResNet-50"),
        ("mobilenet_v2", {"width_mult": 0.35}, "mobilenet_v2", "MobileNetV2"),
        ("mobilenet_v3_large", {}, "mobilenet_v3", "MobileNetV3 large"),
        ("mobilenet_v3_small", {"width_mult": 0.5}, "mobilenet_v3", "MobileNetV3 small"),
        ("densenet121", {}, "densenet", "DenseNet-121"),
        ("convnext_tiny", {}, "convnext", "ConvNeXt-Tiny"),
        ("efficientnet_b0", {}, "efficientnet", "EfficientNet-B0"),
        ("efficientnet_b2", {}, "efficientnet", "EfficientNet-B2"),
    ],
)
def test_torchvisions_networks(
    torchvision: Any, name: str, options: dict[str, Any], family: str, title: str, tmp_path: Path
) -> None:
    network = getattr(torchvision, name)(weights=None, num_classes=7, **options).eval()
    generator = torch.Generator().manual_seed(0)
    for tensor_name, tensor in network.state_dict().items():
        if tensor_name.endswith(("running_var", "running_mean", "layer_scale")):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
    checkpoint = kept(network.state_dict(), tmp_path)
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.title, architecture.classes) == (family, title, 7)
    modules = dict(network.named_modules())
    assert isinstance(modules[str(architecture.head)], nn.Linear)
    assert set(architecture.stages) <= set(modules)
    x = torch.randn(1, 3, 96, 64)
    with torch.inference_mode():
        agree(checkpoint, x, network(x))


class Cardinal(nn.Module):
    """One ResNeXt block behind a 3×3 stem, spelt out."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        block = nn.Module()
        block.conv1, block.bn1 = nn.Conv2d(8, 12, 1, bias=False), nn.BatchNorm2d(12)
        block.conv2, block.bn2 = nn.Conv2d(12, 12, 3, padding=1, groups=4, bias=False), nn.BatchNorm2d(12)
        block.conv3, block.bn3 = nn.Conv2d(12, 20, 1, bias=False), nn.BatchNorm2d(20)
        block.shortcut = nn.Sequential(nn.Conv2d(8, 20, 1, bias=False), nn.BatchNorm2d(20))
        self.layer1 = nn.ModuleList([block])
        self.linear = nn.Linear(20, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        block: Any = self.layer1[0]
        y = torch.relu(block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x))))))
        x = torch.relu(block.bn3(block.conv3(y)) + block.shortcut(x))
        out: Tensor = self.linear(x.mean((2, 3)))
        return out


def test_groups_are_read_from_the_shapes(tmp_path: Path) -> None:
    network = randomised(Cardinal())
    checkpoint = kept(network.state_dict(), tmp_path)
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.title == "ResNeXt-5, 4 groups (CIFAR)"
    assert checkpoint.architecture.input_shape == (1, 32, 32)
    x = torch.randn(2, 1, 10, 10)
    with torch.inference_mode():
        agree(checkpoint, x, network(x))


class Published(nn.Module):
    """VGG's configuration, as its paper writes it: widths, and M for a halving."""

    def __init__(self, plan: list[Any], normed: bool, grid: int, sizes: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for entry in plan:
            if entry == "M":
                layers.append(nn.MaxPool2d(2, 2))
                continue
            layers.append(nn.Conv2d(width, entry, 3, padding=1))
            layers += [nn.BatchNorm2d(entry)] * normed + [nn.ReLU()]
            width = entry
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(grid)
        width *= grid * grid
        linear: list[nn.Module] = []
        for size in sizes[:-1]:
            linear += [nn.Linear(width, size), nn.ReLU(), nn.Dropout()]
            width = size
        last = nn.Linear(width, sizes[-1])
        self.classifier = nn.Sequential(*linear, last) if linear else last

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.pool(self.features(x)).flatten(1))
        return out


@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize(("grid", "sizes"), [(7, (10, 9, 4)), (1, (4,))])
def test_vgg(normed: bool, grid: int, sizes: tuple[int, ...], tmp_path: Path) -> None:
    plan = [4, "M", 5, "M", 6, 7, "M", 8, 8, "M", 8, 9, "M"]
    network = randomised(Published(plan, normed, grid, sizes))
    checkpoint = kept(network.state_dict(), tmp_path)
    architecture = checkpoint.architecture
    assert architecture is not None
    named = f"VGG-11{', batch norm' * normed}{' (CIFAR)' * (grid == 1)}"
    assert (architecture.family, architecture.title) == ("vgg", named)
    assert architecture.input_shape == (3, 32 * grid, 32 * grid)
    assert architecture.config["widths"] == [4, 5, 6, 7, 8, 8, 8, 9]
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        agree(checkpoint, x, network(x))
    assert set(architecture.stages) <= set(dict(checkpoint.network().named_modules()))


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_near_misses_are_none(change: str, tmp_path: Path) -> None:
    state = dict(Cardinal().state_dict())
    if change == "missing":
        del state["layer1.0.conv3.weight"]
    elif change == "extra":
        state["layer1.0.se.weight"] = torch.ones(3)
    else:
        state["layer1.0.bn2.bias"] = torch.ones(11)
    assert kept(state, tmp_path).architecture is None
