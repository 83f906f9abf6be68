"""Features: what a network makes of each sample, kept on disk."""

from .extraction import extract

__all__ = ["extract"]
