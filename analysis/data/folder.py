"""A folder of class folders of images."""

from pathlib import Path

from ..errors import UserError
from ..trials import DataSpec
from .class_folders import class_folders
from .folder_walk import walked
from .images import LARGEST_FILE, ImageSource
from .scaling import Scaling
from .source import source


@source("a folder with one folder of images a class", lambda path: Path(path).is_dir())
def open_folder(spec: DataSpec) -> ImageSource:
    """Open the folder; its files are found now and read when needed.

    Raises
    ------
    UserError
        As `walked`, `class_folders` and `ImageSource`.
    """
    root = Path(spec.path)

    found = class_folders(walked(root), spec.split, spec.classes)
    paths = found.paths

    def load(sample: int) -> bytes:
        file = root / paths[sample]
        try:
            if file.stat().st_size > LARGEST_FILE:
                raise UserError(f"The image '{file}' has more than {LARGEST_FILE:,} bytes.", "Take it out.")
            return file.read_bytes()
        except OSError as error:
            raise UserError(f"The image '{file}' cannot be read.", "Check that it exists and may be read.") from error

    return ImageSource(spec.path, found.labelled, found.names, paths, Scaling.of(spec), load)
