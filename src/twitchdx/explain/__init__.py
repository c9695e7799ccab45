"""Why: which causes explain the complaint, and which observations exclude each other."""

from __future__ import annotations

from twitchdx.explain.conflict import smallest_conflict
from twitchdx.explain.responsibility import Responsibility, responsibility

__all__ = ["Responsibility", "responsibility", "smallest_conflict"]
