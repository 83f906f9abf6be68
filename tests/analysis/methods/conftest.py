"""Checkpoints in memory, and what methods run in."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import MethodContext
from graftwork.analysis.models import Architecture, TensorSpec, Weight


class MemoryCheckpoint:
    """A checkpoint whose tensors are a dict; those of more than one side and a ``weight`` in the name are pruned."""

    def __init__(self, tensors: Mapping[str, Tensor], name: str = "memory") -> None:
        self.tensors = dict(tensors)
        self.path = Path(f"{name}.safetensors")
        self.specs = {key: TensorSpec(tuple(t.shape), t.dtype) for key, t in self.tensors.items()}
        self.metadata: dict[str, Any] = {}
        self.architecture: Architecture | None = None

    def tensor(self, name: str) -> Tensor:
        return self.tensors[name]

    def weights(self) -> tuple[Weight, ...]:
        return tuple(Weight(n, tuple(t.shape)) for n, t in self.tensors.items() if n.endswith("weight") and t.ndim > 1)

    def trained(self) -> tuple[str, ...]:
        return tuple(self.tensors)

    def network(self) -> nn.Module:
        raise NotImplementedError


Make = Callable[..., MemoryCheckpoint]


@pytest.fixture
def make() -> Make:
    """Return a function that makes a small convolutional checkpoint from a seed."""

    def checkpoint(seed: int = 0, **changes: Tensor) -> MemoryCheckpoint:
        draws = torch.Generator().manual_seed(seed)
        tensors = {
            "conv.weight": torch.randn(8, 3, 3, 3, generator=draws),
            "norm.weight": torch.rand(8, generator=draws),
            "norm.num_batches_tracked": torch.tensor(100 + seed),
            "hidden.weight": torch.randn(16, 8, generator=draws) * 3,
            "head.weight": torch.randn(4, 16, generator=draws).to(torch.bfloat16),
            "head.bias": torch.randn(4, generator=draws),
        }
        return MemoryCheckpoint(tensors | changes, f"seed{seed}")

    return checkpoint


@pytest.fixture
def context() -> Callable[..., MethodContext]:
    """Return a function that gives a context of some seed."""

    def build(seed: int = 0, ticket: Quiet | None = None) -> MethodContext:
        return MethodContext(seed=seed, device=torch.device("cpu"), ticket=ticket or Quiet(), data={}, models={})

    return build
