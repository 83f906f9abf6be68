"""Exported programs (``.pt2``): their weights, read without running their graph.

The archive keeps each tensor as plain bytes, and a JSON directory that says which is which; layout as of PyTorch 2.8
and later, ``torch.export.pt2_archive``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .zipped import AGAIN, ZipReader, ZipTensor

DIRECTORY = "data/weights/model_weights_config.json"
"""The entry that an exported program has."""

# The numbers of torch._export.serde.schema.ScalarType.
_DTYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    10: torch.complex64,
    11: torch.complex128,
    12: torch.bool,
    13: torch.bfloat16,
}


class ExportedFile:
    """An open exported program; tensors stay on disk until they are read.

    Raises
    ------
    UserError
        If the file is damaged, or keeps a tensor in a way that only running code could read.
    """

    format = "exported program"

    def __init__(self, path: Path) -> None:
        self._reader = ZipReader(path)
        entry = self._reader.find(DIRECTORY)
        if entry is None:
            raise UserError(f"'{path.name}' is damaged: it has no {DIRECTORY}.", AGAIN)
        folder = entry.removesuffix(DIRECTORY) + "data/weights/"
        try:
            config = json.loads(self._reader.text(entry))["config"]
            self._tensors = {name: _tensor(folder, item) for name, item in config.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UserError(f"'{path.name}' is damaged: its directory of weights cannot be read.", AGAIN) from error
        for name, tensor in self._tensors.items():
            self._reader.check(name, tensor)
        self.metadata: Mapping[str, Any] = {"program": "exported; its graph is not run"}
        self.specs: Mapping[str, TensorSpec] = {name: tensor.spec for name, tensor in self._tensors.items()}

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        return self._reader.tensor(self._tensors[name])


def _tensor(folder: str, item: Mapping[str, Any]) -> ZipTensor:
    meta = item["tensor_meta"]
    if item["use_pickle"] or meta["dtype"] not in _DTYPES:
        raise ValueError("a tensor that is no plain array")
    shape, stride = (tuple(side["as_int"] for side in meta[key]) for key in ("sizes", "strides"))
    return ZipTensor(
        folder + item["path_name"], _DTYPES[meta["dtype"]], meta["storage_offset"]["as_int"], shape, stride
    )
