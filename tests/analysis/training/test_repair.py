"""Repaired statistics: against direct passes over all of the data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from graftwork.analysis.activations import Calibration
from graftwork.analysis.activations.moments import ChannelMoments, Moments
from graftwork.analysis.data import Prepared
from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import METHODS, Derivative
from graftwork.analysis.methods.repair.norm import NormParameters
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.weight import names_of

from .conftest import DEMO, context_of, saved
from .conftest import apply as plainly

WHOLE = 200  # every sample in one batch


def apply(
    parent: Checkpoint, digits: Prepared, models: dict[str, Checkpoint] | None = None, **values: Any
) -> Derivative:
    return plainly("repair.norm", parent, context_of(digits, models=models or {}), **values)


@pytest.fixture(scope="module")
def vit() -> Checkpoint:
    return open_checkpoint(DEMO / "digits-vit.safetensors")


@pytest.fixture(scope="module")
def worn(vit: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Return the transformer without half of its weights."""
    made = plainly("prune.magnitude", vit, context_of(None), amount=0.5)
    return saved(made, tmp_path_factory.mktemp("worn") / "worn.safetensors", vit)


def inputs_of_norms(checkpoint: Checkpoint, digits: Prepared) -> Iterator[tuple[_BatchNorm, torch.Tensor]]:
    """Give each batch norm of a network with all that it gets, (values, channels), in float64."""
    network, kept = checkpoint.network().double(), {}
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.register_forward_hook(lambda norm, given, _: kept.update({norm: given[0]}))
    with torch.no_grad():
        network(digits.take(np.arange(WHOLE)).double())
    yield from ((norm, values.transpose(0, 1).flatten(1).T) for norm, values in kept.items())


