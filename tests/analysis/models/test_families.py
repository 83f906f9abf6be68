from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from graftwork.analysis.models import Architecture, TensorSpec, open_checkpoint
from graftwork.analysis.models.families import build, families, recognise, skeleton
from graftwork.analysis.models.families.resnet_cifar import PaddedSubsample
from graftwork.analysis.models.weight import names_of

from .conftest import RESNET, VIT, make

PROJECTED: dict[str, Any] = {"shortcut": "shortcut", "padding": None}
FOUR: dict[str, Any] = {"padding": [0, 2, 4, 8]}


def known(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture:
    """Return what is recognised; it must be."""
    architecture = recognise(specs, metadata)
    assert architecture is not None
    return architecture


def specs_of(module: nn.Module) -> dict[str, TensorSpec]:
    return {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in module.state_dict().items()}


def test_every_file_of_the_folder_is_a_family() -> None:
    assert {"resnet_cifar", "vit"} <= set(families())


@pytest.mark.parametrize(
    ("family", "config"),
    [
        ("resnet_cifar", RESNET),
        ("resnet_cifar", RESNET | PROJECTED | {"head": "fc"}),
        ("resnet_cifar", RESNET | PROJECTED | {"shortcut": "downsample", "widths": [4, 4, 2]}),
        ("resnet_cifar", RESNET | {"depth": 10, "widths": [4, 8, 16, 32], "hidden": [[4], [8], [5], [6]]} | FOUR),
        ("vit", VIT),
        ("vit", VIT | {"heads": [4, 2, 1]}),
    ],
)
def test_a_member_is_recognised_from_its_shapes(family: str, config: dict[str, Any]) -> None:
    specs = specs_of(make(family, config))
    architecture = recognise(specs, {"graftwork": {"heads": 4}})
    assert architecture is not None
    assert (architecture.family, architecture.config) == (family, config)
    assert architecture.classes == config["classes"]
    modules = dict(skeleton(architecture).named_modules())
    assert architecture.head is not None
    assert isinstance(modules[architecture.head], nn.Linear)
    assert set(architecture.stages) <= set(modules)


def test_what_a_person_reads() -> None:
    architecture = known(specs_of(make("resnet_cifar", RESNET)), {})
    assert architecture.title == "ResNet-10 (CIFAR)"
    assert architecture.input_shape == (2, 32, 32)
    assert architecture.stages == ("layer1", "layer2", "layer3")
    small = VIT | {"widths": [384], "head_dim": 64, "heads": [6] * 3, "patch": 16, "grid": 14}
    architecture = known(specs_of(make("vit", small)), {})
    assert architecture.title == "ViT-S/16 (224 px)"
    assert architecture.input_shape == (3, 224, 224)
    assert architecture.stages == ("blocks.0", "blocks.1", "blocks.2")
    assert architecture.config["heads"] == [6, 6, 6]


@pytest.mark.parametrize(
    ("metadata", "heads"),
    [({}, 1), ({"heads": 2}, 2), ({"graftwork": {"heads": 8}, "heads": 2}, 8), ({"head_dim": 32}, 2)],
)
def test_heads_are_told_or_else_one_for_64_channels(metadata: dict[str, Any], heads: int) -> None:
    architecture = known(specs_of(make("vit", VIT)), metadata)
    assert (architecture.config["heads"], architecture.untold) == ([heads] * 3, "")


@pytest.mark.parametrize(
    ("changes", "metadata"),
    [
        ({"widths": [96], "heads": [3] * 3, "head_dim": 32}, {}),  # no usual size of heads
        ({"widths": [64], "heads": [4, 2, 4]}, {}),  # cut: whole heads, or a part of each
        ({}, {"heads": 5}),  # what is told cannot be
        ({}, {"heads": "2"}),
    ],
)
def test_heads_that_nobody_tells_are_not_guessed(changes: dict[str, Any], metadata: dict[str, Any]) -> None:
    assert "how many heads" in known(specs_of(make("vit", VIT | changes)), metadata).untold


def option_a(*widths: int, padding: list[int]) -> dict[str, Any]:
    return RESNET | {"stem": widths[0], "widths": list(widths), "padding": padding}


@pytest.mark.parametrize("widths", [(4, 4, 12), (4, 7, 14), (4, 8, 12), (4, 4, 4)])
def test_where_shortcuts_put_zeros_is_told_or_as_published(widths: tuple[int, ...]) -> None:
    padding = [0, 0, 0]
    specs = specs_of(make("resnet_cifar", option_a(*widths, padding=padding)))
    assert "where its shortcuts put zeros" in known(specs, {}).untold
    assert "where its shortcuts put zeros" in known(specs, {"graftwork": {"operation": {"method": "prune"}}}).untold
    told = known(specs, {"graftwork": {"padding": padding}})
    assert (told.untold, told.config["padding"]) == ("", padding)
    assert told.settings == {"padding": padding}
    drawn = known(specs, {"graftwork": {"operation": {"method": "retrain.scratch"}}})
    assert (drawn.untold, drawn.config["padding"][2]) == ("", (widths[2] - widths[1]) // 2)


def test_a_network_that_lost_channels_of_its_padding_is_no_member_by_its_shapes(tmp_path: Path) -> None:
    torch.save(make("resnet_cifar", option_a(4, 8, 12, padding=[0, 2, 0])).state_dict(), tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    assert checkpoint.architecture is None
    assert checkpoint.reason == (
        "its tensors are those of ResNet-10 (CIFAR), but nothing tells where its shortcuts put zeros."
    )
    assert "layer1.0.conv1.weight" in names_of(checkpoint.weights())


@pytest.mark.parametrize("name", ["conv1.weight", "layer2.0.conv2.weight", "layer3.0.bn1.bias", "linear.weight"])
def test_a_missing_tensor_is_not_recognised(resnet: Any, name: str) -> None:
    specs = specs_of(resnet)
    del specs[name]
    assert recognise(specs, {}) is None


def test_a_tensor_too_many_is_not_recognised(resnet: Any) -> None:
    extra = {"layer1.0.se.weight": TensorSpec((4, 4), torch.float32)}
    assert recognise(specs_of(resnet) | extra, {}) is None


def test_a_network_with_another_stem_is_of_another_family_or_of_none(resnet: Any) -> None:
    def found(kernel: int) -> str | None:
        stem = {"conv1.weight": TensorSpec((4, 2, kernel, kernel), torch.float32)}
        architecture = recognise(specs_of(resnet) | stem, {})
        return architecture.family if architecture else None

    assert [found(kernel) for kernel in (3, 5, 7)] == ["resnet_cifar", None, None]


SHAPES = st.lists(st.integers(0, 5) | st.integers(2**30, 2**40), max_size=5).map(tuple)


@settings(max_examples=150)
@given(data=st.data(), shapes=st.lists(SHAPES | st.none(), min_size=1, max_size=3))
@pytest.mark.parametrize(("family", "config"), [("resnet_cifar", RESNET), ("vit", VIT)])
def test_a_changed_shape_is_never_an_error(
    family: str, config: dict[str, Any], data: st.DataObject, shapes: list[tuple[int, ...] | None]
) -> None:
    specs = specs_of(make(family, config))
    for shape in shapes:
        name = data.draw(st.sampled_from(sorted(specs)))
        specs[name] = specs[name] if shape is None else TensorSpec(shape, torch.float32)
    architecture = recognise(specs, {})
    if architecture is not None:
        built = {name: tuple(tensor.shape) for name, tensor in skeleton(architecture).state_dict().items()}
        assert built == {name: spec.shape for name, spec in specs.items()}


@pytest.mark.parametrize(("name", "shape"), [("resnet", (3, 2, 32, 32)), ("vit", (3, 3, 8, 8))])
def test_an_opened_network_gives_the_same_logits(
    name: str, shape: tuple[int, ...], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    module = request.getfixturevalue(name)
    content = {"state_dict": {f"module.{key}": value for key, value in module.state_dict().items()}, "heads": 4}
    torch.save(content, tmp_path / "a.pt")
    network = open_checkpoint(tmp_path / "a.pt").network()
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    assert not network.training
    assert torch.equal(network(x), module(x))
    assert network(x).std() > 0


def test_a_network_is_fresh_and_leaves_the_random_state_alone(resnet: Any, tmp_path: Path) -> None:
    torch.save(resnet.state_dict(), tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    before = torch.get_rng_state()
    network: Any = checkpoint.network()
    network.conv1.weight.data.zero_()
    assert torch.equal(torch.get_rng_state(), before)
    again: Any = checkpoint.network()
    assert torch.equal(again.conv1.weight, resnet.conv1.weight)


def test_missing_counters_of_batches_are_tolerated(resnet: Any, tmp_path: Path) -> None:
    state = {n: t for n, t in resnet.state_dict().items() if not n.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "a.pt")
    x = torch.rand(2, 2, 32, 32)
    network: Any = open_checkpoint(tmp_path / "a.pt").network()
    assert torch.equal(network(x), resnet(x))
    assert network.bn1.num_batches_tracked == 0


def test_half_precision_runs_in_single(resnet: Any, tmp_path: Path) -> None:
    torch.save({n: t.half() if t.is_floating_point() else t for n, t in resnet.state_dict().items()}, tmp_path / "a.pt")
    network = open_checkpoint(tmp_path / "a.pt").network()
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_the_padded_subsample_by_hand() -> None:
    x = torch.arange(32.0).reshape(1, 2, 4, 4)
    y = PaddedSubsample(2, 1, 2)(x)
    assert y.shape == (1, 5, 2, 2)
    assert torch.equal(y[:, [0, 3, 4]], torch.zeros(1, 3, 2, 2))
    assert torch.equal(y[0, 1], torch.tensor([[0.0, 2.0], [8.0, 10.0]]))
    assert torch.equal(y[0, 2], torch.tensor([[16.0, 18.0], [24.0, 26.0]]))


def test_a_residual_network_by_hand() -> None:
    """One block of ones: the stem gives 1 at every pixel, the block's centre pixel gives relu(9·9 + 1)."""
    config = {"channels": 1, "stem": 1, "widths": [1], "hidden": [[1]], "head": "fc", "classes": 1}
    network = make("resnet_cifar", config | {"shortcut": None, "padding": [0]})
    for name, tensor in network.state_dict().items():
        tensor.fill_(0.0 if name.endswith(("bias", "running_mean")) else 1.0)
    network.conv1.weight.data = torch.tensor([[[[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]]])
    for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.eps = 0.0
    neighbours = F.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3), padding=1)
    expected = (F.conv2d(neighbours, torch.ones(1, 1, 3, 3), padding=1) + 1).mean()
    assert torch.allclose(network(torch.ones(1, 1, 4, 4)), expected)


def test_the_transformer_agrees_with_torch(vit: Any) -> None:
    """Each block is torch's encoder layer that normalises first."""
    x = torch.rand(2, 5, 64, generator=torch.Generator().manual_seed(2))
    for block, hidden in zip(vit.blocks, (96, 96, 80), strict=True):
        layer = nn.TransformerEncoderLayer(64, 4, hidden, 0.0, F.gelu, 1e-6, batch_first=True, norm_first=True).eval()
        ours = {
            "self_attn.in_proj_": block.attn.qkv,
            "self_attn.out_proj.": block.attn.proj,
            "linear1.": block.mlp.fc1,
            "linear2.": block.mlp.fc2,
            "norm1.": block.norm1,
            "norm2.": block.norm2,
        }
        layer.load_state_dict({f"{k}{p}": getattr(m, p) for k, m in ours.items() for p in ("weight", "bias")})
        assert torch.allclose(block(x), layer(x), atol=1e-5)


def test_positions_tell_patches_apart(vit: Any) -> None:
    x = torch.zeros(1, 3, 8, 8)
    x[..., :4, :4] = 1.0
    vit.pos_embed.data[0, 1] += torch.linspace(-3, 3, 64)
    assert not torch.allclose(vit(x), vit(x.flip(3)), atol=1e-4)


def test_building_needs_the_architecture_alone(vit: Any) -> None:
    architecture = known(specs_of(vit), {"heads": 4})
    rebuilt = build(architecture)
    rebuilt.load_state_dict(vit.state_dict())
    x = torch.rand(1, 3, 8, 8)
    assert torch.equal(rebuilt(x), vit(x))
