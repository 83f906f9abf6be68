"""Small networks, the files that hold them, and the libraries that publish networks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from graftwork.analysis.models import Architecture, Checkpoint, open_checkpoint
from graftwork.analysis.models.families import build

from .publishers import library

ROOT = Path(__file__).resolve().parents[3]

RESNET = {
    "depth": 10,
    "channels": 2,
    "stem": 4,
    "widths": [4, 8, 16],
    "hidden": [[4, 3], [8], [5]],
    "shortcut": None,
    "padding": [0, 2, 4],
    "head": "linear",
    "classes": 7,
}
VIT = {
    "depth": 3,
    "widths": [64],
    "channels": 3,
    "patch": 4,
    "grid": 2,
    "head_dim": 16,
    "heads": [4, 4, 4],
    "hidden": [96, 96, 80],
    "naming": "timm",
    "distilled": False,
    "pooled": False,
    "classes": 5,
}


def make(family: str, config: dict[str, Any]) -> Any:
    """Return a network in evaluation mode whose every tensor differs from its initial value."""
    module = build(Architecture(family, "", config, config["classes"], (), "", ()))
    generator = torch.Generator().manual_seed(0)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(0.1 + 0.2 * torch.rand(tensor.shape, generator=generator))
    return module.eval()


@pytest.fixture
def resnet() -> Any:
    return make("resnet_cifar", RESNET)


@pytest.fixture
def vit() -> Any:
    return make("vit", VIT)


@pytest.fixture
def state() -> dict[str, Tensor]:
    """Tensors of no known family, in several dtypes; one has no axes and one is a transposed view."""
    return {
        "encoder.weight": torch.arange(12.0).reshape(3, 4).T,
        "encoder.bias": torch.tensor([0.5, -1.5], dtype=torch.float64),
        "steps": torch.tensor(3),
        "mask": torch.tensor([True, False, True]),
        "half": torch.tensor([1.5, 2.5], dtype=torch.bfloat16),
    }


@pytest.fixture
def published() -> Path:
    """The folder of public CIFAR-10 checkpoints and images, which is not part of the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the public CIFAR-10 checkpoints in {folder}")
    return folder


def kept(state: Mapping[str, Tensor], folder: Path, **more: Any) -> Checkpoint:
    """Return the open checkpoint of these tensors, and of what else the file says."""
    torch.save({"state_dict": dict(state)} | more if more else dict(state), folder / "a.pt")
    return open_checkpoint(folder / "a.pt")


def agree(checkpoint: Checkpoint, x: Tensor, expected: Tensor) -> None:
    """Check that the opened network gives these outputs."""
    with torch.inference_mode():
        found = checkpoint.network()(x)
    torch.testing.assert_close(found, expected, atol=1e-5 * float(expected.abs().max()), rtol=1e-5)


@pytest.fixture(scope="session")
def torchvision() -> Any:
    """Return torchvision's models; skips where it is not installed."""
    return library("torchvision.models")


@pytest.fixture(scope="session")
def transformers() -> Any:
    """Return transformers; skips where it is not installed."""
    return library("transformers")


@pytest.fixture(scope="session")
def timm() -> Any:
    """Return timm; skips where it, or torchvision, is not installed."""
    return library("timm")
