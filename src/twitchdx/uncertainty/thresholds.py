"""How sure it is on which side of the thresholds of triage a probability lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from twitchdx.records import Candidate, DiagnosisRecord
from twitchdx.spec import LEVELS, Condition, Level, ModelSpec, Threshold
from twitchdx.tables import Column, Records, Tabled, spoken_interval, spoken_probability
from twitchdx.uncertainty.intervals import AnswerUncertainty

# Chances nearer to 0 or 1 are not said in figures.
_CERTAIN = 0.001

Quantity = Literal["probability", "responsibility"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CareThreshold:
    """One bound on a probability that a triage rule looks at."""

    rule: str
    """Id of the rule."""
    label: str
    """What the rule looks for."""
    level: Level
    """The level that it asks for, once all of its conditions hold."""
    cause: str
    """The cause that the bound is about."""
    cause_label: str
    """What to call it."""
    quantity: Quantity
    """Whether the bound is on P(cause not absent | evidence) or on the responsibility."""
    bound: float
    """The bound."""
    value: float | None
    """What is compared with it."""
    interval: tuple[float, float] | None
    """Its 95 % credible interval; None where the engine gives none."""
    chance_at_least: float | None
    """The probability that it is at least the bound, given what is believed of the numbers of the model; None
    where there is no interval."""

    @property
    def open(self) -> bool:
        """Whether the interval holds values on both sides of the bound."""
        return self.interval is not None and self.interval[0] < self.bound <= self.interval[1]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CareThresholds(Tabled):
    """The bounds that triage rules set on probabilities, those that are least sure first."""

    level: Level
    """The level of care of the answer."""
    thresholds: tuple[CareThreshold, ...]
    """The bounds."""

    def _title(self) -> str:
        many = len({(each.cause, each.quantity, each.bound) for each in self.thresholds if each.open})
        said = {0: "no bound", 1: "one bound"}.get(many, f"{many} bounds")
        level = self.level.replace("_", " ")
        if all(each.interval is None for each in self.thresholds):
            return (
                f"Bounds on probabilities that triage looks at; the level is {level}. No intervals are known."
            )
        return (
            f"Bounds on probabilities that triage looks at; the level is {level}. Within its 95 % interval a "
            f"probability could lie on the other side of {said}."
        )

    def _columns(self) -> list[Column]:
        rows = self._shown()
        return [
            ("rule", [each.label for each in rows], str),
            ("asks for", [each.level for each in rows], lambda level: level.replace("_", " ")),
            ("cause", [each.cause_label for each in rows], str),
            ("of its", [each.quantity for each in rows], str),
            ("bound", [each.bound for each in rows], spoken_probability),
            ("value", [each.value for each in rows], spoken_probability),
            ("95 % interval", [each.interval for each in rows], spoken_interval),
            ("chance to reach it", [each.chance_at_least for each in rows], _spoken_chance),
        ]

    def _shown(self) -> Sequence[CareThreshold]:
        """Those of which it is not all but certain on which side they are; all, if there are none."""
        unsure = [
            each
            for each in self.thresholds
            if each.chance_at_least is not None and _CERTAIN < each.chance_at_least < 1.0 - _CERTAIN
        ]
        return unsure or self.thresholds

    def _notes(self) -> list[str]:
        left = len(self.thresholds) - len(self._shown())
        said = f"Of {left} other bounds it is all but certain on which side they are (more than 99.9 %)."
        return [said] if left else []

    def _records(self) -> Records:
        return Records((CareThreshold,), [(each,) for each in self.thresholds])


def _spoken_chance(chance: float) -> str:
    """A chance; near 0 and 1 figures to first order would mean little."""
    if chance < _CERTAIN:
        return "< 0.1 %"
    return "> 99.9 %" if chance > 1.0 - _CERTAIN else spoken_probability(chance)


def find_thresholds(
    spec: ModelSpec, record: DiagnosisRecord, found: AnswerUncertainty | None
) -> CareThresholds:
    """The bounds of all triage rules for one answer.

    Parameters
    ----------
    spec : ModelSpec
        The model, with its rules.
    record : DiagnosisRecord
        The answer, with intervals.
    found : AnswerUncertainty or None
        How sure the answer is; None where that is not known.
    """
    candidates = {each.cause: each for each in record.differential}
    rows = [
        _threshold(name, candidates[cause], quantity, bound, spec, found)
        for name, rule in spec.triage_rules.items()
        for cause, quantity, bound in dict.fromkeys(_bounds(rule.when))
    ]
    rows = sorted((each for each in rows if each.value is not None), key=_unsureness)
    level = record.triage.level if record.triage is not None else LEVELS[0]
    return CareThresholds(level=level, thresholds=tuple(rows))


def _bounds(condition: Condition) -> Iterator[tuple[str, Quantity, float]]:
    for cause, bound in condition.posterior.items():
        yield cause, "probability", _bound(bound)
    for cause, bound in condition.responsibility.items():
        yield cause, "responsibility", _bound(bound)
    for each in (*condition.all, *condition.any):
        yield from _bounds(each)


def _bound(threshold: Threshold) -> float:
    bound = threshold.below if threshold.at_least is None else threshold.at_least
    assert bound is not None
    return bound


def _threshold(
    name: str,
    candidate: Candidate,
    quantity: Quantity,
    bound: float,
    spec: ModelSpec,
    found: AnswerUncertainty | None,
) -> CareThreshold:
    rule = spec.triage_rules[name]
    chance: float | None = None
    value: float | None
    if quantity == "probability":
        value, interval = candidate.probability, candidate.interval
        known = None if found is None else found.probability
    else:
        value, interval = candidate.responsibility, candidate.responsibility_interval
        known = None if found is None else found.responsibility
    if value is not None and interval is not None and known is not None:
        inside = candidate.cause in known.names
        chance = known.chance_at_least(candidate.cause, bound) if inside else float(value >= bound)
    return CareThreshold(
        rule=name,
        label=rule.label,
        level=rule.level,
        cause=candidate.cause,
        cause_label=candidate.label,
        quantity=quantity,
        bound=bound,
        value=value,
        interval=interval,
        chance_at_least=chance,
    )


def _unsureness(threshold: CareThreshold) -> float:
    """How far the chance is from an even one; what is not known comes last."""
    return 1.0 if threshold.chance_at_least is None else abs(threshold.chance_at_least - 0.5)
