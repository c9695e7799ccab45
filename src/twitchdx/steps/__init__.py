"""What to do next: the level of care, and ranked steps."""

from __future__ import annotations

from twitchdx.steps.conditions import Situation, predicate
from twitchdx.steps.outcomes import Weighing, best_levels, usable_decision
from twitchdx.steps.ranking import NextSteps
from twitchdx.steps.triage import TriageRules
from twitchdx.steps.utility import LevelUtilities, LevelUtility, weigh_levels

__all__ = [
    "LevelUtilities",
    "LevelUtility",
    "NextSteps",
    "Situation",
    "TriageRules",
    "Weighing",
    "best_levels",
    "predicate",
    "usable_decision",
    "weigh_levels",
]
