"""Whether a condition of a rule or a step holds for one patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from twitchdx.spec import Condition, Threshold

Pairs = frozenset[tuple[str, str]]


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
    observed : frozenset of pairs of str
        The states once more, as pairs of variable and state.
    """

    states: Mapping[str, str]
    probability: Mapping[str, float]
    responsibility: Mapping[str, float] | None
    watched: frozenset[str] = frozenset()
    observed: Pairs = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "observed", frozenset(self.states.items()))

    def weight(self, cause: str) -> float:
        """What a cause counts when steps are ranked.

        Its responsibility for the complaint. Its probability, where there is no complaint, and for a
        watched cause always: a danger counts also where it does not explain the complaint.
        """
        if self.responsibility is None or cause in self.watched:
            return self.probability[cause]
        return self.responsibility[cause]


Predicate = Callable[[Situation], bool]


def predicate(condition: Condition) -> Predicate:
    """A condition as a function, for many patients: much quicker than reading it for each of them."""
    parts = [_any_observed(_pairs(name, states)) for name, states in condition.evidence.items()]
    parts += [_probability_within(name, bound) for name, bound in condition.posterior.items()]
    parts += [_responsibility_within(name, bound) for name, bound in condition.responsibility.items()]
    parts += [predicate(each) for each in condition.all]
    if condition.any:
        parts.append(_any_of(condition.any))
    if len(parts) == 1:
        return parts[0]

    def all_hold(situation: Situation) -> bool:
        for part in parts:  # noqa: SIM110 - a third of the time of all(...)
            if not part(situation):
                return False
        return True

    return all_hold


def observed_by(condition: Condition) -> Iterator[str]:
    """The variables whose observed state a condition looks at."""
    yield from condition.evidence
    for each in (*condition.all, *condition.any):
        yield from observed_by(each)


def _pairs(name: str, states: Iterable[str]) -> Pairs:
    return frozenset((name, state) for state in states)


def _any_observed(pairs: Pairs) -> Predicate:
    return lambda situation: not pairs.isdisjoint(situation.observed)


def _probability_within(name: str, bound: Threshold) -> Predicate:
    return lambda situation: _within(bound, situation.probability[name])


def _responsibility_within(name: str, bound: Threshold) -> Predicate:
    def within(situation: Situation) -> bool:
        return situation.responsibility is not None and _within(bound, situation.responsibility[name])

    return within


def _any_of(conditions: Iterable[Condition]) -> Predicate:
    """At least one holds. Those that ask for one state of one variable are a single look at the evidence."""
    pairs: Pairs = frozenset()
    others = []
    for each in conditions:
        if len(each.evidence) == 1 and not (each.posterior or each.responsibility or each.all or each.any):
            pairs |= _pairs(*next(iter(each.evidence.items())))
        else:
            others.append(predicate(each))

    def any_holds(situation: Situation) -> bool:
        if not pairs.isdisjoint(situation.observed):
            return True
        for other in others:  # noqa: SIM110 - a third of the time of any(...)
            if other(situation):
                return True
        return False

    return any_holds if others else _any_observed(pairs)


def _within(bound: Threshold, probability: float) -> bool:
    if bound.at_least is not None:
        return probability >= bound.at_least
    return bound.below is not None and probability < bound.below
