"""What to do next, chosen by what it is worth: value of information, bundles, dangers, when to stop."""

from __future__ import annotations

from twitchdx.plan.information import Information, Learnt, Result, find_information
from twitchdx.plan.planning import make_plan

__all__ = ["Information", "Learnt", "Result", "find_information", "make_plan"]
