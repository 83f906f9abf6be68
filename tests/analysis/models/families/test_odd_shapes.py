"""Whatever the shapes and names of its tensors, recognising a network gives an architecture that fits them, or none."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from graftwork.analysis.models import TensorSpec
from graftwork.analysis.models.families import families, recognise, skeleton

from ..conftest import RESNET, VIT, make


@dataclass(frozen=True)
class Axis:
    """One axis is of another length."""

    axis: int
    size: int


Specs = dict[str, TensorSpec]
Change = tuple[int, ...] | Axis | str | None
SIZES = st.integers(0, 5) | st.integers(2**30, 2**40)
AXES = st.builds(Axis, st.integers(0, 3), SIZES)
NUMBERS = st.sampled_from(["1", "7", "10000000000", "٣"])
TEXT: dict[str, Any] = {"vocab_size": 23, "hidden_size": 24, "num_attention_heads": 3, "num_hidden_layers": 2}
TORCHVISION = {
    "convnext": "convnext_tiny",
    "efficientnet": "efficientnet_b0",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3": "mobilenet_v3_small",
    "resnet": "resnet18",
    "swin": "swin_t",
    "vgg": "vgg11_bn",
}


@pytest.fixture(scope="session")
def members(torchvision: Any, timm: Any, transformers: Any) -> dict[str, Specs]:
    """Return the tensors of one member of each family."""
    with torch.device("meta"):
        networks = {family: getattr(torchvision, name)() for family, name in TORCHVISION.items()}
        networks |= {
            "densenet": torchvision.DenseNet(4, (2, 3, 2, 2), 8),
            "bert": transformers.BertModel(transformers.BertConfig(**TEXT)),
            "gpt2": transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=24, n_head=3, n_layer=2)),
            "llama": transformers.LlamaForCausalLM(transformers.LlamaConfig(**TEXT)),
            "mlp": nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)),
            "mlp_mixer": timm.models.mlp_mixer.MlpMixer(img_size=32, embed_dim=24, num_blocks=2),
            "recurrent": nn.ModuleDict({"words": nn.Embedding(19, 6), "rnn": nn.LSTM(6, 5), "out": nn.Linear(5, 3)}),
        }
    networks |= {"resnet_cifar": make("resnet_cifar", RESNET), "vit": make("vit", VIT)}
    return {family: specs_of(network) for family, network in networks.items()}


def specs_of(network: nn.Module) -> Specs:
    return {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in network.state_dict().items()}


def changes(specs: Specs) -> st.SearchStrategy[dict[str, Change]]:
    """Draw which of the tensors are gone (None), of other shapes, or under other numbers."""
    shapes = st.lists(SIZES, max_size=5).map(tuple)
    return st.dictionaries(st.sampled_from(sorted(specs)), st.none() | shapes | AXES | NUMBERS, min_size=1, max_size=3)


def changed(specs: Specs, changes: dict[str, Change]) -> Specs:
    specs = dict(specs)
    for name, change in changes.items():
        spec = specs.pop(name)
        match change:
            case str():
                specs[re.sub(r"\d+", change, name, count=1)] = spec
            case Axis(axis, size):
                shape = [size if place == axis else side for place, side in enumerate(spec.shape)]
                specs[name] = TensorSpec(tuple(shape), spec.dtype)
            case tuple():
                specs[name] = TensorSpec(change, spec.dtype)
    return specs


def check_fits(specs: Specs) -> None:
    """Check that what is recognised has just these tensors."""
    architecture = recognise(specs, {})
    if architecture is not None:
        wanted = {name: tuple(tensor.shape) for name, tensor in skeleton(architecture).state_dict().items()}
        given = {name: spec.shape for name, spec in specs.items() if name not in architecture.spare}
        counters = {name: () for name in wanted if name.endswith("num_batches_tracked")}
        assert wanted == counters | given


def test_there_is_a_member_of_every_family(members: dict[str, Specs]) -> None:
    assert set(members) == set(families())
    for family, specs in members.items():
        architecture = recognise(specs, {})
        assert architecture is not None, family
        assert architecture.family == family


@pytest.mark.parametrize("family", sorted(families()))
def test_odd_tensors_are_no_error(members: dict[str, Specs], family: str) -> None:
    @settings(max_examples=20, deadline=None, database=None)
    @given(changes(members[family]))
    def check(drawn: dict[str, Change]) -> None:
        check_fits(changed(members[family], drawn))

    check()
