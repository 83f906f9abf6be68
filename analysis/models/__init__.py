"""Checkpoints: reading without executing, recognising, building, writing."""

from .checkpoint import Architecture, Checkpoint, TensorSpec

__all__ = ["Architecture", "Checkpoint", "TensorSpec"]
