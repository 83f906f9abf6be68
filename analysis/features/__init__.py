"""Features: what networks make of every sample, layer by layer, streamed to disk."""

from .extraction import extract
from .layers import choose_taps, layer_shapes, layer_tree
from .passage import Run

__all__ = ["Run", "choose_taps", "extract", "layer_shapes", "layer_tree"]
