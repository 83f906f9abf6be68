"""Whatever the shapes and names of its tensors, recognising a network gives an architecture that fits them, or none."""

import re
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from graftwork.analysis.models import TensorSpec
from graftwork.analysis.models.families import families, recognise, skeleton

from ..conftest import RESNET, VIT, make

Specs = dict[str, TensorSpec]
SIZES = st.integers(0, 5) | st.integers(2**30, 2**40)
NUMBERS = st.sampled_from(["1", "7", "10000000000", "٣"])
TEXT: dict[str, Any] = {"vocab_size": 23, "hidden_size": 24, "num_attention_heads": 3, "num_hidden_layers": 2}
TORCHVISION = {
    "convnext": "convnext_tiny",
    "densenet": "densenet121",
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
            "bert": transformers.BertModel(transformers.BertConfig(**TEXT)),
            "gpt2": transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=24, n_head=3, n_layer=2)),
            "llama": transformers.LlamaForCausalLM(transformers.LlamaConfig(**TEXT)),
            "mlp": nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)),
            "mlp_mixer": timm.models.mlp_mixer.MlpMixer(img_size=32, embed_dim=24, num_blocks=2),
            "recurrent": nn.ModuleDict({"lstm": nn.LSTM(6, 5), "fc": nn.Linear(5, 3)}),
        }
    networks |= {"resnet_cifar": make("resnet_cifar", RESNET), "vit": make("vit", VIT)}
    return {family: specs_of(network) for family, network in networks.items()}


def specs_of(network: nn.Module) -> Specs:
    return {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in network.state_dict().items()}


@st.composite
def changed(draw: Any, specs: Specs) -> Specs:
    """Draw the tensors of a network of which some are gone, of other shapes, or under other numbers."""
    specs = dict(specs)
    for name in draw(st.lists(st.sampled_from(sorted(specs)), min_size=1, max_size=3, unique=True)):
        spec = specs.pop(name)
        match draw(st.sampled_from(["gone", "axis", "shape", "number"])):
            case "axis" if spec.shape:
                axis = draw(st.integers(0, len(spec.shape) - 1))
                shape = (*spec.shape[:axis], draw(SIZES), *spec.shape[axis + 1 :])
                specs[name] = TensorSpec(shape, spec.dtype)
            case "shape":
                specs[name] = TensorSpec(tuple(draw(st.lists(SIZES, max_size=5))), spec.dtype)
            case "number":
                specs[re.sub(r"\d+", draw(NUMBERS), name, count=1)] = spec
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
    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(changed(members[family]))
    def check(specs: Specs) -> None:
        check_fits(specs)

    check()


EXAMPLES = 15
