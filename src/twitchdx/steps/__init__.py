"""What to do next: the level of care, and ranked steps."""

from __future__ import annotations

from twitchdx.steps.conditions import Situation, holds
from twitchdx.steps.ranking import rank_next_steps
from twitchdx.steps.triage import triage

__all__ = ["Situation", "holds", "rank_next_steps", "triage"]
