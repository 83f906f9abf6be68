"""What lies in a folder or an archive of images, by its paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import UserError

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
)
"""Of the image files that are read."""

Parts = tuple[str, ...]
"""A path by its folders and its name."""
Entry = tuple[str, Parts]
"""A path, and its parts from some folder on."""


@dataclass(frozen=True)
class Tree:
    """Files and folders by relative paths with ``/``; hidden ones do not count.

    Attributes
    ----------
    origin : str
        What to call it in an error.
    files, folders : sequence of str
        Folders that hold something may be left out.
    """

    origin: str
    files: Sequence[str]
    folders: Sequence[str] = ()

    def check(self) -> None:
        """Check the paths.

        Raises
        ------
        UserError
            If one is no text, or comes twice.
        """
        if len(set(self.files)) < len(self.files):
            raise UserError(f"'{self.origin}' names a file twice.", "Make it anew.")
        paths = (*self.files, *self.folders)
        odd = next((path for path in paths if path.encode(errors="replace").decode() != path), None)
        if odd is not None:
            problem = f"The name {odd!a} in '{self.origin}' is not UTF-8."
            raise UserError(problem, "Give that file or folder another name.")

    def inside(self, root: Parts) -> Iterator[Entry]:
        """Give the files in the folders of a folder."""
        depth = len(root)
        return (
            (path, parts[depth:]) for path, parts in self._files if parts[:depth] == root and len(parts) > depth + 1
        )

    def images(self, root: Parts) -> Iterator[Entry]:
        """Give the images in the folders of a folder."""
        return ((path, rest) for path, rest in self.inside(root) if suffix(rest) in SUFFIXES)

    def suffixes(self, root: Parts) -> dict[str, set[str]]:
        """Return the folders of a folder with the suffixes of the files below each."""
        depth = len(root)
        found: dict[str, set[str]] = {
            parts[depth]: set() for _, parts in self._folders if parts[:depth] == root and len(parts) > depth
        }
        for _, rest in self.inside(root):
            found.setdefault(rest[0], set()).add(suffix(rest))
        return found

    @property
    def holds_images(self) -> bool:
        """Whether there is an image anywhere."""
        return any(suffix(parts) in SUFFIXES for _, parts in self._files)

    @cached_property
    def _files(self) -> list[Entry]:
        return _shown(self.files)

    @cached_property
    def _folders(self) -> list[Entry]:
        return _shown(self.folders)


def suffix(parts: Parts) -> str:
    """Return the suffix of a path's name in small letters, with its point; none may be there."""
    stem, point, end = parts[-1].rpartition(".")
    return (point + end).lower() if stem else ""


def hidden(name: str) -> bool:
    """Return whether a file or folder is hidden, or what macOS puts into archives beside the files."""
    return name.startswith((".", "__MACOSX"))


def _shown(paths: Sequence[str]) -> list[Entry]:
    entries = ((path, tuple(part for part in path.split("/") if part not in ("", "."))) for path in paths)
    return [(path, parts) for path, parts in entries if parts and not any(map(hidden, parts))]
