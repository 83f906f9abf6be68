"""Which of a person's own code may be run: files that were read and trusted, remembered by what is in them.

A network of one's own is ``file.py:function`` or ``package.module:Class``. Its file is found without running anything;
whether it is trusted hangs on its content alone, so that a file that has changed is asked about again. Those that timm
and transformers build from settings alone need no trust: their code was installed, and does not come with a checkpoint.
"""

import hashlib
import json
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

import platformdirs

from .atomic import replacing
from .errors import UserError

_STORE = "trusted.json"
_LIBRARIES = ("timm", "transformers")


def is_library(network: str) -> bool:
    """Return whether a network is one that a library builds, ``timm:NAME`` or ``transformers:CLASS``."""
    return network.partition(":")[0] in _LIBRARIES


def code_file(network: str) -> Path:
    """Return the file that a network's code lies in.

    Raises
    ------
    UserError
        If it is neither ``file.py:function`` nor ``package.module:Class``, or there is no such file.
    """
    place, _, name = network.rpartition(":")
    if not place or not name.isidentifier():
        raise UserError(f"'{network}' names no network.", "Write file.py:function, or package.module:Class.")
    file = Path(place) if place.endswith(".py") else _module_file(place)
    if file is None or not file.is_file():
        raise UserError(f"There is no code '{place}'.", "Check the path, or install the package.")
    return file


def _module_file(name: str) -> Path | None:
    """Return a module's file, without importing the packages that it lies in."""
    spec: ModuleSpec | None = None
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        where = None if spec is None else spec.submodule_search_locations
        spec = PathFinder.find_spec(".".join(parts[:depth]), where)
        if spec is None:
            return None
    return Path(spec.origin) if spec and spec.origin else None


def code_hash(file: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def trust(file: Path) -> str:
    """Remember a file's content as trusted, and return its hash."""
    content = code_hash(file)
    store = _store()
    store.parent.mkdir(parents=True, exist_ok=True)
    with replacing(store) as draft:
        draft.write_text(json.dumps(_trusted() | {content: str(file.absolute())}, indent=2), encoding="utf-8")
    return content


def require_trust(network: str) -> str | None:
    """Return the hash of a network's code, once it is sure that it was trusted; None of a library's, which need not be.

    Raises
    ------
    UserError
        If it was not; names the file and its hash.
    """
    if is_library(network):
        return None
    file = code_file(network)
    content = code_hash(file)
    if content not in _trusted():
        raise UserError(
            f"To run '{network}' is to run the code in {file} (SHA-256 {content}), which has not been trusted.",
            f"Read it, then: graftwork trust '{file}'",
        )
    return content


def _store() -> Path:
    return Path(platformdirs.user_config_dir("graftwork")) / _STORE


def _trusted() -> dict[str, str]:
    try:
        found = json.loads(_store().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
