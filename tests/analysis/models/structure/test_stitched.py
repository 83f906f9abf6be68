"""Two networks stitched at one place by hand: written, opened, run, pruned, cut and merged."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import Derivative
from graftwork.analysis.methods.editing import edited
from graftwork.analysis.models import Checkpoint, TensorSpec, open_checkpoint
from graftwork.analysis.models.structure import Edit, Insert, Take

from ...methods.making import run_method
from .conftest import Kept

FRONT = ("conv1", "bn1", "layer1", "layer2")


def drawn(name: str, spec: TensorSpec) -> Tensor:
    return torch.randn(spec.shape, generator=torch.Generator().manual_seed(len(name)))


def stitched(front: Checkpoint, back: Checkpoint) -> Derivative:
    """Return the front of one network as far as its second stage, a map of channels, and the back of another."""
    channels = front.specs["layer2.0.conv2.weight"].shape[0]
    edits: list[Edit] = [Take(place=name, part="front", layer=name) for name in FRONT]
    edits.append(Insert(after="layer2", form="pointwise", options={"takes": channels, "gives": channels}))
    return edited(back, edits, {}, drawn, parts={"front": front})


@pytest.fixture
def pair(demo: Path) -> tuple[Checkpoint, Checkpoint]:
    return open_checkpoint(demo / "digits-resnet20.safetensors"), open_checkpoint(demo / "digits-resnet14.safetensors")


def test_a_stitched_network_runs_through_both(pair: tuple[Checkpoint, Checkpoint], kept: Kept) -> None:
    front, back = pair
    made = kept(back, stitched(front, back))
    first, second, x = front.network(), back.network(), torch.randn(3, 1, 8, 8)
    gives, takes, *_ = made.specs["layer2.added.weight"].shape
    stitch = nn.Conv2d(takes, gives, 1)
    stitch.load_state_dict({name: made.tensor(f"layer2.added.{name}") for name in ("weight", "bias")})
    with torch.inference_mode():
        middle = first.layer2(first.layer1(torch.relu(first.bn1(first.conv1(x)))))  # type: ignore[operator]
        expected = second.linear(second.layer3(stitch(middle)).mean((2, 3)))  # type: ignore[operator]
        assert torch.allclose(made.network()(x), expected, atol=1e-6)


def test_a_stitched_network_is_pruned_factored_and_merged(pair: tuple[Checkpoint, Checkpoint], kept: Kept) -> None:
    made = kept(pair[1], stitched(*pair))
    pruned = kept(made, run_method("prune.magnitude", made, amount=0.3))
    factored = kept(pruned, run_method("factor.svd", pruned, keep=0.7))
    merged = kept(factored, run_method("merge.linear", factored, factored))
    x = torch.randn(2, 1, 8, 8)
    with torch.inference_mode():
        assert torch.allclose(merged.network()(x), factored.network()(x), atol=1e-6)
        assert not torch.allclose(factored.network()(x), pruned.network()(x), atol=1e-3)
    assert merged.structure() == factored.structure()


def test_parts_must_not_be_edited_themselves(pair: tuple[Checkpoint, Checkpoint], kept: Kept) -> None:
    made = kept(pair[1], stitched(*pair))
    with pytest.raises(UserError, match="edited itself"):
        stitched(made, pair[1])
