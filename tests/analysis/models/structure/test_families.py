"""Every family's networks edited, written, opened and run: they compute what the edit says."""

from collections.abc import Iterator
from pathlib import Path as FilePath

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.methods.editing import edited
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.blocks import Block, blocks_of
from graftwork.analysis.models.layer_names import layer_of
from graftwork.analysis.models.structure import Edit, Omit, Path, Replace
from graftwork.analysis.models.structure.forms.factors import suits

from ..networks import FAMILIES, built
from .conftest import Kept, Opened

IN_BLOCKS = ("convnext", "vit", "swin", "mlp_mixer", "gpt2", "llama", "bert", "mobilenet_v2")
BRANCHED = ("vit", "swin", "gpt2", "llama", "bert")


def outputs(checkpoint: Checkpoint, x: Tensor) -> Tensor:
    with torch.inference_mode():
        logits: Tensor = checkpoint.network()(x)
        return logits


def factored(parent: Checkpoint) -> Iterator[tuple[Edit, dict[str, Tensor]]]:
    """Give every layer's two factors of full rank, by a QR decomposition."""
    network = parent.skeleton()
    for weight in parent.weights():
        layer = layer_of(weight.name)
        if not weight.tied and weight.name.endswith(".weight") and suits(network.get_submodule(layer)):
            matrix = weight.matrix(parent.tensor(weight.name)).double()
            up, down = torch.linalg.qr(matrix)
            tensors = {f"{layer}.down.weight": down, f"{layer}.up.weight": up}
            if f"{layer}.bias" in parent.specs:
                tensors[f"{layer}.up.bias"] = parent.tensor(f"{layer}.bias")
            yield Replace(layer=layer, form="factors", options={"rank": up.shape[1]}), tensors


@pytest.mark.heavy("a library's networks are built, and all of their layers factored, once for each family")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_network_in_factors_of_full_rank_computes_the_same(family: str, opened: Opened, kept: Kept) -> None:
    parent = opened(family)
    found = list(factored(parent))
    tensors = {name: tensor for _, made in found for name, tensor in made.items()}
    edits = [edit for edit, _ in found]
    made = kept(parent, edited(parent, edits, {}, lambda n, spec: tensors[n].reshape(spec.shape).to(spec.dtype)))
    expected = outputs(parent, built(family).x)
    assert (outputs(made, built(family).x) - expected).abs().max() <= 1e-5 * expected.abs().max()
    assert len(made.weights()) == len(parent.weights()) + len(found)
    assert made.architecture is not None
    assert made.architecture.classes == parent.architecture.classes  # type: ignore[union-attr]


def blocks(parent: Checkpoint) -> tuple[Block, ...]:
    assert parent.architecture is not None
    return blocks_of(parent.network(), parent.architecture)


@pytest.mark.heavy("a library's networks are built, once for each family")
@pytest.mark.parametrize("family", IN_BLOCKS)
def test_a_dropped_block_is_an_identity(family: str, opened: Opened, kept: Kept) -> None:
    parent = opened(family)
    block = blocks(parent)[-1]
    reference = parent.network()
    reference.set_submodule(block.name, Identity())
    order = tuple(number for number in range(block.length) if number != block.number)
    made = kept(parent, edited(parent, [Path(blocks=block.row, order=order)], {}))
    with torch.inference_mode():
        assert torch.equal(outputs(made, built(family).x), reference(built(family).x))
    assert len(made.specs) < len(parent.specs)


def test_a_stage_of_a_residual_network_may_lose_all_but_its_first_block(demo: FilePath, kept: Kept) -> None:
    parent = open_checkpoint(demo / "digits-resnet20.safetensors")
    assert [block.name for block in blocks(parent)] == [
        *(f"layer1.{number}" for number in range(3)),
        *(f"layer{stage}.{number}" for stage in (2, 3) for number in (1, 2)),
    ]
    made = kept(parent, edited(parent, [Path(blocks="layer2", order=(0,)), Path(blocks="layer3", order=(0, 2))], {}))
    reference = parent.network()
    for name in ("layer2.1", "layer2.2", "layer3.1"):
        reference.set_submodule(name, Identity())
    x = torch.randn(2, 1, 8, 8)
    with torch.inference_mode():
        assert torch.equal(outputs(made, x), reference(x))
    assert made.architecture is not None
    assert (made.architecture.config["depth"], made.architecture.stages) == (14, ("layer1", "layer2", "layer3"))


@pytest.mark.heavy("a library's networks are built, once for each family")
@pytest.mark.parametrize("family", ["vit", "gpt2", "llama", "bert"])
def test_a_looped_block_has_its_weights_once(family: str, opened: Opened, kept: Kept) -> None:
    parent = opened(family)
    block = blocks(parent)[0]
    order = (0, 0, 1, 0)
    made = kept(parent, edited(parent, [Path(blocks=block.row, order=order)], {}))
    reference = parent.network()
    row = list(reference.get_submodule(block.row).children())
    reference.set_submodule(block.row, type(reference.get_submodule(block.row))(*_looped(reference, block, row, order)))
    with torch.inference_mode():
        assert torch.equal(outputs(made, built(family).x), reference(built(family).x))
    assert set(made.specs.values()) <= set(parent.specs.values())
    assert len(made.specs) == len(parent.specs)
    assert sum(p.numel() for p in made.network().parameters()) == sum(made.specs[n].size for n in made.trained())
    again = kept(made, edited(made, [Path(blocks=block.row, order=(2, 0, 3))], {}))
    reference.set_submodule(
        block.row, type(reference.get_submodule(block.row))(*_looped(reference, block, row, (1, 0, 0)))
    )
    with torch.inference_mode():
        assert torch.equal(outputs(again, built(family).x), reference(built(family).x))


def _looped(reference: nn.Module, block: Block, row: list[nn.Module], order: tuple[int, ...]) -> list[object]:
    chosen = [row[number] for number in order]
    return list(chosen) if isinstance(reference.get_submodule(block.row), nn.Sequential) else [chosen]


@pytest.mark.heavy("a library's networks are built, once for each family")
@pytest.mark.parametrize("family", BRANCHED)
def test_a_block_without_its_branches_passes_on_what_it_is_given(family: str, opened: Opened, kept: Kept) -> None:
    parent = opened(family)
    block = blocks(parent)[-1]
    assert set(block.branches) == {"attention", "mlp"}
    edits = [Omit(branch=branch.modules, gives=branch.gives) for branch in block.branches.values()]
    made = kept(parent, edited(parent, edits, {}))
    reference = parent.network()
    if family == "bert":  # what is normalised after each sum stays
        names = ("attention.output.LayerNorm", "output.LayerNorm")
        reference.set_submodule(block.name, Norms(*(reference.get_submodule(f"{block.name}.{n}") for n in names)))
    else:
        reference.set_submodule(block.name, Identity())
    with torch.inference_mode():
        assert torch.allclose(outputs(made, built(family).x), reference(built(family).x), atol=1e-5)


class Identity(nn.Module):
    def forward(self, x: Tensor, *_: object, **__: object) -> Tensor:
        return x


class Norms(nn.Module):
    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor, *_: object) -> Tensor:
        normalised: Tensor = self.second(self.first(x))
        return normalised
