"""Encodings: how tensors lie in a file as others that they are made of, one file a kind.

What opens is what the network computes with: a pruned weight times its mask, a normalised one, a dequantised one. A
form that is not known here is refused by name, never opened as if its parts were the weights.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from torch import Tensor

from ...wording import counted
from ..architecture import TensorSpec
from ..tensor_file import TensorFile
from .encoding import Encoding, Finder
from .masks import masked
from .norms import normalised
from .refusals import check_plain
from .scales import scaled
from .spectral import spectral
from .uniform import uniform

__all__ = ["KINDS", "check_plain", "decoded"]

KINDS = ("folded", "quantised")
"""What a file's metadata says of its tensors' forms, where it has any."""

_FINDERS: tuple[Finder, ...] = (masked, spectral, normalised, scaled)


def decoded(file: TensorFile, settings: Mapping[str, Any], stored: Mapping[str, Any]) -> TensorFile:
    """Return the tensors that a file's stand for, made when they are read; the file itself if it keeps them plainly.

    Parameters
    ----------
    file : TensorFile
        The file.
    settings : mapping of str to Any
        What the folder's ``quantization_config`` says.
    stored : mapping of str to Any
        What a file of this program says of tensors that lie in it as codes.
    """
    forms = Counter[tuple[str, str]]()
    finders = (*_FINDERS, partial(uniform, stored=stored))
    while found := {name: encoding for find in finders for name, encoding in find(file.specs, settings)}:
        forms.update((encoding.kind, encoding.form) for encoding in found.values())
        file = _Decoded(file, found, _told(forms))  # and once more: a mask may lie over what a norm is made of
    return file


class _Decoded:
    """A file whose tensors are made of others."""

    def __init__(self, file: TensorFile, encodings: Mapping[str, Encoding], told: Mapping[str, Any]) -> None:
        self.files, self.format = file.files, file.format
        self._file, self._encodings = file, encodings
        used = {part: name for name, encoding in encodings.items() for part in encoding.parts}
        gone = {name for encoding in encodings.values() for name in encoding.unused}
        names = dict.fromkeys(used.get(name, name) for name in file.specs if name not in gone)
        self.specs: Mapping[str, TensorSpec] = {
            name: encodings[name].spec if name in encodings else file.specs[name] for name in names
        }
        self.ties: Mapping[str, str] = {name: held for name, held in self._ties().items() if held in names}
        self.metadata: Mapping[str, Any] = {**file.metadata, **told}

    def tensor(self, name: str) -> Tensor:
        """Read or make one tensor."""
        encoding = self._encodings.get(name)
        if encoding is None:
            return self._file.tensor(name)
        return encoding.decode([self._file.tensor(part) for part in encoding.parts])

    def _ties(self) -> dict[str, str]:
        """Return the tensors that others hold: those of the file, and those that are made of the same parts."""
        ties, first = self._file.ties, dict[tuple[str, ...], str]()
        made = {name: tuple(ties.get(part, part) for part in e.parts) for name, e in self._encodings.items()}
        held = {name: first.setdefault(parts, name) for name, parts in made.items()}
        plain = {name: other for name, other in ties.items() if name in self.specs and name not in made}
        return plain | {name: other for name, other in held.items() if other != name}


def _told(forms: Mapping[tuple[str, str], int]) -> dict[str, list[str]]:
    """Return what the metadata says of the forms, by kind: each with the number of its tensors."""
    told: dict[str, list[str]] = {}
    for (kind, form), count in forms.items():
        told.setdefault(kind, []).append(f"{form} ({counted(count, 'tensor')})")
    return told
