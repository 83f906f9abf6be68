"""The workspace: a folder that keeps models, trials, measures and arrays."""

from .packing import unpack
from .records import (
    ColumnRecord,
    DataRecord,
    FitRecord,
    ModelRecord,
    Parent,
    RunRecord,
    SearchRecord,
    SelectionRecord,
    TrialRecord,
    TrialState,
    ValueRecord,
)
from .store import Workspace

__all__ = [
    "ColumnRecord",
    "DataRecord",
    "FitRecord",
    "ModelRecord",
    "Parent",
    "RunRecord",
    "SearchRecord",
    "SelectionRecord",
    "TrialRecord",
    "TrialState",
    "ValueRecord",
    "Workspace",
    "unpack",
]
