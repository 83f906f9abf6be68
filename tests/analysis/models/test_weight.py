"""Weights as matrices: outputs first, whatever the layer keeps."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.models import Architecture, Checkpoint, Weight, open_checkpoint, parameter_count
from graftwork.analysis.models.architecture import TensorSpec
from graftwork.analysis.models.counted import weights_by_name, weights_of
from graftwork.analysis.models.families import build
from graftwork.analysis.models.parts.attention import Transposed
from graftwork.analysis.models.weight import names_of

from .networks import built

LAYERS: Mapping[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(6, 4), (3, 6)),
    "transposed linear": (lambda: Transposed(6, 4), (3, 6)),
    "convolution": (lambda: nn.Conv2d(6, 4, 3), (1, 6, 5, 5)),
    "grouped": (lambda: nn.Conv1d(6, 4, 3, groups=2), (1, 6, 5)),
    "transposed convolution": (lambda: nn.ConvTranspose2d(6, 4, 3), (1, 6, 5, 5)),
    "grouped transposed": (lambda: nn.ConvTranspose1d(6, 4, 3, groups=2), (1, 6, 5)),
    "depthwise transposed": (lambda: nn.ConvTranspose1d(6, 6, 3, groups=6), (1, 6, 5)),
}


def weight_of(layer: nn.Module, name: str = "weight") -> Weight:
    return next(weight for weight in weights_of(layer) if weight.name == name)


def specs_of(state: Mapping[str, Tensor]) -> dict[str, TensorSpec]:
    return {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}


@pytest.mark.parametrize("name", LAYERS)
def test_a_channel_is_an_output(name: str) -> None:
    make, shape = LAYERS[name]
    torch.manual_seed(0)
    layer: Any = make()
    weight = weight_of(layer)
    nn.init.zeros_(layer.bias)
    kept = torch.arange(weight.channels) % 3 != 1
    with torch.no_grad():
        layer.weight.mul_(weight.over_channels(kept))
        outputs = layer(torch.randn(shape))
    axis = -1 if "linear" in name else 1
    silent = outputs.movedim(axis, 0).flatten(1).abs().sum(1) == 0
    assert torch.equal(silent, ~kept)


@pytest.mark.parametrize("name", LAYERS)
def test_a_matrix_is_restored(name: str) -> None:
    layer: Any = LAYERS[name][0]()
    weight = weight_of(layer)
    matrix = weight.matrix(layer.weight)
    assert len(matrix) == weight.channels
    assert torch.equal(weight.restore(matrix), layer.weight)
    assert {weight.outputs, weight.inputs, *weight.kernel} == set(range(layer.weight.ndim))


@pytest.mark.parametrize(("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_all_gates_of_a_recurrent_unit_are_one_channel(kind: Any, gates: int) -> None:
    core = kind(5, 3, 2, bidirectional=True)
    for weight in weights_of(core):
        assert (weight.gates, weight.channels) == (gates, 3)
        tensor = getattr(core, weight.name).detach()
        rows = weight.by_channel(tensor)
        assert torch.equal(rows[1], torch.cat([tensor[gate * 3 + 1] for gate in range(gates)]))
        gone = weight.over_channels(torch.tensor([True, False, True])).logical_not()
        assert gone.any(1).nonzero().flatten().tolist() == [gate * 3 + 1 for gate in range(gates)]
        assert torch.equal(weight.restore(weight.matrix(tensor)), tensor)
    assert len(list(weights_of(core))) == 8


def test_a_projected_lstm_has_its_own_gates() -> None:
    weights = {weight.name: weight for weight in weights_of(nn.LSTM(5, 6, proj_size=2))}
    assert {name: (w.gates, w.channels) for name, w in weights.items()} == {
        "weight_ih_l0": (4, 6),
        "weight_hh_l0": (4, 6),
        "weight_hr_l0": (1, 2),
    }


class Gpt(nn.Module):
    """Two blocks with transposed layers under GPT-2's names, an embedding, and a last layer of its own."""

    def __init__(self, kind: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.wte = nn.Embedding(11, 6)
        self.h = nn.ModuleList()
        for _ in range(2):
            block = nn.Module()
            block.c_attn, block.c_proj, block.c_fc = kind(6, 18), kind(6, 6), kind(6, 24)
            self.h.append(block)
        self.head = nn.Linear(6, 11, bias=False)


class Plain(nn.Module):
    """A layer of nobody's that keeps a matrix."""

    def __init__(self, *shape: int, bias: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape))
        if bias:
            self.bias = nn.Parameter(torch.ones(bias))


NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "GPT-2": lambda: Gpt(Transposed),
    "GPT-2 with linear layers": lambda: Gpt(nn.Linear),
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 12),
    "a decoder of images": lambda: nn.Sequential(
        nn.ConvTranspose2d(8, 6, 4, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.ConvTranspose2d(6, 3, 4)
    ),
    "convolutions": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.PReLU(), nn.Conv2d(8, 8, 3, groups=8), nn.PReLU()
    ),
    "recurrent": lambda: nn.Sequential(nn.LSTM(4, 3), nn.GRU(3, 5), nn.LSTM(5, 6, proj_size=2)),
    "a cell": lambda: nn.GRUCell(4, 3),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_names_and_shapes_tell_what_the_layers_do(name: str) -> None:
    network = NETWORKS[name]()
    by_layer = {weight.name: weight for weight in weights_of(network)}
    by_name = {weight.name: weight for weight in weights_by_name(specs_of(network.state_dict()))}
    assert {n: (w.outputs, w.gates) for n, w in by_name.items()} == {
        n: (w.outputs, w.gates) for n, w in by_layer.items()
    }


