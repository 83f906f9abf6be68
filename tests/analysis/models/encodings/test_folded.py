"""Weights that torch keeps as others, opened as what the layers compute with in evaluation mode."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, describe, open_checkpoint
from graftwork.analysis.models.weight import names_of

Change = Callable[[nn.Module], Any]


def old_weight_norm(layer: nn.Module, **options: Any) -> None:
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        weight_norm(layer, **options)


def pruned_norm(layer: nn.Module) -> None:
    old_weight_norm(layer)
    prune.l1_unstructured(layer, "weight_v", 0.5)


LAYERS: Mapping[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(6, 5),
    "square": lambda: nn.Linear(6, 6),
    "convolution": lambda: nn.Conv2d(4, 6, 3),
    "transposed": lambda: nn.ConvTranspose2d(4, 6, 3),
    "square transposed": lambda: nn.ConvTranspose1d(5, 5, 3),
}
CHANGES: Mapping[str, Change] = {
    "pruning": lambda layer: prune.l1_unstructured(layer, "weight", 0.75),
    "structured pruning": lambda layer: prune.ln_structured(layer, "weight", 0.5, n=2, dim=1),
    "weight norm": parametrizations.weight_norm,
    "weight norm along another axis": lambda layer: parametrizations.weight_norm(layer, dim=1),
    "older weight norm": old_weight_norm,
    "weight norm of the whole": lambda layer: old_weight_norm(layer, dim=None),
    "spectral norm": parametrizations.spectral_norm,
    "older spectral norm": spectral_norm,
    "a mask over a norm's direction": pruned_norm,
}


def stirred(layer: nn.Module) -> nn.Module:
    """Return a layer in evaluation mode whose vectors had a few passes of training."""
    for _ in range(3):
        _ = layer.train()(torch.randn(2, *_inputs(layer)))
    return layer.eval()


def _inputs(layer: Any) -> tuple[int, ...]:
    if isinstance(layer, nn.Linear):
        return (layer.in_features,)
    return (layer.in_channels, *[5] * len(layer.kernel_size))


def kept(state: Mapping[str, Tensor], folder: Path) -> Checkpoint:
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "a.safetensors")
    return open_checkpoint(folder / "a.safetensors")


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_weight_is_what_its_layer_computes_with(layer: str, change: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    made: Any = LAYERS[layer]()
    CHANGES[change](made)
    stirred(made)(torch.randn(2, *_inputs(made)))
    checkpoint = kept({f"body.0.{name}": tensor for name, tensor in made.state_dict().items()}, tmp_path)
    assert sorted(checkpoint.specs) == ["body.0.bias", "body.0.weight"]
    torch.testing.assert_close(checkpoint.tensor("body.0.weight"), made.weight.detach())
    assert names_of(checkpoint.weights()) == ("body.0.weight",)


def test_every_pruned_name_is_folded_and_told(tmp_path: Path) -> None:
    core = nn.LSTM(4, 3)
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"):
        prune.l1_unstructured(core, name, 0.5)
    checkpoint = kept({f"rnn.{name}": tensor for name, tensor in core.state_dict().items()}, tmp_path)
    assert {name.removeprefix("rnn.") for name in checkpoint.specs} == {
        name for name, _ in nn.LSTM(4, 3).named_parameters()
    }
    told = describe(checkpoint.path)
    assert told["folded"] == ["pruning: weight × mask (3 tensors)"]
    assert told["sparsity"] == 0.5
    assert told["parameters"] == sum(p.numel() for p in core.parameters())


def test_half_precision_stays(tmp_path: Path) -> None:
    layer = nn.Linear(8, 4)
    parametrizations.weight_norm(layer)
    checkpoint = kept({name: tensor.bfloat16() for name, tensor in layer.state_dict().items()}, tmp_path)
    assert checkpoint.tensor("weight").dtype == torch.bfloat16
    torch.testing.assert_close(checkpoint.tensor("weight").float(), layer.weight.detach(), atol=0.01, rtol=0.01)


@pytest.mark.parametrize(
    "names",
    [
        ["a.weight_orig", "a.weight_u"],
        ["a.weight_orig"],
        ["a.parametrizations.weight.original"],
        ["a.parametrizations.weight.original", "a.parametrizations.weight.0.lora_A"],
        ["a.parametrizations.weight.original", "a.parametrizations.weight.0.mask"],
    ],
)
def test_weights_that_unknown_code_makes_are_refused(names: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="code that is not in the file") as caught:
        kept({name: torch.ones(4, 4) for name in names}, tmp_path)
    assert "file.py:function" in caught.value.next_step


@pytest.mark.parametrize("ending", [("_g", "_v"), ("_orig", "_mask")])
def test_names_alone_make_nothing_of_other_shapes(ending: tuple[str, str], tmp_path: Path) -> None:
    state = {f"gate{ending[0]}": torch.ones(3, 2), f"gate{ending[1]}": torch.ones(4)}
    assert set(kept(state, tmp_path).specs) == set(state)
