"""Data sets: images, numbers and text, labelled or not, prepared for a network."""

from ..errors import UserError
from ..trials import DataSpec
from .choice import choose
from .classes import labelled_as
from .dataset import DataSet
from .normalise import Normalisation, normalisation
from .prepared import Prepared
from .source import Source, open_source
from .weights import require_weights

__all__ = ["DataSet", "Prepared", "open_data"]


def open_data(spec: DataSpec) -> Prepared:
    """Open the data set that ``spec`` describes.

    Its file stays open until the set is closed or forgotten; most pictures are decoded when first used.

    Raises
    ------
    UserError
        If the path, split, class names, limit, weights or normalisation do not fit, or the first picture cannot be
        read.
    """
    source = open_source(spec)
    try:
        labelled = labelled_as(source, spec.classes)
        chosen = choose(spec.path, labelled, spec.classes, spec.limit)
        require_weights(spec, source, chosen)
        return Prepared(source, labelled, chosen, _normalisation(spec, source))
    except BaseException:
        source.close()
        raise


def _normalisation(spec: DataSpec, source: Source) -> Normalisation:
    if source.kind == "images":
        return normalisation(spec.normalise, source.shape[0])
    if spec.normalise != "none":
        raise UserError(f"'{spec.path}' holds {source.kind}, and normalise is for images.", "Leave it out.")
    return Normalisation()
