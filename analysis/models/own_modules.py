"""Running a person's own code: what was read of it and trusted, in modules that no other code sees.

Each code has modules of its own, under names of its own: two networks whose helpers have one name do not meet, and one
whose helper has changed gets the new one. It is run from the bytes that were trusted, never from a compiled copy.
"""

import builtins
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from hashlib import sha256
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location, spec_from_loader
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

from ..errors import UserError
from ..own_code import OwnCode

_PREFIX = "graftwork_own_"
_RUNNING = RLock()  # a worker works in several threads, and what imports see belongs to all of them
_imported: dict[str, str] = {}  # what installed packages held when this process imported them, by module


class OwnModules(MetaPathFinder, Loader):
    """The modules of one code, as the import system asks for them."""

    def __init__(self, code: OwnCode) -> None:
        self._code = code
        place = f"{code.files[0].absolute()} {code.content}"
        self._prefix = _PREFIX + sha256(place.encode()).hexdigest()[:12]
        self._outermost = {name.partition(".")[0] for name in code.modules}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def run(self) -> ModuleType:
        """Run the code from its beginning, and return the module that its network is named in."""
        for name in [name for name in sys.modules if name.partition(".")[0] == self._prefix]:
            del sys.modules[name]
        sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "_prefix", "") != self._prefix]
        sys.meta_path.insert(0, self)
        return importlib.import_module(f"{self._prefix}.{self._code.main.name}")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Return where a module of this code lies; None of any other."""
        prefix, _, name = fullname.partition(".")
        module = self._code.modules.get(name)
        if prefix != self._prefix or (name and module is None):
            return None
        if module is None or module.file is None:
            return spec_from_loader(fullname, self, is_package=True)
        loader = self if module.is_source else None
        folders = list(module.folders) or None
        return spec_from_file_location(fullname, module.file, loader=loader, submodule_search_locations=folders)

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making of the module to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, whose absolute imports find what lies beside it first."""
        own = self._code.modules.get(module.__name__.partition(".")[2])
        module.__dict__["__builtins__"] = self._builtins
        if own and own.file:
            exec(compile(own.source, own.file, "exec", dont_inherit=True), module.__dict__)

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - as Python calls it
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as Python does, but what lies beside the code under a name that is this code's own."""
        outermost = name.partition(".")[0]
        if level or outermost not in self._outermost:
            return builtins.__import__(name, globals, locals, fromlist, level)
        found = builtins.__import__(f"{self._prefix}.{name}", globals, locals, fromlist)
        return found if fromlist else sys.modules[f"{self._prefix}.{outermost}"]


def run_code(code: OwnCode) -> ModuleType:
    """Run trusted code, and return the module that its network is named in.

    Raises
    ------
    UserError
        If it is of an installed package that has changed since this process imported it.
    """
    with beside(code):
        return _installed(code) if code.installed else OwnModules(code).run()


def _installed(code: OwnCode) -> ModuleType:
    """Import a module of an installed package, which others import as well: such a package exists once."""
    name = code.main.name
    if _imported.setdefault(name, code.content) != code.content:
        raise UserError(f"The package of '{name}' has changed since it was imported.", "Start the program again.")
    return importlib.import_module(name)


@contextmanager
def beside(code: OwnCode) -> Iterator[None]:
    """Let code find by names that it makes up what lies in its folder; what was found so is forgotten afterwards."""
    with _RUNNING:
        known, folder = set(sys.modules), str(code.root)
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
            for name in [] if code.installed else _found_in(code.root, sys.modules.keys() - known):
                del sys.modules[name]


def _found_in(folder: Path, names: Set[str]) -> list[str]:
    """Return those of the imported modules whose outermost package, or themselves, lie in a folder."""
    return [name for name in names if _place(sys.modules.get(name.partition(".")[0])) == folder]


def _place(module: ModuleType | None) -> Path | None:
    where = next(iter(getattr(module, "__path__", ())), getattr(module, "__file__", None))
    return Path(where).parent if where else None