def test_every_norm_has_the_statistics_of_what_it_gets_once_all_are_repaired(
    sparse: Checkpoint, digits: Prepared, tmp_path: Path
) -> None:
    made = saved(apply(sparse, digits, batch=64), tmp_path / "a.safetensors", sparse)
    found = list(inputs_of_norms(made, digits))
    assert len(found) == 7
    for norm, values in found:
        torch.testing.assert_close(norm.running_mean, values.mean(0), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(norm.running_var, values.var(0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch", [1, 64, 199])
def test_how_the_data_are_cut_changes_nothing(batch: int, sparse: Checkpoint, digits: Prepared) -> None:
    made, whole = apply(sparse, digits, batch=batch), apply(sparse, digits, batch=WHOLE)
    for name in made.specs:
        torch.testing.assert_close(made.tensor(name), whole.tensor(name), rtol=1e-4, atol=1e-6, msg=name)


def test_the_statistics_are_those_of_a_direct_pass(sparse: Checkpoint, digits: Prepared) -> None:
    made = apply(sparse, digits, batch=WHOLE)
    inputs = digits.take(np.arange(WHOLE)).double()
    first = F.conv2d(inputs, sparse.tensor("conv1.weight").double(), padding=1).transpose(0, 1).flatten(1)
    torch.testing.assert_close(made.tensor("bn1.running_mean").double(), first.mean(1), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(made.tensor("bn1.running_var").double(), first.var(1), rtol=1e-5, atol=1e-6)


def test_nothing_but_statistics_changes(sparse: Checkpoint, digits: Prepared) -> None:
    made = apply(sparse, digits)
    changed = {name for name in made.specs if not torch.equal(made.tensor(name), sparse.tensor(name))}
    assert all(name.endswith(("running_mean", "running_var")) for name in changed)
    assert len(changed) == 2 * made.facts["norms"] == 14


def accuracy(checkpoint: Checkpoint, digits: Prepared) -> float:
    with torch.no_grad():
        found = checkpoint.network()(digits.take(np.arange(WHOLE))).argmax(1)
    return float((found == torch.from_numpy(digits.labels)).float().mean())


def test_new_statistics_mend_a_pruned_network(dense: Checkpoint, digits: Prepared, tmp_path: Path) -> None:
    pruned = saved(plainly("prune.magnitude", dense, context_of(None), amount=0.6), tmp_path / "p.safetensors")
    mended = saved(apply(pruned, digits), tmp_path / "m.safetensors")
    assert accuracy(mended, digits) > accuracy(pruned, digits) + 0.05


def moments_of(checkpoint: Checkpoint, names: list[str], digits: Prepared) -> dict[str, Moments]:
    watchers = {name: ChannelMoments(name) for name in names}
    Calibration(checkpoint.network(), digits, torch.device("cpu"), Quiet(), WHOLE, WHOLE).watch(list(watchers.values()))
    return {name: watcher.moments() for name, watcher in watchers.items()}


@pytest.mark.parametrize(("second", "share"), [(None, 0.5), ("worn", 0.25)])
def test_rescaled_channels_have_the_moments_between_the_two_ends(
    second: str | None, share: float, vit: Checkpoint, worn: Checkpoint, digits: Prepared, tmp_path: Path
) -> None:
    models = {"first": vit} | ({"second": worn} if second else {})
    made = apply(worn, digits, models, batch=WHOLE, kind="rescale", share=share)
    names = made.facts["rescaled"]
    assert "blocks.0.attn.qkv" in names
    assert "head" not in names
    there, here = moments_of(vit, names, digits), moments_of(worn, names, digits)
    found = moments_of(saved(made, tmp_path / "a.safetensors", worn), names, digits)
    for name in names:
        own, one, other = (torch.stack(moments[name]) for moments in (found, there, here))
        goal = torch.lerp(one, other, share) if second else one
        torch.testing.assert_close(own, goal, rtol=2e-3, atol=2e-4)
        assert (other - goal).abs().max() > 0.01, name


class Rows:
    """Samples as a data set gives them."""

    def __init__(self, inputs: torch.Tensor, pad: int | None = None) -> None:
        self.inputs, self.pad = inputs, pad

    def __len__(self) -> int:
        return len(self.inputs)

    def batches(self, size: int, start: int = 0) -> Iterator[torch.Tensor]:
        yield from self.inputs[start:].split(size)


class Twice(nn.Module):
    """Uses one layer twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs."""
        outputs: torch.Tensor = self.last(self.layer(self.layer(inputs)))
        return outputs


@pytest.fixture
def draws() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def moments(network: nn.Module, layer: nn.Module, data: Rows, batch: int) -> torch.Tensor:
    name = next(name for name, module in network.named_modules() if module is layer)
    watcher = ChannelMoments(name)
    run = Calibration(network.double().eval(), data, torch.device("cpu"), Quiet(), len(data), batch)  # type: ignore[arg-type]
    run.watch([watcher])
    return torch.stack(watcher.moments())


def expected(values: torch.Tensor) -> torch.Tensor:
    rows = values.detach().flatten(0, -2)
    return torch.stack([rows.mean(0), rows.std(0)])


@pytest.mark.parametrize("batch", [1, 7, 30, 37, 128])
@pytest.mark.parametrize("order", ["as they are", "sorted"])
@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)), (37, 3, 6, 6)),
        (nn.Sequential(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4)), (37, 3, 9)),
        (nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)), (37, 5)),
        (nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)), (37, 6, 5)),
    ],
)
def test_moments_are_those_of_all_values_at_once(
    network: nn.Module, shape: tuple[int, ...], order: str, batch: int, draws: torch.Generator
) -> None:
    torch.nn.init.normal_(network[0].weight, generator=draws)  # type: ignore[index]
    inputs = 50 + torch.randn(shape, generator=draws, dtype=torch.float64)
    if order == "sorted":
        inputs = inputs[inputs.flatten(1).sum(1).argsort()]
    last = network[-1]  # type: ignore[index]
    found = moments(network, last, Rows(inputs), batch)
    before = network[:-1](inputs) if isinstance(last, _BatchNorm) else network(inputs)  # type: ignore[index]
    rows = before if isinstance(last, nn.Linear) else before.movedim(1, -1)
    torch.testing.assert_close(found, expected(rows), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_tokens_that_only_fill_up_do_not_count(batch: int, draws: torch.Generator) -> None:
    network = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3)).double()
    tokens = torch.randint(1, 9, (5, 6), generator=draws)
    short, long = tokens.clone(), torch.cat([tokens, torch.zeros(5, 20, dtype=torch.int64)], 1)
    short[3, 2:] = long[3, 2:] = 0
    found = [moments(network, network[1], Rows(given, pad=0), batch) for given in (short, long)]
    torch.testing.assert_close(found[0], expected(network(short)[short != 0][None]), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(found[0], found[1], rtol=1e-9, atol=1e-9)


def test_a_layer_that_is_used_twice_has_the_moments_of_both_uses(draws: torch.Generator) -> None:
    network, inputs = Twice().double(), torch.randn(8, 3, generator=draws, dtype=torch.float64)
    once = network.layer(inputs)
    found = moments(network, network.layer, Rows(inputs), 3)
    torch.testing.assert_close(found, expected(torch.cat([once, network.layer(once)])), rtol=1e-9, atol=1e-9)


def test_moments_that_do_not_exist_are_refused() -> None:
    network = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(UserError, match="'0' has one value a channel"):
        moments(network, network[0], Rows(torch.ones(1, 2).double()), 4)
    with pytest.raises(UserError, match="'0' gives values that are no numbers"):
        moments(network, network[0], Rows(torch.full((3, 2), torch.inf).double()), 4)


def test_zeros_stay_zero(worn: Checkpoint, vit: Checkpoint, digits: Prepared) -> None:
    made = apply(worn, digits, {"first": vit}, kind="rescale")
    for name in names_of(worn.weights()):
        assert torch.equal(made.tensor(name) == 0, worn.tensor(name) == 0), name


def test_what_cannot_be_repaired_is_said(vit: Checkpoint, dense: Checkpoint, digits: Prepared) -> None:
    with pytest.raises(UserError, match="nothing to repair"):
        apply(vit, digits)
    with pytest.raises(UserError, match=r"has no layer 'patch_embed.proj'"):
        apply(vit, digits, {"first": dense}, kind="rescale")


@pytest.mark.parametrize("values", [{"kind": "rescale"}, {"first": "a"}, {"kind": "rescale", "second": "b"}])
def test_ends_are_named_where_they_are_needed_and_only_there(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="name 'first'"):
        NormParameters.model_validate({"data": "d"} | values)
    with pytest.raises(UserError):
        METHODS.get("repair.norm").check({"data": "d"} | values)
