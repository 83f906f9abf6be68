"""Repaired statistics: against PyTorch's own pass and a direct one over the data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch.optim.swa_utils import update_bn

from graftwork.analysis.data import Prepared
from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import METHODS, Derivative
from graftwork.analysis.methods.repair.moments import Moments, moments_over, shuffled
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


@pytest.mark.parametrize("batch", [64, WHOLE])
def test_the_statistics_are_those_that_pytorch_finds(batch: int, sparse: Checkpoint, digits: Prepared) -> None:
    made = apply(sparse, digits, batch=batch)
    network = sparse.network().train()
    update_bn(list(shuffled(batch, context_of(digits))), network)
    for name, expected in network.state_dict().items():
        assert torch.equal(made.tensor(name), expected), name


def test_the_statistics_are_those_of_a_direct_pass(sparse: Checkpoint, digits: Prepared) -> None:
    made = apply(sparse, digits, batch=WHOLE)
    inputs = digits.take(np.arange(WHOLE)).double()
    first = F.conv2d(inputs, sparse.tensor("conv1.weight").double(), padding=1).transpose(0, 1).flatten(1)
    torch.testing.assert_close(made.tensor("bn1.running_mean").double(), first.mean(1), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(made.tensor("bn1.running_var").double(), first.var(1), rtol=1e-5, atol=1e-6)


def test_nothing_but_statistics_changes(sparse: Checkpoint, digits: Prepared) -> None:
    made = apply(sparse, digits)
    changed = {name for name in made.specs if not torch.equal(made.tensor(name), sparse.tensor(name))}
    assert all(name.endswith(("running_mean", "running_var", "num_batches_tracked")) for name in changed)
    assert len(changed) == 3 * made.facts["norms"] == 21


def accuracy(checkpoint: Checkpoint, digits: Prepared) -> float:
    with torch.no_grad():
        found = checkpoint.network()(digits.take(np.arange(WHOLE))).argmax(1)
    return float((found == torch.from_numpy(digits.labels)).float().mean())


def test_new_statistics_mend_a_pruned_network(dense: Checkpoint, digits: Prepared, tmp_path: Path) -> None:
    pruned = saved(plainly("prune.magnitude", dense, context_of(None), amount=0.6), tmp_path / "p.safetensors")
    mended = saved(apply(pruned, digits), tmp_path / "m.safetensors")
    assert accuracy(mended, digits) > accuracy(pruned, digits) + 0.05


def moments_of(checkpoint: Checkpoint, names: list[str], digits: Prepared) -> Moments:
    network = checkpoint.network()
    layers: Any = {name: network.get_submodule(name) for name in names}
    return moments_over(network, layers, {}, WHOLE, context_of(digits))


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
        goal = torch.lerp(there[name], here[name], share) if second else there[name]
        torch.testing.assert_close(found[name], goal, rtol=2e-3, atol=2e-4)
        assert (here[name] - goal).abs().max() > 0.01, name


def test_moments_are_means_over_batches(vit: Checkpoint, digits: Prepared) -> None:
    network = vit.network()
    layers: Any = {"norm": network.get_submodule("blocks.0.mlp.fc1")}
    found = moments_over(network, layers, {}, 50, context_of(digits))["norm"]
    kept: list[torch.Tensor] = []
    layers["norm"].register_forward_hook(lambda _, __, outputs: kept.append(outputs.flatten(0, 1)))
    with torch.no_grad():
        for inputs in shuffled(50, context_of(digits)):
            network(inputs)
    torch.testing.assert_close(found[0], torch.stack([one.mean(0) for one in kept]).mean(0))
    torch.testing.assert_close(found[1], torch.stack([one.var(0) for one in kept]).mean(0).sqrt())


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
