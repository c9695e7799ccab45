"""Why: which causes explain the complaint, and which observations exclude each other."""

from __future__ import annotations

from twitchdx.explain.conflict import smallest_conflict
from twitchdx.explain.responsibility import (
    Responsibilities,
    Responsibility,
    responsibilities,
    responsibility,
)

__all__ = ["Responsibilities", "Responsibility", "responsibilities", "responsibility", "smallest_conflict"]
