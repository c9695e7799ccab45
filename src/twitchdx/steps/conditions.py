"""Whether a condition of a rule or a step holds for one patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twitchdx.spec import Condition, Threshold


@dataclass(frozen=True, slots=True)
class Situation:
    """What rules and steps look at.

    Attributes
    ----------
    states : mapping of str to str
        Variable -> observed state. For soft evidence, the most supported state, so that a likely red
        flag is not overlooked.
    probability : mapping of str to float
        Cause -> P(cause not absent | evidence).
    responsibility : mapping of str to float, or None
        Cause -> responsibility for the complaint.
    watched : frozenset of str
        Causes whose probability alone can raise the level of care.
    """

    states: Mapping[str, str]
    probability: Mapping[str, float]
    responsibility: Mapping[str, float] | None
    watched: frozenset[str] = frozenset()

    def weight(self, cause: str) -> float:
        """What a cause counts when steps are ranked.

        Its responsibility for the complaint. Its probability, where there is no complaint, and for a
        watched cause always: a danger counts also where it does not explain the complaint.
        """
        if self.responsibility is None or cause in self.watched:
            return self.probability[cause]
        return self.responsibility[cause]


def holds(condition: Condition, situation: Situation) -> bool:
    """Whether everything that the condition lists holds."""
    responsibility = situation.responsibility
    return (
        all(situation.states.get(name) in states for name, states in condition.evidence.items())
        and all(_within(bound, situation.probability[name]) for name, bound in condition.posterior.items())
        and all(
            responsibility is not None and _within(bound, responsibility[name])
            for name, bound in condition.responsibility.items()
        )
        and all(holds(each, situation) for each in condition.all)
        and (not condition.any or any(holds(each, situation) for each in condition.any))
    )


def _within(bound: Threshold, probability: float) -> bool:
    if bound.at_least is not None:
        return probability >= bound.at_least
    return bound.below is not None and probability < bound.below
