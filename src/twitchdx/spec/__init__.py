"""The frozen description of a model: what a model folder says, before anything is computed.

These classes *are* the file format: each attribute is a key that a model file may hold, and
its docstring is what the published JSON Schema says about it. ``docs/model-format.md`` tells the same
as a story. Meaning is checked in `twitchdx.checks`; numbers are converted in `twitchdx.network`.
"""

from __future__ import annotations

from twitchdx.spec.changes import places_of_shared, replace_estimates
from twitchdx.spec.distributions import (
    Categorical,
    Deterministic,
    DeterministicRow,
    Distribution,
    Kind,
    LogLinear,
    NoisyMax,
    NoisyOr,
    Table,
    TableRow,
)
from twitchdx.spec.estimates import (
    FORMAT_VERSION,
    LEVELS,
    ROLE_OF_SECTION,
    Estimate,
    Form,
    Grade,
    Level,
    Role,
    StepKind,
)
from twitchdx.spec.model import Header, ModelSpec, Reference, walk_estimates
from twitchdx.spec.rules import (
    CareLevel,
    Caution,
    Condition,
    Decision,
    Effect,
    Outcome,
    Step,
    Threshold,
    TriageRule,
)
from twitchdx.spec.validation import (
    Expectation,
    Figure,
    LevelRange,
    ProbabilityRange,
    Published,
    Term,
    ValidationSpec,
    Vignette,
)
from twitchdx.spec.variables import (
    Band,
    Finding,
    Measurement,
    PlausibleRange,
    Test,
    UnitConversion,
    Variable,
    count_kinds,
    distribution_of,
    parents_of,
)

__all__ = [
    "FORMAT_VERSION",
    "LEVELS",
    "ROLE_OF_SECTION",
    "Band",
    "CareLevel",
    "Categorical",
    "Caution",
    "Condition",
    "Decision",
    "Deterministic",
    "DeterministicRow",
    "Distribution",
    "Effect",
    "Estimate",
    "Expectation",
    "Figure",
    "Finding",
    "Form",
    "Grade",
    "Header",
    "Kind",
    "Level",
    "LevelRange",
    "LogLinear",
    "Measurement",
    "ModelSpec",
    "NoisyMax",
    "NoisyOr",
    "Outcome",
    "PlausibleRange",
    "ProbabilityRange",
    "Published",
    "Reference",
    "Role",
    "Step",
    "StepKind",
    "Table",
    "TableRow",
    "Term",
    "Test",
    "Threshold",
    "TriageRule",
    "UnitConversion",
    "ValidationSpec",
    "Variable",
    "Vignette",
    "count_kinds",
    "distribution_of",
    "parents_of",
    "places_of_shared",
    "replace_estimates",
    "walk_estimates",
]
