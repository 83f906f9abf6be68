"""A small classifier, its data, and the evidence on them."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES, Column, Evidence, Value
from graftwork.analysis.models import Architecture, TensorSpec, Weight
from graftwork.analysis.models.architecture import Sizes


class Network(nn.Module):
    """One convolution, the mean over positions, a linear head."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, classes)

    def features(self, x: Tensor) -> Any:
        return self.norm(self.conv(x)).relu().mean((2, 3))

    def forward(self, x: Tensor) -> Any:
        return self.head(self.features(x))


class NetworkCheckpoint:
    """A checkpoint that holds a network."""

    def __init__(self, network: Network) -> None:
        self.module = network
        self.path = Path("network.safetensors")
        self.specs = {n: TensorSpec(tuple(t.shape), t.dtype) for n, t in network.state_dict().items()}
        self.metadata: dict[str, Any] = {}
        self.ties: dict[str, str] = {}
        self.architecture: Architecture | None = Architecture(
            family="toy",
            title="Toy",
            config={},
            classes=network.head.out_features,
            input_shape=(3, 6, 6),
            head="head",
            stages=("conv",),
            sizes=Sizes(),
        )

    def tensor(self, name: str) -> Any:
        return self.module.state_dict()[name]

    def weights(self) -> tuple[Weight, ...]:
        return tuple(Weight(name, self.specs[name].shape) for name in ("conv.weight", "head.weight"))

    def trained(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.module.named_parameters())

    def network(self) -> nn.Module:
        return self.module

    def skeleton(self) -> nn.Module:
        return deepcopy(self.module).to("meta")


class Samples:
    """A data set: inputs in batches, labels, and one column of groups."""

    kind = "images"
    pad = None

    def __init__(self, inputs: Tensor, labels: np.ndarray, classes: int) -> None:
        self.inputs = inputs
        self.labels = labels
        self.further = {"group.half": np.where(np.arange(len(labels)) % 3, "a", "b")}
        self.classes = tuple(f"c{i}" for i in range(classes))
        self.names = tuple(map(str, labels))

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int, start: int = 0) -> Iterator[Tensor]:
        yield from torch.split(self.inputs[start:], size)

    def take(self, samples: np.ndarray) -> Tensor:
        return self.inputs[torch.from_numpy(samples)]


@pytest.fixture
def evidence() -> Callable[..., Evidence]:
    """Return a function that gives evidence: of a random network, with columns replaced as asked.

    The reference is another such network, with its own columns on the same samples.
    """

    def build(samples: int = 200, classes: int = 7, seed: int = 0, labels: Any = None, **columns: Any) -> Evidence:
        evidence = single(0, samples, classes, seed, labels, **columns)
        return replace(evidence, reference=single(1, samples, classes, seed, evidence.labels))

    def single(
        number: int, samples: int = 200, classes: int = 7, seed: int = 0, labels: Any = None, **columns: Any
    ) -> Evidence:
        torch.manual_seed(number)
        network = Network(classes).eval()
        inputs = torch.randn(samples, 3, 6, 6, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            features = network.features(inputs) * 10
            logits = network.head(features)
        drawn = np.random.default_rng(0).integers(0, classes, samples)
        # Half of the labels are what the network says, so that it is neither always right nor always wrong.
        mixed = np.where(np.arange(samples) % 2, drawn, logits.argmax(1).numpy())
        truth = np.asarray(mixed if labels is None else labels, np.int64)
        held: Any = NetworkCheckpoint(network)
        known: Any = Samples(inputs, truth, classes)
        return Evidence(
            checkpoint=held,
            build=lambda: network,
            columns={"features": features.numpy(), "logits": logits.numpy()} | columns,
            labels=truth,
            data=known,
            device=torch.device("cpu"),
            seed=seed,
            ticket=Quiet(),
        )

    return build


def _said(name: str, evidence: Any, parameters: dict[str, Any]) -> list[Any]:
    measure = MEASURES.get(name)
    found: Any = measure.function(evidence, measure.check(parameters))
    return list(found)


@pytest.fixture
def values_of() -> Callable[..., dict[str, Value]]:
    """Return a function that gives every value that a measure says of evidence, by name."""

    def values(name: str, evidence: Any, **parameters: Any) -> dict[str, Value]:
        return {item.measure: item for item in _said(name, evidence, parameters) if isinstance(item, Value)}

    return values


@pytest.fixture
def columns_of() -> Callable[..., dict[str, Any]]:
    """Return a function that gives every column that a measure says of evidence, by name."""

    def columns(name: str, evidence: Any, **parameters: Any) -> dict[str, Any]:
        return {item.name: item.values for item in _said(name, evidence, parameters) if isinstance(item, Column)}

    return columns
