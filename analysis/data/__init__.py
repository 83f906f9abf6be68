"""Data sets: images and arrays with labels, prepared for a network."""

from .dataset import DataSet
from .opening import open_data

__all__ = ["DataSet", "open_data"]
