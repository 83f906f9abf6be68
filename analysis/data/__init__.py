"""Data sets: images and arrays with labels, prepared for a network."""

from ..trials import DataSpec
from .choice import choose
from .dataset import DataSet
from .normalise import normalisation
from .prepared import Prepared
from .source import open_source

__all__ = ["DataSet", "Prepared", "open_data"]


def open_data(spec: DataSpec) -> Prepared:
    """Open the data set that ``spec`` describes.

    Its file stays open until the set is closed or forgotten; most pictures are decoded when first used.

    Raises
    ------
    UserError
        If the path, split, class names, limit or normalisation do not fit, or the first picture cannot be read.
    """
    source = open_source(spec.path, spec.split)
    try:
        chosen = choose(source, spec.classes, spec.limit)
        return Prepared(source, chosen, normalisation(spec.normalise, source.shape[0]))
    except BaseException:
        source.close()
        raise
