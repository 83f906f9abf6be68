"""What a checkpoint's files call the outputs of its network."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .checkpoint import Checkpoint
from .told import told

_ENTRIES = ("id2label", "label_names", "class_names", "classes")
_COUNTS = re.compile(r"(label|class)?[ _-]?[0-9]+", re.IGNORECASE)


def class_names(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return the names of the network's outputs, in their order; none where its files give no names to all of them.

    Names come from transformers' ``id2label``, timm's ``label_names``, or metadata called so. Names that only count,
    such as ``LABEL_0``, are none.
    """
    outputs = checkpoint.architecture.classes if checkpoint.architecture else 0
    candidates = (_listed(told(checkpoint.metadata, entry)) for entry in _ENTRIES)
    return next((names for names in candidates if len(set(names)) == len(names) == outputs and _mean(names)), ())


def _mean(names: Sequence[str]) -> bool:
    return bool(names) and not all(map(_COUNTS.fullmatch, names))


def _listed(found: Any) -> tuple[str, ...]:
    """Return names in order, of a list or of an object by their numbers."""
    if isinstance(found, Mapping) and all(str(key).isdigit() for key in found):
        found = [found[key] for key in sorted(found, key=lambda key: int(str(key)))]
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()
