"""Networks of every family in files, and files made from them."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from graftwork.analysis.methods import Derivative
from graftwork.analysis.models import Checkpoint, TensorSpec, open_checkpoint, write_checkpoint

from ..networks import FAMILIES, built

Opened = Callable[[str], Checkpoint]
Kept = Callable[[Checkpoint, Derivative], Checkpoint]


def keep(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Checkpoint:
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}
    write_checkpoint(path, specs, tensors.__getitem__, metadata)
    return open_checkpoint(path)


@pytest.fixture
def demo() -> Path:
    """Return the folder of the networks that the program ships."""
    return Path(str(files("graftwork.assets"))) / "demo"


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Return what opens the network of a family, by its name in ``networks.FAMILIES``."""

    def member(family: str) -> Checkpoint:
        state = built(family).module.state_dict(keep_vars=True)
        held = {id(tensor): name for name, tensor in reversed(state.items())}
        once = {name: tensor.detach() for name, tensor in state.items() if held[id(tensor)] == name}
        return keep(tmp_path / f"{family}.safetensors", once, dict(FAMILIES[family].told or {}))

    return member


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Return what writes a derivative as a trial does, and opens it."""
    number = iter(range(100))

    def write(parent: Checkpoint, made: Derivative) -> Checkpoint:
        path = tmp_path / f"made{next(number)}.safetensors"
        ties = parent.ties if made.ties is None else made.ties
        write_checkpoint(path, made.specs, made.tensor, parent.inherited() | made.said(), ties)
        return open_checkpoint(path)

    return write
