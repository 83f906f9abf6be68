"""Networks on text: next tokens, classes of texts, and matrices that a file holds twice."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import METHODS
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.training import Batch, tied
from graftwork.analysis.training.batches import Batches
from graftwork.analysis.training.losses import task_loss
from graftwork.analysis.trials import DataSpec

from .conftest import apply, context_of, saved

pytestmark = pytest.mark.heavy("networks are trained")

QUICK: dict[str, Any] = {"steps": 30, "batch": 8, "learning_rate": 0.01, "optimiser": "adamw"}
TEXT = "\n".join(["abcabcabcabc", "bcabcabcabca", "cabcabcabcab"] * 8)


@pytest.fixture
def text(tmp_path: Path) -> Prepared:
    """Return 24 texts whose next letter follows from the last, as bytes."""
    (tmp_path / "a.txt").write_text(TEXT)
    return open_data(DataSpec(name="t", path=str(tmp_path / "a.txt"), content="t", length=16))


def gpt2(folder: Path, twice: bool) -> Checkpoint:
    draws = torch.Generator().manual_seed(0)
    width, words = 16, 257
    shapes = {
        "wte.weight": (words, width),
        "wpe.weight": (16, width),
        "h.0.attn.c_attn.weight": (width, 3 * width),
        "h.0.attn.c_proj.weight": (width, width),
        "h.0.mlp.c_fc.weight": (width, 4 * width),
        "h.0.mlp.c_proj.weight": (4 * width, width),
    }
    tensors = {name: torch.randn(shape, generator=draws) * 0.1 for name, shape in shapes.items()}
    for name, shape in shapes.items():
        if name.startswith("h."):
            tensors[name.replace("weight", "bias")] = torch.zeros(shape[1])
    for norm in ("h.0.ln_1", "h.0.ln_2", "ln_f"):
        tensors |= {f"{norm}.weight": torch.ones(width), f"{norm}.bias": torch.zeros(width)}
    named = {f"transformer.{name}": tensor for name, tensor in tensors.items()}
    if twice:
        named["lm_head.weight"] = tensors["wte.weight"].clone()
    save_file(named, folder / "gpt2.safetensors", {"graftwork": '{"heads": 2}'})
    return open_checkpoint(folder / "gpt2.safetensors")


@pytest.mark.parametrize("twice", [True, False])
def test_a_language_model_learns_the_next_token(twice: bool, text: Prepared, tmp_path: Path) -> None:
    parent = gpt2(tmp_path, twice)
    assert parent.architecture is not None
    made = apply("retrain.full", parent, context_of(text), **QUICK, held_out=0.25, check_every=30)
    facts = made.facts["training"]
    assert facts["curve"][-1]["loss"] < 0.5 * facts["curve"][0]["loss"]
    assert list(facts["held_out"][0]) == ["step", "loss"]
    if twice:
        embedding = next(name for name in parent.specs if name.endswith("wte.weight"))
        assert torch.equal(made.tensor("lm_head.weight"), made.tensor(embedding))
        assert not torch.equal(made.tensor("lm_head.weight"), parent.tensor("lm_head.weight"))


def lines(folder: Path, texts: Iterable[str]) -> Prepared:
    (folder / "a.txt").write_text("\n".join(texts))
    return open_data(DataSpec(name="t", path=str(folder / "a.txt"), content="t", length=16))


def held_of(text: Prepared, values: dict[str, Any]) -> NDArray[np.int64]:
    parameters: Any = METHODS.get("retrain.full").check(values | {"data": "data"})
    return Batches(text, parameters, context_of(text).seed, torch.device("cpu")).held


@pytest.mark.parametrize("batch", [3, 8])
def test_a_held_out_loss_is_of_all_tokens_alike(batch: int, tmp_path: Path) -> None:
    uneven = lines(tmp_path, ("abcabcabcabc"[: 1 + place % 12] for place in range(24)))
    values = QUICK | {"steps": 2, "batch": batch, "held_out": 0.5, "check_every": 2}
    parent = gpt2(tmp_path, twice=False)
    made = apply("retrain.full", parent, context_of(uneven), **values)
    held = held_of(uneven, values)
    whole = Batch(uneven.take(held), torch.full((len(held),), -1), uneven.pad)
    with torch.no_grad():
        expected = task_loss(saved(made, tmp_path / "made.safetensors", parent).network()(whole.inputs), whole)
    assert made.facts["training"]["held_out"][-1]["loss"] == pytest.approx(float(expected), rel=1e-5)


def test_a_held_out_loss_needs_a_token_that_follows(text: Prepared, tmp_path: Path) -> None:
    values = QUICK | {"steps": 1, "held_out": 0.5}
    held = held_of(text, values)
    short = lines(tmp_path, ("a" if place in held else "abcabc" for place in range(len(text))))
    with pytest.raises(UserError, match="In no held-out sample does a token follow"):
        apply("retrain.full", gpt2(tmp_path, twice=False), context_of(short), **values)


def test_equal_matrices_become_one_and_zeros_do_not() -> None:
    layers, fresh = ([torch.nn.Linear(4, 4) for _ in range(5)] for _ in range(2))
    with torch.no_grad():
        layers[2].weight.copy_(layers[0].weight)
        layers[3].weight.zero_()
        layers[4].weight.zero_()
    network = torch.nn.Sequential(*layers)
    tied(torch.nn.Sequential(*fresh), network)
    tied(network)
    for made in (fresh, layers):
        assert made[0].weight is made[2].weight
        assert len({id(layer.weight) for layer in made}) == 4


def test_a_classifier_of_texts_needs_their_classes(text: Prepared, tmp_path: Path) -> None:
    draws = torch.Generator().manual_seed(0)
    sides = {"embedding.weight": (257, 8), "rnn.weight_ih_l0": (48, 8), "rnn.weight_hh_l0": (48, 12)}
    biases = {"rnn.bias_ih_l0": (48,), "rnn.bias_hh_l0": (48,), "head.weight": (3, 12), "head.bias": (3,)}
    tensors = {name: torch.randn(side, generator=draws) * 0.3 for name, side in (sides | biases).items()}
    save_file(tensors, tmp_path / "lstm.safetensors")
    parent = open_checkpoint(tmp_path / "lstm.safetensors")
    with pytest.raises(UserError, match="without a class"):
        apply("retrain.full", parent, context_of(text), **QUICK)
    lines = [f'{{"text": "{line}", "label": "{line[0]}"}}' for line in TEXT.splitlines()]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    labelled = open_data(DataSpec(name="t", path=str(tmp_path / "a.jsonl"), content="t", length=12))
    made = apply("retrain.full", parent, context_of(labelled), **QUICK | {"learning_rate": 0.03})
    curve = made.facts["training"]["curve"]
    assert curve[-1]["loss"] < 0.5 * curve[0]["loss"]
    biases_alone = apply("retrain.subset", parent, context_of(labelled), **QUICK, train=["biases"])
    assert biases_alone.facts["training"]["trained"] == 48 + 48 + 3
