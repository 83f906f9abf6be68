"""One array in an ``.npy`` file, mapped from the disk, with its labels in another beside it."""

from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .labelled import Labels, encode, unlabelled
from .rows import RowSource, read_rows
from .samples import RAGGED, as_samples
from .source import has_suffix, refuse_scaling, refuse_split, source

DAMAGE = (
    *(ValueError, OSError, EOFError, TypeError, LookupError, ArithmeticError, MemoryError, RuntimeError),
    *(SyntaxError, TokenError),
)
"""What numpy raises of arrays that are damaged, whose headers are Python."""
_MAGIC = b"\x93NUMPY"


@source("an .npy of images, numbers or tokens", lambda path: has_suffix(path, ".npy"))
def open_npy(spec: DataSpec) -> RowSource:
    """Open the array; labels lie beside it, in ``NAME.labels.npy``, ``NAME_labels.npy`` or ``labels.npy``, if anywhere.

    Shapes are those of `as_samples`; every token counts.

    Raises
    ------
    UserError
        If an array cannot be read without unpickling, or shapes do not fit.
    """
    refuse_scaling(spec)
    refuse_split(spec.path, spec.split)
    path = Path(spec.path)
    rows = _mapped(path)
    kind, shape, convert = as_samples(rows, f"'{path}'")
    return RowSource(spec.path, kind, shape, _labelled(path, len(rows)), lambda s: convert(read_rows(rows, s)))


def _labelled(path: Path, count: int) -> Labels:
    names = (f"{path.stem}.labels.npy", f"{path.stem}_labels.npy", "labels.npy")
    beside = next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)
    if beside is None or beside == path:
        return unlabelled(count)
    labels = _mapped(beside)
    if labels.size != count:
        raise UserError(f"'{path}' has {count} samples but {labels.size} labels.", "Save one label for each sample.")
    return encode(np.asarray(labels).reshape(count), f"The labels in '{beside}'")


def _mapped(path: Path) -> NDArray[Any]:
    try:
        with path.open("rb") as stream:
            if stream.read(len(_MAGIC)) != _MAGIC:
                raise ValueError("no such file")
        with np.errstate(all="raise"):
            found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        if "Python objects" in str(error):
            problem = f"'{path}' holds pickled objects, which could run code when read."
            raise UserError(problem, f"Save plain numbers; {RAGGED}") from error
        problem = f"'{path}' cannot be read: it is damaged or no .npy file."
        raise UserError(problem, "Check that it was copied whole.") from error
    return found
