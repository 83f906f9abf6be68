"""How long opening takes, and how much memory: 20 GB in five files, and a training checkpoint in both torch layouts."""

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from timing import side_by_side

from graftwork.analysis.models import open_checkpoint

OPEN = """
import json, resource, sys, time
from pathlib import Path
from graftwork.analysis.models import describe, open_checkpoint
path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
open_checkpoint(path)
opened = time.perf_counter()
describe(path)
described = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([opened - start, described - opened, peak / 1024, (peak - before) / 1024]))
"""
TENSORS, SIDE = 60, 1024  # a file: 60 × 4 MiB × 16 = 4 GB


def sparse_folder(folder: Path, files: int = 5) -> Path:
    """Write a model of 20 GB whose numbers are holes in its files."""
    where: dict[str, str] = {}
    for file in range(files):
        name = f"model-{file + 1:05}-of-{files:05}.safetensors"
        header: dict[str, Any] = {}
        size = 4 * SIDE * SIDE * 16
        for number in range(TENSORS):
            tensor = f"layers.{file * TENSORS + number}.weight"
            span = [number * size, (number + 1) * size]
            header[tensor] = {"dtype": "F32", "shape": [SIDE * 16, SIDE], "data_offsets": span}
            where[tensor] = name
        text = json.dumps(header).encode()
        (folder / name).write_bytes(len(text).to_bytes(8, "little") + text)
        os.truncate(folder / name, 8 + len(text) + TENSORS * size)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    return folder


def training_checkpoint(path: Path, zipped: bool) -> Path:
    """Write 1,200 weights with the state of their optimiser."""
    weights = {f"layers.{number}.weight": torch.rand(32, 32) for number in range(1200)}
    state = {number: {"step": torch.tensor(1.0), "exp_avg": w, "exp_avg_sq": w} for number, w in enumerate(weights)}
    content = {"state_dict": weights, "optimizer": {"state": state, "param_groups": [{"lr": 0.1}]}, "epoch": 3}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def main() -> None:
    """Print the times and the memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = sparse_folder(Path(name))
        size = sum(file.stat().st_size for file in folder.iterdir()) / 1e9
        done = subprocess.run([sys.executable, "-c", OPEN, name], check=True, capture_output=True, text=True)
        opened, described, peak, grown = json.loads(done.stdout)
        print(f"{size:.1f} GB in 5 files: opened in {opened:.3f} s, described in {described:.2f} s;")
        print(f"  peak memory {peak:.0f} MiB with torch itself, {grown:.0f} MiB of them since it was imported")
    for zipped in (True, False):
        with tempfile.TemporaryDirectory() as name:
            path = training_checkpoint(Path(name) / "a.ckpt", zipped)
            print(f"1,200 weights and their optimiser, {'zip' if zipped else 'older'} layout:")
            load = partial(torch.load, path, weights_only=True, mmap=zipped)
            side_by_side({"torch.load, weights only": load, "open_checkpoint": partial(open_checkpoint, path)}, runs=5)


if __name__ == "__main__":
    main()
