"""Hashes that were computed, kept in a folder that processes share: one small file for each input that was hashed."""

import json
from contextlib import suppress
from pathlib import Path

import platformdirs

from ..atomic import replacing
from .digests import digest
from .sights import Sight

FOLDER = "contents"
"""Name of the folder, in the user's cache and in a workspace."""


class Memory:
    """The hashes that a folder keeps, by path; one is given back while nothing about the input's files has changed.

    A folder that cannot be read or written remembers nothing, and that is no error.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls) -> "Memory":
        """Return what the person's own cache remembers."""
        return cls(Path(platformdirs.user_cache_dir("graftwork")) / FOLDER)

    def recall(self, sight: Sight) -> str | None:
        """Return the content of an input that lies there as it did when it was hashed."""
        try:
            found = json.loads(self._file(sight).read_text(encoding="utf-8"))
            return str(found["content"]) if found["sight"] == sight.key else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, sight: Sight, content: str) -> None:
        """Remember the content of an input that was seen so, in place of what was known of its path."""
        file = self._file(sight)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(file) as draft:
                draft.write_text(json.dumps({"sight": sight.key, "content": content}), encoding="utf-8")

    def _file(self, sight: Sight) -> Path:
        return self._folder / f"{digest(str(sight.path.absolute()))}.json"
