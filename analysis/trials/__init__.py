"""Trials: what is to be done, as pure data that any executor can run.

A plan is a list of trials. A trial makes one model (or takes a source as it is) and measures it on one data set. All of
it is immutable, pickles, and turns to JSON; nothing here knows files' contents, torch or a screen.
"""

from ..frozen import Frozen
from .data import DataFields, DataSpec
from .fits import FitEntry, FitSpec, Measured
from .models import DerivedModel, ModelSpec, SourceModel
from .plan import Estimate, Plan, SearchSpec
from .results import FitResult, FittedCurve, Pass, Remark, TrialResult, Value
from .searching import Answer, Finding, Proposal, Proposed
from .trial import FeatureSpec, MeasureSpec, Trial

__all__ = [
    "Answer",
    "DataFields",
    "DataSpec",
    "DerivedModel",
    "Estimate",
    "FeatureSpec",
    "Finding",
    "FitEntry",
    "FitResult",
    "FitSpec",
    "FittedCurve",
    "Frozen",
    "MeasureSpec",
    "Measured",
    "ModelSpec",
    "Pass",
    "Plan",
    "Proposal",
    "Proposed",
    "Remark",
    "SearchSpec",
    "SourceModel",
    "Trial",
    "TrialResult",
    "Value",
]
