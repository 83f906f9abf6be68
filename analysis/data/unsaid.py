"""What decides how images are labelled and is no part of their files' content."""

from pathlib import Path

from ..trials import DataFields
from .archive import archived
from .class_folders import class_folders
from .folder_tree import Tree
from .folder_walk import linked, walked
from .source import has_suffix

Unsaid = tuple[list[Path], tuple[str, ...]]


def unsaid(data: DataFields) -> Unsaid:
    """Return the folders that a folder of images only links to, and its classes.

    Of the classes there are none where the images' paths, sorted, give the same, and where there are no images.

    Raises
    ------
    UserError
        If they cannot be read, or arranged by classes.
    """
    if Path(data.path).is_dir():
        tree = walked(Path(data.path))
        return linked(Path(data.path), tree), _unsaid_classes(tree, data)
    if has_suffix(data.path, ".zip"):
        return [], _unsaid_classes(archived(data.path), data)
    return [], ()


def _unsaid_classes(tree: Tree, data: DataFields) -> tuple[str, ...]:
    found = class_folders(tree, data.split, data.classes)
    return () if found.plain else found.classes
