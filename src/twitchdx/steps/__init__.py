"""What to do next: the level of care, and ranked steps."""

from __future__ import annotations

from twitchdx.steps.actions import Actions, states_benefit
from twitchdx.steps.comparing import NEGLIGIBLE, Choice, Compared, compare_levels, negligible
from twitchdx.steps.conditions import Situation, predicate
from twitchdx.steps.outcomes import Weighing, in_units, usable_decision
from twitchdx.steps.ranking import NextSteps
from twitchdx.steps.triage import TriageRules
from twitchdx.steps.utility import LevelUtilities, LevelUtility, weigh_levels

__all__ = [
    "NEGLIGIBLE",
    "Actions",
    "Choice",
    "Compared",
    "LevelUtilities",
    "LevelUtility",
    "NextSteps",
    "Situation",
    "TriageRules",
    "Weighing",
    "compare_levels",
    "in_units",
    "negligible",
    "predicate",
    "states_benefit",
    "usable_decision",
    "weigh_levels",
]
