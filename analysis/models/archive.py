"""Zip archives of uncompressed parts, as torch writes them: a part is a stretch of the file, never unpacked."""

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ..errors import UserError
from .spans import AGAIN, Span

_LOCAL = 30  # bytes of a part's own header before its name
_SMALL = 1 << 28  # bytes; no index of a checkpoint comes near


class Archive:
    """The parts of a zip archive, by their names below the archive's one folder.

    Raises
    ------
    UserError
        If the directory cannot be read, or names a part twice or outside the archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
            raise UserError(
                f"'{path.name}' is truncated or damaged: its zip directory cannot be read.", AGAIN
            ) from error
        names = [info.filename for info in infos]
        _check_names(path, names)
        self._infos: Mapping[str, zipfile.ZipInfo] = dict(zip(_below(names), infos, strict=True))

    @property
    def names(self) -> tuple[str, ...]:
        """Every part's name below the archive's folder."""
        return tuple(self._infos)

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def span(self, name: str) -> Span:
        """Return where a part's bytes lie.

        Raises
        ------
        UserError
            If there is no such part, if it is compressed or if it reaches beyond the file.
        """
        if name not in self._infos:
            raise UserError(f"'{self.path.name}' is damaged: its part '{name}' is missing.", AGAIN)
        info = self._infos[name]
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise UserError(f"'{self.path.name}' has '{name}' compressed or encrypted, which torch never does.", AGAIN)
        header = Span(self.path, info.header_offset, info.header_offset + _LOCAL).read()
        start = info.header_offset + _LOCAL + sum(int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        if header[:4] != b"PK\x03\x04" or start + info.file_size > self.path.stat().st_size:
            raise UserError(f"'{self.path.name}' is damaged: its part '{name}' is not where it should be.", AGAIN)
        return Span(self.path, start, start + info.file_size)

    def read(self, name: str) -> bytearray:
        """Return the bytes of a small part."""
        span = self.span(name)
        if span.size > _SMALL:
            raise UserError(f"'{self.path.name}' has {span.size} bytes of '{name}', too many for an index.", AGAIN)
        return span.read()


def _check_names(path: Path, names: list[str]) -> None:
    outside = next((name for name in names if name.startswith(("/", "\\")) or ".." in PurePosixPath(name).parts), None)
    if outside is not None:
        raise UserError(f"'{path.name}' names a part outside itself, '{outside}'.", "Do not use it.")
    if len(set(names)) != len(names):
        raise UserError(f"'{path.name}' names a part twice.", "Do not use it.")


def _below(names: list[str]) -> list[str]:
    """Return the names without the folder that they share."""
    folder = names[0].partition("/")[0] + "/" if names else ""
    return [name.removeprefix(folder) for name in names] if all(n.startswith(folder) for n in names) else names
