"""The level of care: what rules ask for, what waiting would cost, and caution where a danger is uncertain."""

from __future__ import annotations

from twitchdx.care.columns import (
    SLACK,
    Situations,
    explained_situations,
    levels_of_care,
    observed_states,
    unexplained_situations,
)
from twitchdx.care.levels import BeyondRules, Care, get_care

__all__ = [
    "SLACK",
    "BeyondRules",
    "Care",
    "Situations",
    "explained_situations",
    "get_care",
    "levels_of_care",
    "observed_states",
    "unexplained_situations",
]
