"""What to do next: the level of care, and ranked steps."""

from __future__ import annotations

from twitchdx.steps.conditions import Situation, predicate
from twitchdx.steps.ranking import NextSteps
from twitchdx.steps.triage import TriageRules
from twitchdx.steps.utility import LevelUtilities, weigh_levels

__all__ = ["LevelUtilities", "NextSteps", "Situation", "TriageRules", "predicate", "weigh_levels"]
