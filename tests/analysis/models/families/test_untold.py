"""What shapes leave open is told by a file or as published; otherwise a network is named and not run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.models import Architecture, open_checkpoint
from graftwork.analysis.models.architecture import TensorSpec
from graftwork.analysis.models.families import recognise
from graftwork.analysis.models.parts.chains import in_order, ordered_for_sure

from ..conftest import agree, kept
from ..networks import built, randomised

Specs = dict[str, TensorSpec]


def specs_of(shapes: Mapping[str, tuple[int, ...]]) -> Specs:
    return {name: TensorSpec(shape, torch.float32) for name, shape in shapes.items()}


def known(specs: Specs, **metadata: Any) -> Architecture:
    architecture = recognise(specs, metadata)
    assert architecture is not None
    return architecture


def cut(specs: Specs, changes: Mapping[int, int]) -> Specs:
    """Return the tensors with other lengths wherever an axis has one of these."""
    return {
        name: TensorSpec(tuple(changes.get(side, side) for side in spec.shape), spec.dtype)
        for name, spec in specs.items()
    }


@pytest.mark.parametrize(
    ("name", "changes", "block"),
    [
        ("mobilenet_v2", {96: 64}, 11),
        ("mobilenet_v3_small", {48: 40}, 7),
        ("mobilenet_v3_large", {112: 80}, 11),
        ("efficientnet_b0", {112: 80}, 9),
    ],
)
def test_a_block_that_keeps_its_width_after_a_cut_may_not_be_added(
    torchvision: Any, name: str, changes: dict[int, int], block: int
) -> None:
    with torch.device("meta"):
        state = getattr(torchvision, name)().state_dict()
    specs = {key: TensorSpec(tuple(tensor.shape), tensor.dtype) for key, tensor in state.items()}
    whole = known(specs)
    assert (whole.untold, block in whole.config["adds"]) == ("", False)
    pruned = cut(specs, changes)
    assert known(pruned).untold == f"nothing tells whether its block {block} is added to its input"
    adds = whole.config["adds"]
    told = known(pruned, graftwork=whole.settings)
    assert (told.untold, told.config["adds"]) == ("", adds)


def mlp(**shapes: tuple[int, int]) -> Specs:
    return specs_of({f"{name.replace('_', '.')}.weight": shape for name, shape in shapes.items()})


@pytest.mark.parametrize(
    ("specs", "settled"),
    [
        (mlp(hidden=(8, 8), input=(8, 8), output=(8, 8)), False),  # sorted by name: any order
        (mlp(decoder=(8, 4), encoder=(4, 8)), False),  # which of them is first
        (mlp(a=(5, 8), b=(5, 5), c=(5, 5), d=(3, 5)), False),
        (mlp(a=(5, 8), b=(6, 5), c=(5, 6), d=(6, 5), e=(3, 6)), False),  # two ways round
        (mlp(input=(8, 8), hidden=(8, 8), output=(8, 8)), True),  # an order that somebody kept
        (mlp(a=(5, 8), b=(5, 5), c=(3, 5)), True),
        (mlp(fc1=(5, 5), fc2=(5, 5), fc3=(5, 5), out=(3, 5)), True),
        (mlp(net_0=(5, 5), net_2=(5, 5), net_10=(5, 5)), True),
        (mlp(only=(5, 5)), True),
    ],
)
def test_the_order_of_layers_is_known_or_untold(specs: Specs, settled: bool) -> None:
    assert bool(known(specs).untold) != settled


def test_numbers_order_what_names_do_not() -> None:
    assert in_order(["fc1", "fc10", "fc2", "out"]) == ["fc1", "fc2", "fc10", "out"]
    assert in_order(["b.1.x", "b.0.y"]) == ["b.1.x", "b.0.y"]
    assert ordered_for_sure(["a"], ["a"], [3, 3])


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Linear(6, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Linear(5, 3)],
        [nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(), nn.Linear(5, 3)],
        [nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.Linear(4, 3)],
        [nn.Flatten(), nn.Linear(6, 5), nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 3)],
    ],
)
def test_activations_are_where_a_sequence_leaves_places_out(layers: list[nn.Module], tmp_path: Path) -> None:
    network, x = randomised(nn.Sequential(*layers)), torch.randn(4, 6)
    with torch.inference_mode():
        agree(kept(network.state_dict(), tmp_path), x, network(x))


def test_two_places_around_a_norm_are_too_many(tmp_path: Path) -> None:
    layers = [nn.Linear(6, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Dropout(), nn.Linear(5, 3)]
    assert "nothing tells" in kept(nn.Sequential(*layers).state_dict(), tmp_path).reason


def reader(words: str, out: str) -> dict[str, Tensor]:
    state = {f"rnn.{name}": tensor for name, tensor in nn.LSTM(6, 6).state_dict().items()}
    return {f"{words}.weight": torch.ones(9, 6), f"{out}.weight": torch.ones(3, 6)} | state


def test_an_embedding_is_told_from_the_last_layer(tmp_path: Path) -> None:
    assert "which of its matrices is the embedding" in kept(reader("a", "b"), tmp_path).reason
    for words, out in (("embedding", "b"), ("z_emb", "head")):
        found = kept(reader(words, out), tmp_path).architecture
        assert found is not None
        assert (found.vocabulary, found.classes) == (9, 3)
    biased = kept(reader("a", "b") | {"b.bias": torch.ones(3)}, tmp_path).architecture
    assert biased is not None
    assert biased.vocabulary == 9


@pytest.mark.parametrize(("kind", "config"), [("RobertaModel", "RobertaConfig"), ("GemmaForCausalLM", "GemmaConfig")])
def test_networks_with_the_names_of_another_are_left_to_their_library(
    transformers: Any, kind: str, config: str, tmp_path: Path
) -> None:
    sizes = {"vocab_size": 23, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3, "head_dim": 8}
    sizes |= {"intermediate_size": 8, "num_key_value_heads": 3}
    getattr(transformers, kind)(getattr(transformers, config)(**sizes)).save_pretrained(tmp_path)
    architecture = open_checkpoint(tmp_path).architecture
    assert architecture is not None
    assert (architecture.family, architecture.title) == ("transformers", kind)


@pytest.mark.parametrize("family", ["gpt2", "bert"])
def test_heads_that_were_cut_must_be_told(family: str) -> None:
    """Of two heads of 64 channels one is gone in the first block, or half of each is."""
    specs = {n: TensorSpec(tuple(t.shape), t.dtype) for n, t in built(family).module.state_dict().items()}
    inside = {
        "gpt2": ("h.0.attn.c_attn", "h.0.attn.c_proj"),
        "bert": ("layer.0.attention.self", "layer.0.attention.output.dense"),
    }
    sides = {384: 192} if family == "gpt2" else {128: 64}
    for name, spec in specs.items():
        if inside[family][0] in name:
            specs[name] = _cut_axis(spec, 1 if family == "gpt2" and len(spec.shape) == 2 else 0, sides)
        elif inside[family][1] in name and "weight" in name:
            specs[name] = _cut_axis(spec, 0 if family == "gpt2" else 1, {128: 64})
    assert "how many heads" in known(specs).untold
    assert known(specs, n_head=2, num_attention_heads=2).config["head_dim"] == 64


def _cut_axis(spec: TensorSpec, axis: int, sides: Mapping[int, int]) -> TensorSpec:
    shape = [sides.get(side, side) if place == axis else side for place, side in enumerate(spec.shape)]
    return TensorSpec(tuple(shape), spec.dtype)


def test_what_is_made_of_a_network_says_what_shapes_leave_open(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    assert kept(network.state_dict(), tmp_path, activation="tanh").inherited() == {"activation": "tanh"}
