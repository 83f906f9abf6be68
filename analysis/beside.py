"""Modules that lie beside a person's own code, found as Python finds them; nothing is imported for that."""

import importlib
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    BuiltinImporter,
    ExtensionFileLoader,
    FileFinder,
    FrozenImporter,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path

_INSTALLED = ("site-packages", "dist-packages")
_LOADERS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


@dataclass(frozen=True)
class OwnModule:
    """A module as it was read.

    Attributes
    ----------
    name : str
        As it is imported.
    file : Path or None
        Where it lies; None of a folder that is a package without a file.
    source : bytes
        What the file holds.
    folders : tuple of str
        Those of a package; empty for a module that is none.
    """

    name: str
    file: Path | None
    source: bytes
    folders: tuple[str, ...] = ()

    @property
    def is_source(self) -> bool:
        """Whether it is Python code, and not compiled."""
        return self.file is None or self.file.suffix in SOURCE_SUFFIXES


class Beside:
    """What code can import from the folder that it lies in.

    Parameters
    ----------
    root : Path
        The folder, absolute.
    path : sequence of str
        The folders that imports are looked up in, in this order.
    package : ModuleSpec or None
        An outermost package, which lies in that folder however it is found.

    Attributes
    ----------
    installed : bool
        Whether packages are installed into that folder: what else lies there is not beside then.
    """

    def __init__(self, root: Path, path: Sequence[str], package: ModuleSpec | None = None) -> None:
        self.root = root
        self.installed = root.name in _INSTALLED or str(root) == sysconfig.get_path("stdlib")
        folders = dict.fromkeys(str(Path(folder).absolute()) for folder in path)
        self._finders = [_finder(folder) for folder in folders]
        self._outermost: dict[str, ModuleSpec | None] = {package.name: package} if package else {}

    @classmethod
    def package(cls, name: str) -> "Beside | None":
        """Return what lies beside an outermost package or module; None where there is none of that name."""
        importlib.invalidate_caches()
        specs = (finder.find_spec(name, None) for finder in sys.meta_path)
        spec = next((spec for spec in specs if spec), None)
        place = _place(spec) if spec else None
        return cls(place.parent, sys.path, spec) if place else None

    def module(self, name: str) -> OwnModule | None:
        """Return the module of a dotted name; None where nothing beside has it.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        outermost, *inner = name.split(".")
        spec = self._found(outermost)
        for part in inner:
            spec = _first(part, map(_finder, spec.submodule_search_locations or ())) if spec else None
        return _read(name, spec) if spec else None

    def inside(self, package: str) -> Iterator[str]:
        """Yield the names of all modules that lie in a package."""
        found = self.module(package)
        for folder in map(Path, found.folders if found else ()):
            packages = (file.parent.name for file in folder.glob("*/__init__.py"))
            names = {file.stem for file in folder.glob("*.py")}.union(packages) - {"__init__"}
            yield from (f"{package}.{name}" for name in sorted(names))

    def _found(self, outermost: str) -> ModuleSpec | None:
        if outermost not in self._outermost:
            inside = any(importer.find_spec(outermost) for importer in (BuiltinImporter, FrozenImporter))
            spec = None if inside or self.installed else _first(outermost, self._finders)
            place = _place(spec) if spec else None
            self._outermost[outermost] = spec if place and place.parent == self.root else None
        return self._outermost[outermost]


def _finder(folder: str) -> FileFinder:
    return FileFinder(folder, *_LOADERS)


def _first(name: str, finders: Iterator[FileFinder] | Sequence[FileFinder]) -> ModuleSpec | None:
    """Return the first module of a name; a folder without a file of its own only where nothing else has the name."""
    found = [spec for finder in finders if (spec := finder.find_spec(name))]
    return next((spec for spec in found if spec.loader), found[0] if found else None)


def _place(spec: ModuleSpec) -> Path | None:
    """Return the folder of a package, or the file of a module; None where it lies in neither."""
    where = next(iter(spec.submodule_search_locations or ()), spec.origin if spec.has_location else None)
    return Path(where).absolute() if where else None


def _read(name: str, spec: ModuleSpec) -> OwnModule:
    file = Path(spec.origin) if spec.loader and spec.origin else None
    return OwnModule(name, file, file.read_bytes() if file else b"", tuple(spec.submodule_search_locations or ()))
