"""The libraries that publish networks, and what every comparison with one of theirs does."""

import re
import sys
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from graftwork.analysis.models import Checkpoint, open_checkpoint


def kept(state: Mapping[str, Tensor], folder: Path, **more: Any) -> Checkpoint:
    """Return the open checkpoint of these tensors, and of what else the file says."""
    torch.save({"state_dict": dict(state)} | more if more else dict(state), folder / "a.pt")
    return open_checkpoint(folder / "a.pt")


def randomised(network: Any) -> Any:
    """Return the network with every tensor random, so that none can be left out unseen."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif tensor.is_floating_point():
            tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))
    return network.eval()


def agree(checkpoint: Checkpoint, x: Tensor, expected: Tensor) -> None:
    """Check that the opened network gives these outputs."""
    with torch.inference_mode():
        found = checkpoint.network()(x)
    torch.testing.assert_close(found, expected, atol=1e-5 * float(expected.abs().max()), rtol=1e-5)


@pytest.fixture(scope="session")
def torchvision() -> Any:
    """Return torchvision's models; skips where it is not installed.

    A build of it for another device than torch's does not find its compiled operators and refuses to be imported. They
    are not what is wanted of it here, so that placeholders are put in their place.
    """
    pytest.importorskip("PIL")
    placeholders = torch.library.Library("torchvision", "FRAGMENT")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while True:
            try:
                from torchvision import models
            except ImportError:
                pytest.skip("needs torchvision")
            except RuntimeError as error:
                missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
                if missing is None:
                    raise
                placeholders.define(f"{missing[1]}(Tensor x) -> Tensor")
                for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                    del sys.modules[name]
            else:
                return models


@pytest.fixture(scope="session")
def transformers(request: pytest.FixtureRequest) -> Any:
    """Return transformers; skips where it is not installed. It imports torchvision where that is."""
    if find_spec("torchvision"):
        request.getfixturevalue("torchvision")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def timm(request: pytest.FixtureRequest) -> Any:
    """Return timm; skips where it, or torchvision, is not installed."""
    request.getfixturevalue("torchvision")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("timm")
