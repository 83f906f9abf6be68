"""Blocks: what a network is a row of, and the branches in each that are added to what passes by."""

from .branches import Branch
from .rows import Block, blocks_of
from .trace import Call, Trace, traced

__all__ = ["Block", "Branch", "Call", "Trace", "blocks_of", "traced"]
