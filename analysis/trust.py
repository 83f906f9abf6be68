"""Which of a person's own code may be run: files that were read and trusted, remembered by what is in them.

Whether code is trusted hangs on its content alone, and on that of all modules that it imports from beside it, so that
it is asked about again when one of them has changed. Networks that timm and transformers build from settings alone need
no trust: their code was installed, and does not come with a checkpoint.
"""

import json
from pathlib import Path

import platformdirs

from .atomic import replacing
from .errors import UserError
from .own_code import OwnCode, code_at, code_of

_STORE = "trusted.json"
_LIBRARIES = ("timm", "transformers")
_NAMED = 8  # files
UNSEEN = "What it loads in other ways than by import statements, such as importlib, exec or data files, is not covered."


def is_library(network: str) -> bool:
    """Return whether a network is one that a library builds, ``timm:NAME`` or ``transformers:CLASS``."""
    return network.partition(":")[0] in _LIBRARIES


def trust(place: str | Path) -> OwnCode:
    """Remember code as trusted, with all that it imports from beside it, and return it.

    Parameters
    ----------
    place : str or Path
        A file of Python code, or ``package.module``; or a network, with the name of its function after a colon.

    Raises
    ------
    UserError
        If there is no such code.
    """
    code = code_of(str(place)) if ":" in Path(place).name else code_at(str(place))
    store = _store()
    store.parent.mkdir(parents=True, exist_ok=True)
    with replacing(store) as draft:
        entry = {code.content: str(code.files[0].absolute())}
        draft.write_text(json.dumps(_trusted() | entry, indent=2), encoding="utf-8")
    return code


def require_trust(network: str) -> OwnCode:
    """Return the code of a person's own network, once it is sure that it was trusted.

    Raises
    ------
    UserError
        If it was not; names the files and their hash. If there is no such code.
    """
    code = code_of(network)
    if code.content not in _trusted():
        raise UserError(
            f"To run '{network}' is to run the code in {covered(code)}, which has not been trusted.",
            f"Read it, then: graftwork trust '{_name(network)}'. {UNSEEN}",
        )
    return code


def covered(code: OwnCode) -> str:
    """Return the files of code and their hash, in words."""
    main, *beside = code.files
    if not beside:
        return f"{main} (SHA-256 {code.content})"
    named = [file.relative_to(code.root).as_posix() for file in beside]
    more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    listed = ", ".join([*named[:_NAMED], *more])
    return f"{main} and in what it imports from {code.root}: {listed} (SHA-256 of all {code.content})"


def _name(network: str) -> str:
    """Return what tells code to be trusted: a file alone, of a package also what is imported from it."""
    place = network.rpartition(":")[0]
    return place if place.endswith(".py") else network


def _store() -> Path:
    return Path(platformdirs.user_config_dir("graftwork")) / _STORE


def _trusted() -> dict[str, str]:
    try:
        found = json.loads(_store().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
