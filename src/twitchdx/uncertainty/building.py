"""The derivatives of a compilation while they are collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twitchdx.engines import Condition
from twitchdx.network import Network
from twitchdx.spec import Estimate, ModelSpec

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Constraint:
    """What determines one solved quantity.

    F = sum over `terms` of weight * P(hypothesis), plus what depends on estimates and on itself directly.
    """

    terms: list[tuple[int, float]]  # hypothesis, weight
    by_estimate: list[tuple[int, float]]
    by_itself: float = 0.0


@dataclass(slots=True)
class Build:
    """The Jacobian while it grows, node after node."""

    spec: ModelSpec
    network: Network
    estimate: dict[Path, int] = field(default_factory=dict)
    direct: list[tuple[int, int, float]] = field(default_factory=list)
    through: list[tuple[int, int, float]] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    hypotheses: list[Condition] = field(default_factory=list)

    def suppose(self, name: str, states: Sequence[int]) -> int:
        """A hypothesis, by its number."""
        self.hypotheses.append(Condition(name, tuple(states)))
        return len(self.hypotheses) - 1

    def value_of(self, path: Path, estimate: Estimate) -> list[tuple[int, float]]:
        """What the probability that an estimate stands for depends on: estimates and slopes."""
        found = [(self.estimate[path], 1.0)]
        if estimate.form == "incidence" and estimate.duration is not None:
            found = [
                (self.estimate[path], estimate.duration.value),
                (self.estimate[(*path, "duration")], estimate.value),
            ]
        return found

    def constrain(self, constraint: Constraint) -> int:
        """A solved quantity, by its number."""
        self.constraints.append(constraint)
        return len(self.constraints) - 1
