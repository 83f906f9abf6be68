"""Activations: the one way in which methods run data through a network to look at what passes."""

from .calibration import Calibration
from .watching import Batch, Watcher

__all__ = ["Batch", "Calibration", "Watcher"]
