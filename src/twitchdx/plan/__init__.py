"""What to do next, chosen by what it is worth: value of information, bundles, dangers, when to stop."""

from __future__ import annotations

from twitchdx.plan.information import Information, Learnt, Result, find_information
from twitchdx.plan.lookahead import LookAhead, look_ahead
from twitchdx.plan.planning import make_plan
from twitchdx.plan.questions import Askable, weigh_questions
from twitchdx.plan.sameness import SameDecision, find_same_decision

__all__ = [
    "Askable",
    "Information",
    "Learnt",
    "LookAhead",
    "Result",
    "SameDecision",
    "find_information",
    "find_same_decision",
    "look_ahead",
    "make_plan",
    "weigh_questions",
]
