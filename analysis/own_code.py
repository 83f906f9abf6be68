"""A person's own code: the file that a network is built by, and the modules that it imports from beside it.

A network of one's own is ``file.py:function`` or ``package.module:Class``. All of its code is found without running
anything. Beside a file lies what is in its folder; beside a module, what is in its package and, unless that was
installed, in the folder that the package lies in. What was installed is not beside.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from .beside import Beside, OwnModule
from .errors import UserError
from .imports import EVERY, imported

_MAIN = "__own__"  # what the module of a file is called, whatever the file is


@dataclass(frozen=True)
class OwnCode:
    """All code of a network: its own module, and by their names those that it imports from beside it.

    Attributes
    ----------
    main : OwnModule
        The module that the network is named in.
    modules : mapping of str to OwnModule
        All of them, the packages that they lie in among them.
    root : Path
        The folder that their names begin in.
    installed : bool
        Whether that is one that packages are installed in.
    """

    main: OwnModule
    modules: Mapping[str, OwnModule]
    root: Path
    installed: bool

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files that run: the main one, then those beside it by their paths; none that is empty."""
        beside = {m.file for m in self.modules.values() if m.file and m.file != self.main.file and m.source.strip()}
        return (self._file, *sorted(beside))

    @cached_property
    def content(self) -> str:
        """SHA-256 of the file where it imports nothing from beside it, else of all files; 64 hexadecimal digits."""
        hashes = {m.file: sha256(m.source).hexdigest() for m in self.modules.values()}
        main, *beside = self.files
        listed = [[file.relative_to(self.root).as_posix(), hashes[file]] for file in beside]
        return sha256(json.dumps([hashes[main], *listed]).encode()).hexdigest() if beside else hashes[main]

    @property
    def _file(self) -> Path:
        assert self.main.file is not None
        return self.main.file


def code_of(network: str) -> OwnCode:
    """Return the code of ``file.py:function`` or ``package.module:Class``, as it lies on the disk now.

    Raises
    ------
    UserError
        If it is neither, or there is no such code.
    """
    place, _, name = network.rpartition(":")
    if not place or not name.isidentifier():
        raise UserError(f"'{network}' names no network.", "Write file.py:function, or package.module:Class.")
    return code_at(place)


def code_at(place: str) -> OwnCode:
    """Return the code of a file, whose name ends in ``.py``, or of a ``package.module``.

    Raises
    ------
    UserError
        If there is no such code, or it cannot be read.
    """
    try:
        found = _of_file(Path(place)) if place.endswith(".py") else _of_module(place)
    except OSError as error:
        raise UserError(f"The code '{place}' cannot be read: {error.strerror}.", "Check its permissions.") from error
    if found is None:
        raise UserError(f"There is no code '{place}'.", "Check the path, or install the package.")
    return found


def _of_file(file: Path) -> OwnCode | None:
    if not file.is_file():
        return None
    folder = file.absolute().parent
    return _whole(OwnModule(_MAIN, file, file.read_bytes()), Beside(folder, [str(folder), *sys.path]))


def _of_module(name: str) -> OwnCode | None:
    beside = Beside.package(name.partition(".")[0])
    main = beside.module(name) if beside else None
    return _whole(main, beside) if beside and main and main.file else None


def _whole(main: OwnModule, beside: Beside) -> OwnCode:
    """Return a module with those that run on its import, and those that they import."""
    found, pending = {main.name: main}, [*_outer(main.name), *_imported(main)]
    while pending:
        name = pending.pop()
        if name.endswith(EVERY):
            pending += beside.inside(name.removesuffix(f".{EVERY}"))
        elif name not in found and (module := beside.module(name)):
            found[name] = module
            pending += _imported(module)
    return OwnCode(main, found, beside.root, beside.installed)


def _imported(module: OwnModule) -> Iterator[str]:
    """Yield the names that a module may import, and those of the packages that they lie in."""
    package = module.name if module.folders else module.name.rpartition(".")[0]
    if module.is_source:
        for name in imported(module.source, package, is_package=bool(module.folders)):
            yield from _outer(name)


def _outer(name: str) -> Iterator[str]:
    """Yield a dotted name and what it lies in, from outside."""
    return accumulate(name.split("."), "{}.{}".format)
