"""The plain frozen results of a what-if: two answers side by side, sensitivities, interventions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twitchdx.records import DiagnosisRecord, NextStep
from twitchdx.spec import Grade, Level

#: What of an answer can turn: the cause that explains the complaint best, the most probable cause, or the
#: level of care.
Criterion = Literal["explaining", "probable", "level"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """One observation that was added, changed or withdrawn."""

    variable: str
    """Name of the variable."""
    label: str
    """What to call it."""
    before: str | None
    """What was given before; null where it was not observed."""
    after: str | None
    """What is given now; null where it is withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseChange:
    """One cause in two answers."""

    cause: str
    """Name of the cause."""
    label: str
    """What to call it."""
    probability_before: float
    """P(cause not absent | evidence) in the first answer."""
    probability_after: float
    """The same in the second."""
    points: float
    """100 times the difference of the two."""
    decibans: float | None
    """10 log10 of the ratio of their odds; null where one of them is 0 or 1."""
    responsibility_before: float | None
    """Responsibility for the complaint in the first answer."""
    responsibility_after: float | None
    """The same in the second."""
    responsibility_points: float | None
    """100 times the difference of the two; null where one of them is."""
    responsibility_decibans: float | None
    """10 log10 of the ratio of their odds; null where one of them is null, 0 or 1."""
    rank_before: int
    """Its place in the first differential, from 1."""
    rank_after: int
    """Its place in the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Two answers of one model to two sets of findings, side by side."""

    changes: tuple[FindingChange, ...]
    """What is different about the findings."""
    causes: tuple[CauseChange, ...]
    """Every cause, the largest change of probability or responsibility first."""
    leader_before: str | None
    """The first cause of the first differential; null for a network without roles."""
    leader_after: str | None
    """The first cause of the second."""
    level_before: Level | None
    """The level of care of the first answer; null for a network without roles."""
    level_after: Level | None
    """The level of care of the second."""
    steps_gained: tuple[NextStep, ...]
    """Steps of the second answer that the first does not have, in their order."""
    steps_lost: tuple[NextStep, ...]
    """Steps of the first answer that the second does not have."""
    before: DiagnosisRecord
    """The first answer."""
    after: DiagnosisRecord
    """The second answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """One number that two models give differently."""

    path: str
    """Its place in the model."""
    before: float | None
    """Its value in the first model; null where it has no such number."""
    after: float | None
    """Its value in the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """One case as two models answer it."""

    name: str
    """Name of the case."""
    changed: bool
    """Whether anything below is different."""
    leader_before: str | None
    """First cause of the first model's differential."""
    leader_after: str | None
    """First cause of the second's."""
    level_before: Level | None
    """Level of care of the first model."""
    level_after: Level | None
    """Level of care of the second."""
    moved: tuple[CauseChange, ...]
    """Causes that both models have and whose probability differs by more than the stated amount."""
    problem: str
    """Why a model cannot answer, such as evidence that is impossible in it; empty where both do."""
    before: DiagnosisRecord | None
    """The first model's answer; null where it has none."""
    after: DiagnosisRecord | None
    """The second model's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelComparison:
    """What a change of the model changes in its answers to some cases."""

    digest_before: str
    """Digest of the first model."""
    digest_after: str
    """Digest of the second."""
    more_than: float
    """A posterior counts as changed when it differs by more than this."""
    numbers: tuple[NumberChange, ...]
    """The numbers whose values differ."""
    causes_gained: tuple[str, ...]
    """Causes that only the second model has."""
    causes_lost: tuple[str, ...]
    """Causes that only the first model has."""
    cases: tuple[CaseChange, ...]
    """Every case, in the order given."""


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
    others were judged by their exact first derivatives."""
    turning_numbers: tuple[str, ...]
    """Numbers that turn it within their own intervals."""
    turning_findings: tuple[str, ...]
    """Findings that turn it when they are withdrawn."""
    holds: bool
    """Whether there are neither."""
    statement: str
    """The same as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One variable that is set."""

    variable: str
    """Name of the variable."""
    label: str
    """What to call it."""
    state: str
    """The state to which it is set."""
    state_label: str
    """What to call that state."""
    probability: float
    """P(it has that state already | evidence)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What becomes of the complaint when some variables are set; `intervene` says what exactly that means."""

    actions: tuple[Action, ...]
    """What is set."""
    complaint: str
    """The finding that is predicted."""
    label: str
    """What to call it."""
    reaches: bool
    """Whether a chain of arrows leads from what is set to the complaint; else nothing changes."""
    kept: tuple[str, ...]
    """Observed variables that are neither set nor downstream of what is set: the prediction rests on them."""
    dropped: tuple[str, ...]
    """Observed variables that are set or downstream: what was observed of them was so before the action."""
    now: dict[str, float]
    """State -> P(complaint | all evidence), nothing set."""
    without: dict[str, float]
    """State -> P(complaint | the evidence that is kept), nothing set: what `after` is to be compared with."""
    after: dict[str, float]
    """State -> P(complaint | the evidence that is kept) when the variables are set."""
    persists_now: float
    """P(complaint above its first state | all evidence), nothing set."""
    persists_without: float
    """P(complaint above its first state | the evidence that is kept), nothing set."""
    persists_after: float
    """P(complaint above its first state | the evidence that is kept) when the variables are set."""
