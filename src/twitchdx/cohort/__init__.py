"""Many patients: data frames in, data frames out."""

from __future__ import annotations

from twitchdx.cohort.inquiry import Inquiry
from twitchdx.cohort.many import Handling, diagnose_batches, diagnose_table
from twitchdx.cohort.options import Choices, plan, positive

__all__ = ["Choices", "Handling", "Inquiry", "diagnose_batches", "diagnose_table", "plan", "positive"]
