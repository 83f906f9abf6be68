"""Trains the demo's networks on scikit-learn's handwritten digits: ``python assets/demo/train.py``.

Writes each network and its line of the model card beside this file. A seed fixes a network up to the rounding of the
machine's arithmetic.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from graftwork.analysis.data import open_data
from graftwork.analysis.models import TensorSpec, open_checkpoint, write_checkpoint
from graftwork.analysis.models.families.resnet_cifar import CifarResNet
from graftwork.analysis.models.families.vit import VisionTransformer
from graftwork.analysis.trials import DataSpec

HERE = Path(__file__).resolve().parent
_DIGITS = tuple("0123456789")
_WIDTHS = (8, 16, 32)
_VIT_HEADS = 3
_TABLE = ("<!-- made by train.py: begin -->\n", "<!-- made by train.py: end -->\n")


@dataclass(frozen=True)
class Training:
    """How a network is trained: AdamW over a rising and falling learning rate, on shifted pictures.

    Attributes
    ----------
    epochs : int
        Passes over the training pictures.
    learning_rate : float
        The highest.
    weight_decay : float
        AdamW's.
    shift : int
        Most pixels that a picture is moved by, in either direction.
    classes : tuple of str
        Only pictures of these.
    batch : int
        Pictures a step.
    """

    epochs: int
    learning_rate: float
    weight_decay: float = 0.05
    shift: int = 1
    classes: tuple[str, ...] = _DIGITS
    batch: int = 64


@dataclass(frozen=True)
class Network:
    """One network of the demo.

    Attributes
    ----------
    name : str
        File name without its ending.
    kind : str
        ``resnet`` or ``vit``.
    depth : int
        Layers with weights of a residual network, blocks of a transformer.
    seed : int
        Fixes first weights, order and shifts.
    training : Training
        How it is trained.
    base : str or None
        The network it is fine-tuned from; None for a random start.
    """

    name: str
    kind: Literal["resnet", "vit"]
    depth: int
    seed: int
    training: Training
    base: str | None = None


_CNN = Training(epochs=25, learning_rate=0.01)
_VIT = Training(epochs=60, learning_rate=0.003)
_TUNING = Training(epochs=6, learning_rate=0.006)

NETWORKS = (
    Network("digits-resnet8", "resnet", 8, 0, _CNN),
    Network("digits-resnet14", "resnet", 14, 0, _CNN),
    Network("digits-resnet20", "resnet", 20, 0, _CNN),
    Network("digits-resnet14-seed1", "resnet", 14, 1, _CNN),
    Network("digits-resnet14-seed2", "resnet", 14, 2, _CNN),
    Network("digits-resnet14-low", "resnet", 14, 3, replace(_TUNING, classes=tuple("0123")), "digits-resnet14"),
    Network("digits-resnet14-middle", "resnet", 14, 4, replace(_TUNING, classes=tuple("456")), "digits-resnet14"),
    Network("digits-resnet14-high", "resnet", 14, 5, replace(_TUNING, classes=tuple("789")), "digits-resnet14"),
    Network("digits-vit", "vit", 4, 0, _VIT),
)
"""All of them; a base comes before what is tuned from it."""


def main() -> None:
    """Train every network, write it with its accuracy, and renew the model card's table."""
    torch.set_num_threads(2)
    for network in NETWORKS:
        begin = time.perf_counter()
        module = train(network, _start(network, HERE))
        correct, samples = score(module)
        save(HERE / f"{network.name}.safetensors", network, module, correct, samples)
        seconds = time.perf_counter() - begin
        sys.stdout.write(f"{network.name}: {correct} of {samples} right, {seconds:.0f} s\n")
    _renew_card(HERE)


