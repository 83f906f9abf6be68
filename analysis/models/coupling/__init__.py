"""Coupling: which channels of a network's tensors can only be removed together, found by running an example.

Every index along an axis of a parameter is labelled. Labels pass through the operations of one forward pass on the meta
device; an operation that needs two channels to agree joins their labels, and one that needs an axis whole, or that
nobody here knows, locks them. What is joined in the end goes together; what is locked stays.
"""

from .cuttable import Cuttable, Kind
from .cutting import Cut
from .groups import Axis, Coupling, Kept, Numbers, coupled
from .tracing import RunError

__all__ = ["Axis", "Coupling", "Cut", "Cuttable", "Kept", "Kind", "Numbers", "RunError", "coupled"]
