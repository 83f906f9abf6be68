"""A network looked at block by block sees what a whole pass would, changes and all."""

from importlib.resources import files
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.activations import Calibration
from graftwork.analysis.activations.batches import Batches, Given
from graftwork.analysis.activations.blockwise import Blockwise
from graftwork.analysis.activations.sums import gram
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import Checkpoint, TensorSpec, open_checkpoint, write_checkpoint

from ..models.networks import FAMILIES, built
from ..samples import Samples

DEMO = Path(str(files("graftwork.assets"))) / "demo"


def opened(network: str, folder: Path) -> tuple[Checkpoint, Samples]:
    if network not in FAMILIES:
        return open_checkpoint(DEMO / f"{network}.safetensors"), Samples(torch.randn(7, 1, 8, 8))
    state = built(network).module.state_dict()
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
    write_checkpoint(folder / "m.safetensors", specs, state.__getitem__, dict(FAMILIES[network].told or {}))
    x = built(network).x.repeat(2, *[1] * (built(network).x.ndim - 1))
    if FAMILIES[network].vocabulary:
        x[1, 4:] = 0
        return open_checkpoint(folder / "m.safetensors"), Samples(x, pad=0)
    return open_checkpoint(folder / "m.safetensors"), Samples(x)


def calibration(network: nn.Module, data: Samples) -> Calibration:
    return Calibration(network, data, torch.device("cpu"), Quiet(), 100, 3)  # type: ignore[arg-type]


def layers_of(network: nn.Module) -> list[str]:
    return [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]


def grams(network: nn.Module, data: Samples, layers: list[str]) -> dict[str, Tensor]:
    """Return the sums of a pass through the whole network."""
    watchers = {layer: gram(layer) for layer in layers}
    calibration(network, data).watch(list(watchers.values()))
    return {layer: total for layer, watcher in watchers.items() if (total := watcher.total()) is not None}


@pytest.mark.heavy("a library's networks are built, and passed through once for each of their blocks")
@pytest.mark.parametrize("budget", [1 << 30, 2000])
@pytest.mark.parametrize(
    "network", ["digits-vit", "digits-resnet14", "swin", "convnext", "densenet", "llama", "bert", "mlp"]
)
def test_each_block_is_given_what_changed_blocks_give(network: str, budget: int, tmp_path: Path) -> None:
    parent, data = opened(network, tmp_path)
    module, layers = parent.network(), layers_of(parent.network())
    assert parent.architecture is not None
    seen: dict[str, Tensor] = {}
    run = Blockwise(calibration(module, data), parent.architecture, layers, budget)
    for step in run.steps():
        watchers = {layer: gram(layer) for layer in step.layers}
        step.watch(list(watchers.values()))
        seen |= {layer: total for layer, watcher in watchers.items() if (total := watcher.total()) is not None}
        with torch.no_grad():
            for layer in step.layers:
                module.get_submodule(layer).weight.mul_(0.5)  # type: ignore[operator]
    expected = grams(module, data, layers)  # in which all before a layer are changed, and it is not asked for itself
    assert set(seen) == set(expected)
    first = [stage.layers[0] for stage in run.stages if stage.layers]
    assert len(first) > 1
    for layer in first:
        assert torch.allclose(seen[layer], expected[layer], rtol=1e-4, atol=1e-5 * float(expected[layer].abs().max()))


@pytest.mark.heavy("transformers is imported, and its network built")
@pytest.mark.parametrize(("network", "linked"), [("digits-vit", 3), ("llama", 1), ("digits-resnet14", 5)])
def test_blocks_that_hand_on_are_run_once(network: str, linked: int, tmp_path: Path) -> None:
    parent, data = opened(network, tmp_path)
    assert parent.architecture is not None
    run = Blockwise(calibration(parent.network(), data), parent.architecture, layers_of(parent.network()))
    assert sum(stage.linked for stage in run.stages) == linked


def test_what_is_beyond_the_budget_lies_on_the_disk_until_it_is_closed() -> None:
    batches = Batches(budget=100)
    calls = [Given((torch.full((5,), float(number)), None), {"mask": [torch.ones(2)]}, None) for number in range(6)]
    for call in calls:
        batches.add(call)
    folder = Path(batches._folder.name)  # type: ignore[union-attr]
    assert len(list(folder.iterdir())) == 3
    for _ in range(2):
        assert [float(given.args[0][0]) for given in batches] == [0, 1, 2, 3, 4, 5]
    batches.close()
    assert not folder.exists()


def test_a_block_that_changes_its_input_in_place_spoils_nothing() -> None:
    given = Given((torch.ones(2),), {}, None)
    given.on(torch.device("cpu")).args[0].zero_()
    assert given.args[0].sum() == 2
