"""What a model has learnt from, told in its file: whoever is made of it has learnt from that, too."""

from collections.abc import Iterable, Mapping

import numpy as np

from ..data import Prepared
from ..data.contents import as_text, contents_of, from_text, overlap
from ..models import Checkpoint
from ..trials import DataSpec

LEARNT = "learnt"
"""Under this a derived checkpoint keeps the contents of what it was trained on, by the data set's identity."""

Learnt = Mapping[str, str]


def learnt_by(checkpoint: Checkpoint) -> Learnt:
    """Return the contents of what a checkpoint and all that it descends from were trained on by this program."""
    learnt: Learnt = checkpoint.metadata.get("graftwork", {}).get(LEARNT, {})
    return learnt


def learnt_from(ancestors: Iterable[Checkpoint], data: Iterable[tuple[DataSpec, Prepared]]) -> Learnt:
    """Return what a model will have learnt from that is made from some others and from data."""
    inherited = {identity: text for checkpoint in ancestors for identity, text in learnt_by(checkpoint).items()}
    return inherited | {spec.identity: as_text(contents_of(spec, samples)) for spec, samples in data}


def overlap_of(checkpoint: Checkpoint, spec: DataSpec, data: Prepared) -> float | None:
    """Return the share of a data set's samples that a model has learnt from; None where it has learnt from nothing."""
    learnt = [from_text(text) for text in learnt_by(checkpoint).values()]
    return overlap(contents_of(spec, data), np.concatenate(learnt)) if learnt else None