def build(network: Network) -> nn.Module:
    """Return the network with random weights: images (n, 1, 8, 8) to logits (n, 10)."""
    torch.manual_seed(network.seed)
    if network.kind == "vit":
        config = {"widths": [48], "channels": 1, "patch": 2, "grid": 4, "head_dim": 48 // _VIT_HEADS, "classes": 10}
        inner: dict[str, Any] = {"heads": [_VIT_HEADS] * network.depth, "hidden": [96] * network.depth}
        inner |= {"naming": "timm", "distilled": False, "pooled": False}
        return VisionTransformer(config | inner)
    blocks = (network.depth - 2) // (2 * len(_WIDTHS))
    hidden = [[width] * blocks for width in _WIDTHS]
    return CifarResNet(1, _WIDTHS[0], list(_WIDTHS), hidden, None, "linear", 10)


def train(network: Network, module: nn.Module) -> nn.Module:
    """Train ``module`` in place as ``network`` says; return it in evaluation mode."""
    training = network.training
    inputs, labels = digits("train", training.classes)
    generator = Generator().manual_seed(network.seed)
    optimiser = torch.optim.AdamW(module.parameters(), training.learning_rate, weight_decay=training.weight_decay)
    steps = training.epochs * -(-len(labels) // training.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, training.learning_rate, total_steps=steps)
    module.train()
    for _ in range(training.epochs):
        order = torch.randperm(len(labels), generator=generator)
        for first in range(0, len(labels), training.batch):
            chosen = order[first : first + training.batch]
            loss = F.cross_entropy(module(_shifted(inputs[chosen], training.shift, generator)), labels[chosen])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
    return module.eval()


@torch.no_grad()
def score(module: nn.Module) -> tuple[int, int]:
    """Return how many pictures of the test split the network gets right, and how many there are."""
    inputs, labels = digits("test")
    return int((module(inputs).argmax(1) == labels).sum()), len(labels)


def digits(split: Literal["train", "test"], classes: tuple[str, ...] = _DIGITS) -> tuple[Tensor, Tensor]:
    """Return the split's normalised pictures (n, 1, 8, 8) and labels (n,)."""
    data = open_data(
        DataSpec(name="digits", path="digits", content="digits", normalise="digits", split=split, classes=classes)
    )
    return torch.cat(list(data.batches(512))), torch.from_numpy(data.labels)


def save(path: Path, network: Network, module: nn.Module, correct: int, samples: int) -> None:
    """Write the network with its accuracy on the test split and how it came about."""
    state = module.state_dict()
    specs = {name: TensorSpec(tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
    metadata: dict[str, Any] = {
        "name": network.name,
        "accuracy": correct / samples,
        "correct": correct,
        "samples": samples,
        "seed": network.seed,
        "training": asdict(network.training),
        "input_shape": [1, 8, 8],
        "licence": "MIT",
    }
    if network.base:
        metadata["base"] = network.base
    if network.kind == "vit":
        metadata["heads"] = _VIT_HEADS
    write_checkpoint(path, specs, state.__getitem__, metadata)


def card_rows(folder: Path) -> Iterator[str]:
    """Give the lines of the model card's table, from what the files in ``folder`` say."""
    yield "| network | parameters | trained on | seed | right | test accuracy, 95 % interval |\n"
    yield "|---|---|---|---|---|---|\n"
    for network in NETWORKS:
        checkpoint = open_checkpoint(folder / f"{network.name}.safetensors")
        parameters = sum(parameter.numel() for parameter in checkpoint.network().parameters())
        stated = _stated(checkpoint.metadata)
        low, high = wilson(stated["correct"], stated["samples"])
        yield (
            f"| `{network.name}` | {parameters:,} | {_trained_on(network)} | {network.seed} "
            f"| {stated['correct']} of {stated['samples']} "
            f"| {100 * stated['accuracy']:.1f} % ({100 * low:.1f} to {100 * high:.1f}) |\n"
        )


def wilson(correct: int, samples: int, z: float = 1.96) -> tuple[float, float]:
    """Return the interval of a share by E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209."""
    share = correct / samples
    middle = share + z * z / (2 * samples)
    reach = z * sqrt(share * (1 - share) / samples + z * z / (4 * samples * samples))
    scale = 1 + z * z / samples
    return (middle - reach) / scale, (middle + reach) / scale


def _start(network: Network, folder: Path) -> nn.Module:
    if network.base is None:
        return build(network)
    return open_checkpoint(folder / f"{network.base}.safetensors").network()


def _shifted(inputs: Tensor, most: int, generator: Generator) -> Tensor:
    """Move each picture (n, 1, 8, 8) by a random number of pixels, filling in the background."""
    samples, _, height, width = inputs.shape
    padded = F.pad(inputs, (most, most, most, most), value=float(inputs.min()))
    down, right = torch.randint(0, 2 * most + 1, (2, samples, 1, 1), generator=generator)
    rows = down + torch.arange(height)[None, :, None]
    columns = right + torch.arange(width)[None, None, :]
    return padded[torch.arange(samples)[:, None, None], 0, rows, columns][:, None]


def _trained_on(network: Network) -> str:
    what = (
        "all digits" if network.training.classes == _DIGITS else f"digits {', '.join(network.training.classes)} alone"
    )
    start = f", from `{network.base}`" if network.base else ""
    return f"{what}{start}, {network.training.epochs} epochs"


def _stated(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    stated: Mapping[str, Any] = metadata["graftwork"]
    return stated


def _renew_card(folder: Path) -> None:
    card = folder / "README.md"
    before, rest = card.read_text(encoding="utf-8").split(_TABLE[0])
    after = rest.split(_TABLE[1])[1]
    card.write_text(before + _TABLE[0] + "".join(card_rows(folder)) + _TABLE[1] + after, encoding="utf-8")


if __name__ == "__main__":
    main()
