"""Small networks, changed in every way once, and what exports them."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from graftwork.analysis.exporting.choice import Choice
from graftwork.analysis.exporting.export import export
from graftwork.analysis.exporting.origin import of_file
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import METHODS, Derivative, MethodContext
from graftwork.analysis.methods.editing import edited
from graftwork.analysis.models import Checkpoint, TensorSpec, open_checkpoint, write_checkpoint
from graftwork.analysis.models.blocks import blocks_of
from graftwork.analysis.models.structure import Edit, Omit
from graftwork.analysis.models.structure import Path as Row

from ..models.networks import CLASSES, FAMILIES, VIT, built

Send = Callable[..., dict[str, Any]]
Changed = Callable[[str, str], Checkpoint]
PARAMETERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "pruned": ("prune.magnitude", {"amount": 0.5}),
    "factored": ("factor.svd", {"keep": 0.6, "scope": "layer"}),
    "packed": ("quantise.uniform", {"bits": 4, "group": 16}),
}
CHANGES = ("plain", *PARAMETERS, "cut")


@pytest.fixture
def send() -> Send:
    """Return what exports a checkpoint to a path."""

    def to(model: Checkpoint, target: Path, **chosen: Any) -> dict[str, Any]:
        return export(model, target, Choice(**chosen), of_file(model.path, "0" * 64), Quiet())

    return to


def outputs(checkpoint: Checkpoint, x: Tensor) -> Tensor:
    with torch.inference_mode():
        logits: Tensor = checkpoint.network()(x)
        return logits


def alike(found: Tensor, expected: Tensor, share: float = 1e-5) -> bool:
    """Tell outputs that are equal up to a share of the largest."""
    return found.shape == expected.shape and bool((found - expected).abs().max() <= share * expected.abs().max())


def applied(parent: Checkpoint, method: str, parameters: dict[str, Any]) -> Derivative:
    """Return what a method makes of a model."""
    entry = METHODS.get(method)
    context = MethodContext(0, torch.device("cpu"), Quiet(), {}, {})
    return entry.function([parent], entry.check(parameters), context)


def kept(parent: Checkpoint, made: Derivative, path: Path) -> Checkpoint:
    """Write a derivative as a trial does, and open it."""
    ties = parent.ties if made.ties is None else made.ties
    write_checkpoint(path, made.specs, made.tensor, parent.inherited() | made.said(), ties)
    return open_checkpoint(path)


def without_last_block(parent: Checkpoint) -> list[Edit]:
    """Return the edit that drops the last block; none where the network has no row of them."""
    assert parent.architecture is not None
    blocks = blocks_of(parent.network(), parent.architecture)
    if not blocks:
        return []
    last = blocks[-1]
    return [Row(blocks=last.row, order=tuple(n for n in range(last.length) if n != last.number))]


@cache
def member(folder: Path, family: str) -> Checkpoint:
    """Return the network of a family as its library publishes it, or with what must be told of it."""
    if family == "vit of timm":
        return _of_timm(folder / family)
    network: Any = built(family).module
    if FAMILIES[family].hugging_face:
        network.save_pretrained(folder / family)
        (folder / family / "tokenizer.json").write_text('{"version": "1.0"}', encoding="utf-8")
        return open_checkpoint(folder / family)
    state = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
    write_checkpoint(folder / f"{family}.safetensors", specs, state.__getitem__, dict(FAMILIES[family].told or {}))
    return open_checkpoint(folder / f"{family}.safetensors")


def _of_timm(folder: Path) -> Checkpoint:
    """Return a vision transformer in a folder as timm publishes it."""
    state = {name: tensor.detach() for name, tensor in built("vit").module.state_dict().items()}
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
    arguments = {key: value for key, value in VIT.items() if key != "num_classes"}
    config = {"architecture": "vit_tiny_patch16_224", "num_classes": CLASSES, "model_args": arguments}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    write_checkpoint(folder / "model.safetensors", specs, state.__getitem__, {})
    return open_checkpoint(folder)


@cache
def changed_member(folder: Path, family: str, change: str) -> Checkpoint:
    parent = member(folder, family)
    if change == "plain":
        return parent
    if change == "cut":
        edits = without_last_block(parent)
        if not edits:
            pytest.skip("has no row of blocks")
        made = edited(parent, edits, {})
    elif change == "omitted":
        made = edited(parent, [Omit(branch=(_branch(parent),))], {})
    elif change == "factored" and family.startswith("recurrent"):
        pytest.skip("has no layers that can be factored")
    else:
        made = applied(parent, *PARAMETERS[change])
    return kept(parent, made, folder / f"{family}, {change}.safetensors")


def _branch(parent: Checkpoint) -> str:
    found: str = next(
        name
        for name, _ in parent.skeleton().named_modules()
        if name.endswith(("attn", "self_attn", "attention.output"))
    )
    return found


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Changed:
    """Return what gives a family's network, changed in one of `CHANGES`; each is made once."""
    folder = tmp_path_factory.mktemp("corpus")
    return lambda family, change: changed_member(folder, family, change)
