"""The training room: what methods that train a network share; torch, no screen."""

from .batches import Batch, Batches
from .objectives import Objective, Terms
from .parameters import TrainingParameters
from .students import Student, derivative, hold_all, student_of, tied, zeros_of
from .training import recover, train

__all__ = [
    "Batch",
    "Batches",
    "Objective",
    "Student",
    "Terms",
    "TrainingParameters",
    "derivative",
    "hold_all",
    "recover",
    "student_of",
    "tied",
    "train",
    "zeros_of",
]
