"""Extraction with all stage ends taken, against a bare forward loop over the same batches, in turn."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from graftwork.analysis.data import DataSet, open_data
from graftwork.analysis.features import extract
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.trials import DataSpec

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
PAIRS = 7


def main() -> None:
    """Print images a second of both, and the ratio pair by pair."""
    files = sorted((SHARED / "cifar10-resnet").glob("resnet[25]*.th"))
    archive = str(SHARED / "cifar10-jpeg" / "test.zip")
    spec = DataSpec(name="test", path=archive, content="-", normalise="imagenet", limit=2000)
    data = open_data(spec)
    for _ in data.batches(256):
        pass  # decode once: both read from memory
    for file in files:
        _compare(open_checkpoint(file), data)


def _compare(checkpoint: Checkpoint, data: DataSet) -> None:
    _bare(checkpoint, data)
    ratios, ours, theirs = [], [], []
    for _ in range(PAIRS):
        theirs.append(_bare(checkpoint, data))
        ours.append(_extract(checkpoint, data))
        ratios.append(theirs[-1] / ours[-1])
    rate, bare = len(data) / statistics.median(ours), len(data) / statistics.median(theirs)
    ratio = statistics.median(ratios)
    sys.stdout.write(
        f"{checkpoint.path.name}: extraction {rate:.0f} images/s, bare loop {bare:.0f} images/s, "
        f"ratio {100 * ratio:.1f} % (median of {PAIRS} pairs, {100 * min(ratios):.1f} to {100 * max(ratios):.1f})\n"
    )


def _bare(checkpoint: Checkpoint, data: DataSet) -> float:
    network = checkpoint.network()
    start = time.perf_counter()
    with torch.inference_mode():
        for batch in data.batches(256):
            network(batch)
    return time.perf_counter() - start


def _extract(checkpoint: Checkpoint, data: DataSet) -> float:
    assert checkpoint.architecture is not None
    network = checkpoint.network()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        extract(
            network,
            checkpoint.architecture,
            data,
            ["features", "logits", "stages"],
            Path(folder) / "a.h5",
            torch.device("cpu"),
            Quiet(),
        )
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
