"""Checkpoints: reading without executing, recognising, building, writing."""

from .architecture import Architecture, TensorSpec
from .checkpoint import Checkpoint
from .comparison import compare
from .description import describe, describe_checkpoint, parameter_count
from .reading import named_weights, open_checkpoint
from .weight import Weight
from .writing import write_checkpoint

__all__ = [
    "Architecture",
    "Checkpoint",
    "TensorSpec",
    "Weight",
    "compare",
    "describe",
    "describe_checkpoint",
    "named_weights",
    "open_checkpoint",
    "parameter_count",
    "write_checkpoint",
]
