"""Networks and tables small enough to be made in a test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor


def perceptron(inputs: int = 3, hidden: int = 4, seed: int = 0) -> dict[str, Tensor]:
    """Return the tensors of a perceptron with one hidden layer and two classes."""
    draw = torch.Generator().manual_seed(seed)
    return {
        "fc1.weight": torch.randn(hidden, inputs, generator=draw),
        "fc1.bias": torch.zeros(hidden),
        "fc2.weight": torch.randn(2, hidden, generator=draw),
        "fc2.bias": torch.zeros(2),
    }


def write_table(path: Path, rows: Sequence[Sequence[float]] | np.ndarray, labels: Sequence[int] | np.ndarray) -> Path:
    """Write rows of numbers with their labels as a table."""
    names = [f"x{place}" for place in range(len(rows[0]))]
    lines = [",".join(map(str, (*row, label))) for row, label in zip(rows, labels, strict=True)]
    path.write_text("\n".join([",".join((*names, "label")), *lines]) + "\n")
    return path


def recipe_of(folder: Path, models: Mapping[str, Mapping[str, Tensor]], rows: np.ndarray, steps: str = "") -> str:
    """Write networks and a table that they all are measured on to a folder, and return the recipe as TOML."""
    for name, tensors in models.items():
        save_file(dict(tensors), folder / f"{name}.safetensors")
    write_table(folder / "rows.csv", rows, np.arange(len(rows)) % 2)
    entries = "".join(f'[[model]]\nname = "{name}"\npath = "{name}.safetensors"\n' for name in models)
    data = '[[data]]\nname = "rows"\npath = "rows.csv"\n'
    return f'{entries}{data}{steps}[measure]\ndata = "rows"\nwhat = ["accuracy"]\n'
