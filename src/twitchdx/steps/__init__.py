"""What to do next: the level of care, and ranked steps."""

from __future__ import annotations

from twitchdx.steps.conditions import Situation, holds
from twitchdx.steps.ranking import NextSteps
from twitchdx.steps.triage import TriageRules, triage

__all__ = ["NextSteps", "Situation", "TriageRules", "holds", "triage"]
