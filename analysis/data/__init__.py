"""Data sets: images and arrays with labels, prepared for a network."""

from .dataset import DataSet

__all__ = ["DataSet"]