@pytest.mark.parametrize(
    ("layer", "outputs"), [(Plain(4, 6, bias=6), 1), (Plain(4, 6, bias=4), 0), (Plain(4, 6), None), (Plain(4, 4), None)]
)
def test_a_layer_that_nobody_knows_is_told_by_its_bias(layer: nn.Module, outputs: int | None) -> None:
    assert weight_of(layer).outputs == outputs


def test_a_growing_layer_of_equal_sides_is_left_open() -> None:
    state = {"up1.weight": torch.ones(4, 4, 2, 2), "up1.bias": torch.ones(4), "down.weight": torch.ones(4, 4, 2, 2)}
    assert [weight.outputs for weight in weights_by_name(specs_of(state))] == [None, 0]


def test_most_of_a_network_is_counted(tmp_path: Path, transformers: Any) -> None:
    config = {"naming": "torchvision", "depth": 2, "widths": [32], "channels": 3, "patch": 4, "grid": 2, "head_dim": 16}
    config |= {"heads": [2, 2], "hidden": [64, 64], "distilled": False, "pooled": False, "classes": 5}
    vit = build(Architecture("vit", "", config, 5, (), "", ()))
    torch.save(vit.state_dict(), tmp_path / "vit.pt")
    checkpoint = open_checkpoint(tmp_path / "vit.pt")
    matrices = sum(p.numel() for name, p in vit.named_parameters() if p.ndim > 1 and "weight" in name)
    assert sum(weight.size for weight in checkpoint.weights()) == matrices
    assert any(name.endswith("in_proj_weight") for name in names_of(checkpoint.weights()))


def test_transformers_own_transposed_layers(tmp_path: Path, transformers: Any) -> None:
    config = transformers.GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=11, n_positions=4)
    found = {weight.name: weight.outputs for weight in weights_of(transformers.GPT2LMHeadModel(config))}
    assert found.pop("lm_head.weight") == 0
    assert set(found.values()) == {1}
    assert len(found) == 4


def opened(state: Mapping[str, Tensor], folder: Path) -> Checkpoint:
    torch.save(dict(state), folder / "a.pt")
    return open_checkpoint(folder / "a.pt")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("h.0.attn.bias", (1, 1, 8, 8)),
        ("h.0.attn.masked_bias", ()),
        ("layers.0.rotary_emb.inv_freq", (4,)),
        ("a.weight_mask", (4, 4)),
        ("mask", (4, 4)),
        ("bn.running_mean", (4,)),
        ("freqs_cis", (4, 4)),
        ("total_ops", (1,)),
    ],
)
def test_buffers_are_no_parameters(name: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    state = {"a.weight": torch.ones(4, 4), "a.bias": torch.ones(4), "mask_token": torch.ones(1, 1, 4)}
    checkpoint = opened(state | {name: torch.ones(shape)}, tmp_path)
    assert checkpoint.trained() == tuple(state)
    assert names_of(checkpoint.weights()) == ("a.weight",)


def test_a_bias_of_four_axes_is_a_parameter(tmp_path: Path) -> None:
    assert opened({"conv.bias": torch.ones(1, 6, 1, 1)}, tmp_path).trained() == ("conv.bias",)


@pytest.mark.parametrize(
    ("family", "beside", "counted"),
    [
        ("gpt2", {"transformer.h.0.attn.bias": (1, 1, 16, 16), "transformer.h.0.attn.masked_bias": ()}, 0),
        ("llama", {"model.layers.0.self_attn.rotary_emb.inv_freq": (32,)}, 0),
        ("bert", {"cls.predictions.transform.dense.weight": (128, 128)}, 128 * 128),
    ],
)
def test_buffers_beside_a_known_network_are_no_parameters_but_other_heads_are(
    family: str, beside: dict[str, tuple[int, ...]], counted: int, tmp_path: Path
) -> None:
    network = built(family).module
    extra = {name: torch.ones(shape) for name, shape in beside.items()}
    checkpoint = opened({**network.state_dict(), **extra}, tmp_path)
    likely = checkpoint.architecture or checkpoint.likely
    assert likely
    assert likely.family == family
    assert parameter_count(checkpoint) == sum(p.numel() for p in network.parameters()) + counted


@pytest.mark.parametrize("names", [("body", "embed", "norm"), ("bn1", "fc", "wte")])
def test_layers_of_a_network_with_untold_settings_count_whatever_they_are_called(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    checkpoint = opened({f"{name}.weight": torch.randn(8, 8) for name in names}, tmp_path)
    assert checkpoint.architecture is None
    assert checkpoint.likely
    assert names_of(checkpoint.weights()) == tuple(f"{name}.weight" for name in names)
