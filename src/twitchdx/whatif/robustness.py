"""The plain frozen results of a sensitivity analysis: functions, rankings, flips, certificates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twitchdx.spec import Grade, Level
from twitchdx.tables import Column, Records, Tabled, spoken_probability

#: What of an answer can turn: the cause that explains the complaint best, the most probable cause, or the
#: level of care.
Criterion = Literal["explaining", "probable", "level"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioOfLines:
    """A posterior as a function of one number t: (a t + b) / (c t + d), where c t + d is 1 at its value."""

    a: float
    """Slope of P(cause, evidence)."""
    b: float
    """Its intercept."""
    c: float
    """Slope of P(evidence)."""
    d: float
    """Its intercept."""

    def at(self, number: float) -> float:
        """The posterior where the number has another value."""
        return (self.a * number + self.b) / (self.c * number + self.d)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityFunction:
    """How the posterior of one cause depends on one published number, all others as they are."""

    path: str
    """Place of the number in the model."""
    grade: Grade
    """Strength of its source."""
    value: float
    """The number."""
    low: float
    """Lower end of its 95 % interval; where only a sample size is stated, the one that follows from it."""
    high: float
    """Upper end of its 95 % interval."""
    probability: float
    """P(cause not absent | evidence) at the value."""
    derivative: float | None
    """Its exact derivative by the number; null where the engine gives no slopes."""
    at_low: float | None
    """The posterior of the model compiled with the lower end; null where other numbers do not allow it."""
    at_high: float | None
    """The posterior of the model compiled with the upper end."""
    range: float
    """Largest less smallest of the three posteriors."""
    ratio: RatioOfLines | None
    """The whole function, where P(evidence) and P(cause, evidence) are linear in
    the number: checked on two further models, compiled anew. Null where they are not, as with a number
    through which others are solved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tornado:
    """The numbers that move the posterior of one cause, the widest range first."""

    cause: str
    """Name of the cause."""
    label: str
    """What to call it."""
    probability: float
    """P(cause not absent | evidence)."""
    functions: tuple[SensitivityFunction, ...]
    """Ranked by their ranges, each of models compiled anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFlip:
    """The smallest change of one number that turns the answer."""

    criterion: Criterion
    """What turns."""
    before: str
    """The cause or level as it is."""
    after: str
    """The cause or level that it turns into."""
    after_label: str
    """What to call that."""
    path: str
    """Place of the number in the model."""
    grade: Grade
    """Strength of its source."""
    value: float
    """The number."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end of its 95 % interval."""
    turns_at: float
    """The nearest value at which the model, compiled anew, gives the other answer."""
    distance: float
    """How far that is from the value, in standard deviations on the scale of the number: of log-odds for a
    probability, of logarithms for a ratio; negative downwards."""
    within_interval: bool
    """Whether it lies in the 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFlip:
    """A change of one finding that turns the answer."""

    kind: Literal["withdrawn", "changed", "added"]
    """What happens to the finding."""
    variable: str
    """Name of the variable."""
    label: str
    """What to call it."""
    given: str | None
    """What was given; null where it was not observed."""
    state: str | None
    """The state that it has instead; null where it is withdrawn."""
    state_label: str
    """What to call that state; empty where it is withdrawn."""
    probability: float | None
    """P(state | all other findings); null where it is withdrawn."""
    turns: tuple[Criterion, ...]
    """What turns."""
    becomes: tuple[str, ...]
    """What to call the cause or level that each of them turns into, in the same order."""
    explaining: str | None
    """The cause that then explains the complaint best; null where responsibility is."""
    probable: str
    """The cause that is then the most probable."""
    level: Level
    """The level of care then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """What it takes to turn one part of the answer: a certificate, or what stands against one."""

    criterion: Criterion
    """Which part of the answer."""
    stands: str
    """The cause or level as it is."""
    numbers: int
    """How many numbers with an interval the answer depends on."""
    compiled: int
    """Of how many of them the model was compiled anew beyond both ends of the interval; the
    others were predicted, from their exact first derivatives, to do less, which is no proof."""
    not_followed: tuple[str, ...]
    """Numbers among these that could not be moved to one end of their interval or to either, because the
    other numbers of the model do not allow it: what they would do there is not known."""
    turning_numbers: tuple[str, ...]
    """Numbers that turn it within their own intervals."""
    turning_findings: tuple[str, ...]
    """Findings that turn it when they are withdrawn."""
    holds: bool
    """Whether there are neither, among what could be tried."""
    statement: str
    """The same as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sensitivity(Tabled):
    """What one answer rests on, number by number and finding by finding."""

    tornadoes: tuple[Tornado, ...]
    """For each cause that was asked about, the numbers that move it."""
    number_flips: tuple[NumberFlip, ...]
    """The smallest single changes of numbers, by criterion and then by distance; none if no number turns it
    within four standard deviations."""
    finding_flips: tuple[FindingFlip, ...]
    """Single findings that turn the answer: withdrawn, changed, added; the most probable first."""
    not_judged: tuple[str, ...]
    """Changes of findings, as variable=state, that tie too many causes together for an exact answer."""
    robustness: tuple[Robustness, ...]
    """One for each criterion."""

    def _title(self) -> str:
        return "What the answer rests on: the numbers that move each posterior most, within their intervals"

    def _columns(self) -> list[Column]:
        rows = [(tornado, each) for tornado in self.tornadoes for each in tornado.functions[:_SHOWN]]
        return [
            ("cause", [tornado.label for tornado, _ in rows], str),
            ("number", [each.path for _, each in rows], str),
            ("value", [each.value for _, each in rows], "{:g}".format),
            ("grade", [each.grade for _, each in rows], str),
            ("posterior", [each.probability for _, each in rows], spoken_probability),
            ("at its low", [_posterior(each.at_low) for _, each in rows], _spoken_end),
            ("at its high", [_posterior(each.at_high) for _, each in rows], _spoken_end),
        ]

    def _records(self) -> Records:
        rows = [(tornado, each) for tornado in self.tornadoes for each in tornado.functions]
        return Records((Tornado, SensitivityFunction), rows)

    def _notes(self) -> list[str]:
        shown = [each for tornado in self.tornadoes for each in tornado.functions[:_SHOWN]]
        said = []
        if any(each.at_low is None or each.at_high is None for each in shown):
            said.append(f"{_NOT_POSSIBLE.capitalize()}: the other numbers do not allow this one to be there.")
        for each in self.robustness:
            said += [each.statement, *self._said_to_turn(each.criterion)]
        if self.not_judged:
            said.append(
                f"Changes of findings that tie too many causes together for an exact answer, and were not "
                f"judged: {', '.join(self.not_judged)}."
            )
        return said

    def _said_to_turn(self, criterion: Criterion) -> list[str]:
        """The findings and numbers that turn one part of the answer, and what it turns into."""
        findings = [
            (flip, flip.becomes[flip.turns.index(criterion)])
            for flip in self.finding_flips
            if criterion in flip.turns
        ]
        said = [f"- without {flip.label}: {then}" for flip, then in findings if flip.kind == "withdrawn"]
        numbers = [flip for flip in self.number_flips if flip.criterion == criterion]
        # Where none turns it within its interval, the one that comes nearest.
        said += map(_said_of_number, [flip for flip in numbers if flip.within_interval] or numbers[:1])
        found = [(flip, then) for flip, then in findings if flip.kind != "withdrawn"]
        found.sort(key=lambda each: -(each[0].probability or 0.0))
        other = [f"{flip.label}: {flip.state_label} ({then})" for flip, then in found]
        if other:
            more = f"; and {len(other) - _SHOWN} more" if len(other) > _SHOWN else ""
            said.append(f"- with another finding, the likeliest first: {'; '.join(other[:_SHOWN])}{more}")
        return said


# How many numbers of each cause a table shows, and how many findings a note.
_SHOWN = 3
_NOT_POSSIBLE = "not possible"


def _posterior(end: float | None) -> float | str:
    """What stands in the table: a blank would not say why there is no posterior."""
    return _NOT_POSSIBLE if end is None else end


def _spoken_end(posterior: float | str) -> str:
    return posterior if isinstance(posterior, str) else spoken_probability(posterior)


def _said_of_number(flip: NumberFlip) -> str:
    side = "below" if flip.distance < 0.0 else "above"
    where = "within" if flip.within_interval else "outside"
    return (
        f"- with {flip.path} {side} {flip.turns_at:.2g} instead of {flip.value:g}: {flip.after_label} "
        f"({abs(flip.distance):.1f} standard deviations away, {where} its interval)"
    )
