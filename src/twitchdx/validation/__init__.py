"""Does a model reproduce what it should: published figures that set none of its numbers, and short cases.

Both are stated in the folder `validation` of a model; ``docs/model-format.md`` describes them.
"""

from __future__ import annotations

from twitchdx.validation.figures import check_figure, probability_given
from twitchdx.validation.reading import Validation, read_validation
from twitchdx.validation.results import (
    ExpectationResult,
    FigureResult,
    ValidationReport,
    Verdict,
    VignetteResult,
)
from twitchdx.validation.validating import validate_model
from twitchdx.validation.vignettes import check_vignette

__all__ = [
    "ExpectationResult",
    "FigureResult",
    "Validation",
    "ValidationReport",
    "Verdict",
    "VignetteResult",
    "check_figure",
    "check_vignette",
    "probability_given",
    "read_validation",
    "validate_model",
]
