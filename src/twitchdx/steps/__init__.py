"""What to do next: the level of care, and ranked steps."""

from __future__ import annotations

from twitchdx.steps.conditions import Situation, predicate
from twitchdx.steps.ranking import NextSteps
from twitchdx.steps.triage import TriageRules
from twitchdx.steps.utility import LevelUtilities, Weighing, usable_decision, weigh_levels

__all__ = [
    "LevelUtilities",
    "NextSteps",
    "Situation",
    "TriageRules",
    "Weighing",
    "predicate",
    "usable_decision",
    "weigh_levels",
]
