"""Opening a data set by what lies at its path."""

from pathlib import Path

from ..catalogue import unknown
from ..errors import UserError
from ..trials import DataSpec
from .arrays import read_npz
from .dataset import DataSet
from .digits import read_digits
from .folders import read_archive, read_folder
from .images import NORMALISATIONS, Pictures, PictureSet


def open_data(spec: DataSpec) -> DataSet:
    """Open a data set: ``digits``, a folder or zip archive of class folders, or a NumPy archive.

    Raises
    ------
    UserError
        If there is nothing usable at its path, or its normalisation does not fit.
    """
    return PictureSet(_read(spec), _normalisation(spec))


def _read(spec: DataSpec) -> Pictures:
    if spec.path == "digits":
        return read_digits(spec)
    path = Path(spec.path)
    if spec.split is not None:
        raise UserError(f"{path} has no splits.", "Leave 'split' out, or name the file of that split.")
    if path.is_dir():
        return read_folder(path, spec)
    if not path.exists():
        raise UserError(f"The data set {path} is not there.", "Mend its path.")
    if path.suffix == ".npz":
        return read_npz(path, spec)
    return read_archive(path, spec)


def _normalisation(spec: DataSpec) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    if isinstance(spec.normalise, tuple):
        return spec.normalise
    if spec.normalise == "none":
        return None
    if spec.normalise not in NORMALISATIONS:
        raise unknown("normalisation", spec.normalise, [*NORMALISATIONS, "none"])
    return NORMALISATIONS[spec.normalise]
