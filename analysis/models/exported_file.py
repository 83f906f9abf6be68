"""Exported programs (``.pt2``): their weights, without their graph.

The archive has each weight as raw bytes, and a JSON table of dtypes, shapes and steps. Source:
``torch/export/pt2_archive`` and the numbering of dtypes in ``torch/_export/serde/schema.py``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .archive import Archive
from .refusals import SAFE
from .spans import AGAIN, Span
from .stored import Storage, StoredTensor, shared, stored
from .torch_file import check_order

_TABLE = "_weights_config.json"
_DTYPES: Mapping[int, torch.dtype] = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    9: torch.complex32,
    10: torch.complex64,
    11: torch.complex128,
    12: torch.bool,
    13: torch.bfloat16,
    28: torch.uint16,
    29: torch.float8_e4m3fn,
    30: torch.float8_e5m2,
    31: torch.float8_e4m3fnuz,
    32: torch.float8_e5m2fnuz,
    33: torch.float8_e8m0fnu,
    34: torch.uint32,
    35: torch.uint64,
}
_STRIDED = 7


class ExportedFile:
    """An open exported program.

    Raises
    ------
    UserError
        If the archive is damaged, or keeps a weight as a pickle or without plain numbers.
    """

    format = "exported program"

    def __init__(self, archive: Archive) -> None:
        check_order(archive)
        self.files: tuple[Path, ...] = (archive.path,)
        try:
            table = json.loads(archive.read(_table(archive)))["config"]
            self._tensors = {name: _tensor(archive, name, entry) for name, entry in table.items()}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise UserError(
                f"'{archive.path.name}' is a damaged exported program: its table of weights is wrong.", AGAIN
            ) from error
        self.metadata: Mapping[str, Any] = {"program": "exported program; its graph is not run"}
        self.specs: Mapping[str, TensorSpec] = {name: tensor.spec for name, (tensor, _) in self._tensors.items()}
        self.ties: Mapping[str, str] = shared({name: tensor for name, (tensor, _) in self._tensors.items()})

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        tensor, place = self._tensors[name]
        return tensor.read(place)


def is_exported(archive: Archive) -> bool:
    """Tell whether an archive is an exported program, of this layout or of an older or compiled one."""
    return "archive_format" in archive or "serialized_exported_program.json" in archive


def _table(archive: Archive) -> str:
    tables = [name for name in archive.names if name.startswith("data/weights/") and name.endswith(_TABLE)]
    if len(tables) != 1:
        raise UserError(
            f"'{archive.path.name}' is an exported program with {len(tables)} tables of weights; one can be read.",
            "Save a single program with torch.export.save of torch 2.8 or later.",
        )
    return tables[0]


def _tensor(archive: Archive, name: str, entry: Mapping[str, Any]) -> tuple[StoredTensor, Span]:
    meta = entry["tensor_meta"]
    if entry["use_pickle"] or meta["layout"] != _STRIDED or meta["dtype"] not in _DTYPES:
        raise UserError(f"'{archive.path.name}' keeps '{name}' in a form without plain numbers.", SAFE)
    place = archive.span(f"data/weights/{entry['path_name']}")
    shape, steps = ([side["as_int"] for side in meta[key]] for key in ("sizes", "strides"))
    storage = Storage(entry["path_name"], None, place.size)
    return stored(storage, _DTYPES[meta["dtype"]], meta["storage_offset"]["as_int"], shape, steps), place
