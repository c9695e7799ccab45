"""What if: other findings, other numbers, other models, and variables that are set.

Plain functions of assembled models, evidence and engines, which return frozen records.
"""

from __future__ import annotations

from twitchdx.whatif.comparison import compare_models, what_if
from twitchdx.whatif.intervention import intervene
from twitchdx.whatif.parameters import with_parameters
from twitchdx.whatif.preferences import with_preferences
from twitchdx.whatif.records import (
    Action,
    CaseChange,
    CauseChange,
    FindingChange,
    Intervention,
    ModelComparison,
    NumberChange,
    WhatIf,
)
from twitchdx.whatif.robustness import (
    FindingFlip,
    NumberFlip,
    RatioOfLines,
    Robustness,
    Sensitivity,
    SensitivityFunction,
    Tornado,
)
from twitchdx.whatif.sensitivity import analyse_sensitivity, trace_number
from twitchdx.whatif.subject import Subject

__all__ = [
    "Action",
    "CaseChange",
    "CauseChange",
    "FindingChange",
    "FindingFlip",
    "Intervention",
    "ModelComparison",
    "NumberChange",
    "NumberFlip",
    "RatioOfLines",
    "Robustness",
    "Sensitivity",
    "SensitivityFunction",
    "Subject",
    "Tornado",
    "WhatIf",
    "analyse_sensitivity",
    "compare_models",
    "intervene",
    "trace_number",
    "what_if",
    "with_parameters",
    "with_preferences",
]
