"""The training room: what methods that train a network share; torch, no screen."""

from .batches import Batch, Batches
from .objectives import Objective, Terms
from .parameters import TrainingParameters
from .students import Student, hold_all, zeros_of
from .training import recover, train

__all__ = [
    "Batch",
    "Batches",
    "Objective",
    "Student",
    "Terms",
    "TrainingParameters",
    "hold_all",
    "recover",
    "train",
    "zeros_of",
]
