"""How images lie in folders: which folders name classes, and which are parts of the set."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from ..errors import UserError
from .folder_tree import SUFFIXES, Parts, Tree, suffix
from .labelled import Labels, ordered
from .source import Split, demand_split, refuse_split

_UNREAD = frozenset(
    {".heic", ".heif", ".avif", ".jp2", ".j2k", ".jxl", ".svg", ".tga", ".psd", ".ico", ".exr", ".hdr", ".dng", ".nef"}
)
_NOTES = frozenset(
    {".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".html", ".pdf", ".py", ".db", ".ini"}
)
_PARTS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}


@dataclass(frozen=True)
class ClassFolders:
    """Images by their classes.

    Attributes
    ----------
    classes : tuple of str
        Names of the class folders, in the order of `ordered`, with those that hold no image.
    images : tuple of (str, str)
        A path from its class folder on and the whole path of each image, class by class, in the order of the paths.
    """

    classes: tuple[str, ...]
    images: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Each image's path from its class folder on."""
        return tuple(inner for inner, _ in self.images)

    @property
    def paths(self) -> tuple[str, ...]:
        """Each image's whole path."""
        return tuple(path for _, path in self.images)

    @property
    def labelled(self) -> Labels:
        """The class of each image, and all classes."""
        places = {name: place for place, name in enumerate(self.classes)}
        return np.array([places[_class_of(name)] for name in self.names], np.int64), self.classes

    @property
    def plain(self) -> bool:
        """Whether the classes are no more than what the images' paths say when sorted."""
        return self.classes == tuple(sorted(set(map(_class_of, self.names))))


def class_folders(tree: Tree, split: Split | None = None, wanted: Collection[str] | None = None) -> ClassFolders:
    """Find the class folders below those that hold everything and, where the set has parts, below the one of ``split``.

    A folder without files is a class without samples, one of notes alone is none. The classes of a part are its own and
    those of the train part. Images beside the class folders belong to no class.

    Parameters
    ----------
    tree : Tree
        Where to look.
    split : {"train", "test", "val"} or None
        The part.
    wanted : collection of str or None
        The classes that are declared; folders of other names may hold what they want.

    Raises
    ------
    UserError
        If there are no images or class folders, or what may be meant as a class or an image cannot be read.
    """
    tree.check()
    root = _unwrapped(tree)
    parts = _parts(tree, root)
    part = _chosen(tree, root, parts, split)
    images = [("/".join(rest), path) for path, rest in tree.images(part)]
    _check_readable(tree, part, wanted)
    names = _names(tree, part, wanted)
    if "train" in parts:
        names |= _names(tree, (*root, parts["train"]), wanted)
    classes = ordered(names)
    places = {name: place for place, name in enumerate(classes)}
    return ClassFolders(classes, tuple(sorted(images, key=lambda image: (places[_class_of(image[0])], image))))


def _chosen(tree: Tree, root: Parts, parts: Mapping[Split, str], split: Split | None) -> Parts:
    """Return the folder that holds the class folders of the part."""
    if len(parts) > 1:
        root = (*root, parts[demand_split(tree.origin, split, list(parts))])
    elif split not in {_PARTS.get(name.lower()) for name in root}:
        refuse_split(tree.origin, split)
    if not any(tree.images(root)):
        raise UserError(
            f"'{tree.origin}' has images but no classes.", "Put each class's images in a folder of its name."
        )
    return root


def _unwrapped(tree: Tree) -> Parts:
    """Return the folder that holds the class folders, or the parts."""
    if not tree.holds_images:
        raise UserError(f"'{tree.origin}' holds no images.", f"Image files end in {', '.join(sorted(SUFFIXES))}.")
    root: Parts = ()
    while inner := _only_folder(tree, root):
        root = (*root, inner)
    return root


def _only_folder(tree: Tree, root: Parts) -> str | None:
    """Return the folder that holds all folders of images below ``root``; None where these are classes or parts."""
    rests = [rest for _, rest in tree.images(root)]
    tops = {rest[0] for rest in rests}
    if len(tops) != 1 or all(len(rest) == 2 for rest in rests):
        return None
    (top,) = tops
    beside = next((rest for rest in rests if len(rest) == 2), None)
    if beside and top != PurePosixPath(tree.origin).stem:  # else it is what the archive was made of
        raise UserError(
            f"'{tree.origin}' has an image beside folders of images, '{'/'.join((*root, *beside))}': "
            f"'{top}' is a class, or they are.",
            "Move that image into its class's folder, or out of the set.",
        )
    return top


def _parts(tree: Tree, root: Parts) -> dict[Split, str]:
    """Return the folders of the set's parts."""
    found: dict[Split, str] = {}
    for name in sorted({rest[0] for _, rest in tree.images(root)}):
        part = _PARTS.get(name.lower())
        if part in found:
            raise UserError(
                f"'{tree.origin}' has two {part} parts, '{found[part]}' and '{name}'.", "Take one of them out."
            )
        if part:
            found[part] = name
    return found


def _names(tree: Tree, root: Parts, wanted: Collection[str] | None) -> set[str]:
    """Return the folders that are classes: those with images, and without any file."""
    found = tree.suffixes(root)
    return {name for name, suffixes in found.items() if not suffixes or suffixes & SUFFIXES or name in (wanted or ())}


def _check_readable(tree: Tree, root: Parts, wanted: Collection[str] | None) -> None:
    """Refuse images of kinds that are not read, and folders that may be classes of such."""
    for path, rest in tree.inside(root):
        if suffix(rest) in _UNREAD:
            raise UserError(
                f"'{path}' in '{tree.origin}' is an image of a kind that is not read.",
                "Convert it to PNG, or take it out.",
            )
    for name, suffixes in tree.suffixes(root).items():
        if (wanted is None or name in wanted) and suffixes and not suffixes & SUFFIXES and not suffixes <= _NOTES:
            ends = ", ".join(sorted(end or "without a suffix" for end in suffixes))
            raise UserError(
                f"The folder '{name}' in '{tree.origin}' holds no image that is read, but files {ends}.",
                "Convert them to PNG, or move the folder out of the set.",
            )


def _class_of(inner: str) -> str:
    return inner.split("/", 1)[0]
