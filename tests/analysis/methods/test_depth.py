"""Dropping depth: the order that a direct computation gives, and networks that are what is left."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import Derivative
from graftwork.analysis.models import Checkpoint, TensorSpec, open_checkpoint, write_checkpoint

from ..models.networks import FAMILIES, built
from ..samples import Samples
from .making import reopened, run_method

DEMO = Path(str(files("graftwork.assets"))) / "demo"


def dropped(parent: Checkpoint, data: Any, **parameters: Any) -> Derivative:
    return run_method("depth.similarity", parent, data=data, **parameters)


def language(family: str, folder: Path) -> tuple[Checkpoint, Samples]:
    state = built(family).module.state_dict()
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
    write_checkpoint(folder / "lm.safetensors", specs, state.__getitem__, dict(FAMILIES[family].told or {}))
    tokens = torch.randint(1, FAMILIES[family].vocabulary, (5, 7), generator=torch.Generator().manual_seed(1))
    tokens[1, 4:] = 0
    return open_checkpoint(folder / "lm.safetensors"), Samples(tokens, pad=0)


def images(name: str) -> tuple[Checkpoint, Samples]:
    inputs = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    return open_checkpoint(DEMO / f"{name}.safetensors"), Samples(inputs)


def cosine(a: Tensor, b: Tensor, axis: int, real: Tensor | None) -> float:
    found = F.cosine_similarity(a.double(), b.double(), dim=axis)
    return float((found if real is None else found[real]).mean())


def passing(network: nn.Module, inputs: Tensor, watch: dict[str, str]) -> dict[str, Tensor]:
    """Return what modules take (``in``) or give (``out``), by their name."""
    seen: dict[str, Tensor] = {}
    for name, side in watch.items():
        module = network.get_submodule(name)
        if side == "in":
            module.register_forward_pre_hook(lambda _, args, n=name: seen.update({n: args[0].clone()}))
        else:
            module.register_forward_hook(lambda _, __, output, n=name: seen.update({n: output.clone()}))
    with torch.inference_mode():
        network(inputs)
    return seen


@pytest.mark.heavy("transformers is imported, and its networks are built")
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize(
    ("network", "row", "axis"),
    [("digits-vit", "blocks", 2), ("digits-resnet20", "layer1", 1), ("gpt2", "transformer.h", 2)],
)
def test_the_least_important_blocks_go(network: str, row: str, axis: int, batch: int, tmp_path: Path) -> None:
    parent, data = language(network, tmp_path) if network in FAMILIES else images(network)
    inputs = data.take(np.arange(len(data)))
    made = dropped(parent, data, count=1, batch=batch, samples=100)
    blocks = [f"{row}.{name}" for name, _ in parent.network().get_submodule(row).named_children()]
    before = passing(parent.network(), inputs, dict.fromkeys(blocks, "in"))
    after = passing(parent.network(), inputs, dict.fromkeys(blocks, "out"))
    real = None if data.pad is None else inputs != data.pad
    for name in blocks:
        assert made.facts["importance"][name] == pytest.approx(
            1 - cosine(before[name], after[name], axis, real), abs=1e-6
        )
    assert made.facts["dropped"] == [min(made.facts["importance"], key=made.facts["importance"].__getitem__)]


@pytest.mark.heavy("transformers is imported, and its networks are built")
@pytest.mark.parametrize("family", ["gpt2", "llama", "bert"])
def test_a_branch_counts_by_what_it_adds_to_what_passes_by(family: str, tmp_path: Path) -> None:
    parent, data = language(family, tmp_path)
    inputs = data.take(np.arange(len(data)))
    norm, attention, row = {
        "gpt2": ("ln_1", "attn", "transformer.h"),
        "llama": ("input_layernorm", "self_attn", "model.layers"),
        "bert": ("", "attention.output.dense", "bert.encoder.layer"),
    }[family]
    source, target = f"{row}.0.{norm}".rstrip("."), f"{row}.0.{attention}"
    seen = passing(parent.network(), inputs, {source: "in"}) | passing(parent.network(), inputs, {target: "out"})
    expected = 1 - cosine(seen[source], seen[source] + seen[target], 2, inputs != 0)
    made = dropped(parent, data, count=2, granularity="joint")
    assert made.facts["importance"][f"{row}.0 attention"] == pytest.approx(expected, abs=1e-6)
    assert len(made.facts["importance"]) == 4


@pytest.mark.parametrize("granularity", ["block", "attention", "mlp", "joint"])
def test_what_is_left_runs_and_is_dropped_from_again(granularity: str, tmp_path: Path) -> None:
    parent, data = images("digits-vit")
    once = reopened(tmp_path / "once.safetensors", parent, dropped(parent, data, granularity=granularity))
    twice = reopened(tmp_path / "twice.safetensors", once, dropped(once, data, granularity="block"))
    inputs = data.take(np.arange(2))
    with torch.inference_mode():
        assert twice.network()(inputs).shape == parent.network()(inputs).shape
    assert len(twice.specs) < len(once.specs) < len(parent.specs)


def test_none_dropped_is_the_parent() -> None:
    parent, data = images("digits-vit")
    made = dropped(parent, data, count=0)
    assert made.structure is None
    assert made.specs == parent.specs


@pytest.mark.parametrize(("network", "granularity"), [("digits-vit", "block"), ("digits-resnet20", "attention")])
def test_more_than_there_are_is_refused(network: str, granularity: str) -> None:
    parent, data = images(network)
    with pytest.raises(UserError, match="could go"):
        dropped(parent, data, count=50, granularity=granularity)
