"""One patient's observations to likelihood vectors: states, numbers with units, soft evidence."""

from __future__ import annotations

from twitchdx.evidence.observation import Evidence, Observation
from twitchdx.evidence.parsing import parse_evidence, parse_pairs, unknown_variable
from twitchdx.evidence.values import parse_value

__all__ = ["Evidence", "Observation", "parse_evidence", "parse_pairs", "parse_value", "unknown_variable"]
