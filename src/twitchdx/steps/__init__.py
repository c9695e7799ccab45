"""What to do next: the level of care, and ranked steps."""

from __future__ import annotations

from twitchdx.steps.actions import Actions, states_benefit
from twitchdx.steps.comparing import NEGLIGIBLE, Choice, Compared, Slack, compare_levels, negligible
from twitchdx.steps.conditions import Situation, observed_by, predicate
from twitchdx.steps.outcomes import Weighing, in_units, refuse_weighing, usable_decision
from twitchdx.steps.ranking import NextSteps
from twitchdx.steps.triage import TriageRules, watched_causes
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
    "Slack",
    "TriageRules",
    "Weighing",
    "compare_levels",
    "in_units",
    "negligible",
    "observed_by",
    "predicate",
    "refuse_weighing",
    "states_benefit",
    "usable_decision",
    "watched_causes",
    "weigh_levels",
]
