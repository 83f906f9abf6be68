"""Extraction with all stage ends taken, against bare forward loops over the same batches, in turn."""

import statistics
import tempfile
import time
from pathlib import Path

import torch

from graftwork.analysis.data import DataSet, open_data
from graftwork.analysis.features import Run, extract
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.trials import DataSpec

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
ROUNDS = 15


def main() -> None:
    """Print images a second of each, and the ratios round by round."""
    files = sorted((SHARED / "cifar10-resnet").glob("resnet[25]*.th"))
    archive = str(SHARED / "cifar10-jpeg" / "test.zip")
    spec = DataSpec(name="test", path=archive, content="-", normalise="imagenet", limit=2000)
    data = open_data(spec)
    for _ in data.batches(256):
        pass  # decode once: both read from memory
    for file in files:
        _compare(open_checkpoint(file), data)


def _compare(checkpoint: Checkpoint, data: DataSet) -> None:
    layouts = {"as it is": torch.contiguous_format, "channels last": torch.channels_last}
    for layout in layouts.values():
        _bare(checkpoint, data, layout)
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in layouts}
    for _ in range(ROUNDS):
        for name, layout in layouts.items():
            theirs[name].append(_bare(checkpoint, data, layout))
        ours.append(_extract(checkpoint, data))
    print(f"{checkpoint.path.name}: extraction {len(data) / statistics.median(ours):.0f} images/s")
    for name, bare in theirs.items():
        ratios = sorted(one / other for one, other in zip(bare, ours, strict=True))
        print(
            f"  bare loop, {name}: {len(data) / statistics.median(bare):.0f} images/s, extraction at "
            f"{100 * statistics.median(ratios):.1f} % (median of {ROUNDS} rounds, quartiles "
            f"{100 * ratios[ROUNDS // 4]:.1f} to {100 * ratios[-1 - ROUNDS // 4]:.1f})"
        )


def _bare(checkpoint: Checkpoint, data: DataSet, layout: torch.memory_format) -> float:
    network = checkpoint.network().to(memory_format=layout)  # type: ignore[call-overload]
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in data.batches(256):
            network(batch.contiguous(memory_format=layout))
    return time.perf_counter() - start


def _extract(checkpoint: Checkpoint, data: DataSet) -> float:
    assert checkpoint.architecture is not None
    network = checkpoint.network()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run = Run(network, checkpoint.architecture, ("features", "logits", "stages"), Path(folder) / "a.h5")
        extract([run], data, torch.device("cpu"), Quiet())
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
