"""Graftwork: decide what to cut from trained networks and what to combine."""

__version__ = "0.1.0"
