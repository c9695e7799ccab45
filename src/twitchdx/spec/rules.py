"""What follows from an answer: levels of care, triage rules, steps, utilities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from twitchdx.spec.estimates import CLOSED, ONE_OF, Estimate, Level, StepKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A bound on a probability."""

    __pydantic_config__: ClassVar[dict[str, Any]] = ONE_OF

    at_least: float | None = None
    """The probability is at least this."""
    below: float | None = None
    """The probability is less than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Holds when everything that it lists holds; an empty one always holds."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Variable -> states: it was observed, and in one of these. Not observed: does not hold."""
    posterior: dict[str, Threshold] = field(default_factory=dict)
    """Cause -> bound on P(cause not absent | evidence)."""
    responsibility: dict[str, Threshold] = field(default_factory=dict)
    """Cause -> bound on its responsibility for the complaint. Without one: does not hold."""
    all: tuple[Condition, ...] = ()
    """Every one of these holds."""
    any: tuple[Condition, ...] = ()
    """At least one of these holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareLevel:
    """One of the five levels of care."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    label: str
    """What to call it."""
    action: str
    """What the person is advised to do, in one sentence."""
    reason: str
    """Why, where no rule gives a reason of its own."""
    sources: tuple[str, ...] = ()
    """Ids of references."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that this element answers."""
    delay_days: Estimate | None = None
    """Days until care is had, as a `quantity`."""
    burden: Estimate | None = None
    """Time, worry and work-up that it brings, as a `quantity` in the unit of utility of `decision`."""
    cost: Estimate | None = None
    """Money, as a `quantity` in the currency of `decision`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageRule:
    """A rule that asks for at least this level of care."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    label: str
    """What the rule looks for, in a few words."""
    level: Level
    """The level that it asks for."""
    when: Condition
    """When it fires."""
    reason: str
    """One sentence that a patient understands."""
    red_flag: bool = False
    """A red flag looks at the evidence alone: no probability can talk it down."""
    action: str = ""
    """What to do, where that is more than the action of the level."""
    sources: tuple[str, ...] = ()
    """Ids of references; a rule without one needs a note."""
    note: str = ""
    """Rationale, and where sources differ."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that this rule answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a step was found to change, against doing without it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    outcome: str
    """What was measured, in which direction, and in which unit."""
    size: Estimate
    """By how much: `relative_risk`, `odds_ratio`, `hazard_ratio`, `difference` (which may be negative), or
    the `probability` of the outcome under the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to do next."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    action: str
    """What to do, in one sentence."""
    kind: StepKind
    """What sort of step it is. `seek_care` comes from the level of care, never from a step."""
    reason: str
    """Why, in one sentence that a patient understands."""
    for_causes: tuple[str, ...] = ()
    """The causes that it serves; none: it serves the complaint whatever the cause."""
    when: Condition = field(default_factory=Condition)
    """When it is offered."""
    unless: Condition | None = None
    """When it is not offered (contraindications)."""
    available_from: Level = "self_care"
    """The least level of care at which it is offered."""
    available_to: Level = "emergency"
    """The greatest level of care at which it is offered."""
    tests: tuple[str, ...] = ()
    """For `test`: the tests that are done."""
    asks: tuple[str, ...] = ()
    """For `question`: the variables that are asked about."""
    prescription: bool = False
    """Only a doctor can decide on it; the action must be one to discuss, never an instruction."""
    cautions: str = ""
    """Whom it can harm, and what to watch for."""
    try_for_days: Estimate | None = None
    """How long to try before the next step, as a `quantity`."""
    effects: dict[str, tuple[Effect, ...]] = field(default_factory=dict)
    """Cause -> what the step was found to change in people with it."""
    benefit: dict[str, Estimate] = field(default_factory=dict)
    """Cause -> benefit to a person who has it, against doing without the step, as a `quantity` in the unit of
    utility of `decision`. With it, or with `benefit_always`, the step is an optional action."""
    benefit_always: Estimate | None = None
    """Benefit whatever the cause, as a `quantity` in the same unit."""
    harm: Estimate | None = None
    """Harm to be expected, as a `quantity` in the same unit."""
    burden: Estimate | None = None
    """Time and discomfort, as a `quantity` in the same unit."""
    cost: Estimate | None = None
    """Money, as a `quantity` in the currency of `decision`."""
    sources: tuple[str, ...] = ()
    """Ids of references; a step without one needs a note."""
    note: str = ""
    """Rationale, and where sources differ."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that this step answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Something that can go wrong while one waits."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    label: str
    """What to call it."""
    definition: str
    """What exactly it means."""
    loss: Estimate
    """How bad it is, as a `quantity` in the unit of utility."""
    hazards: dict[str, dict[str, Estimate]]
    """Cause -> state of the cause -> `rate` per day of delay."""
    over_after_days: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    """Cause -> state of the cause -> days after which its hazard is over, as a `quantity`; where none is
    given, the hazard lasts as long as the delay."""
    counts: Literal["once", "each"] = "once"
    """`once`: it can come about only once, whichever causes are at work. `each`: every cause that is at work
    brings a loss of its own, as suffering does."""
    grave: bool = False
    """Whether a cause that can bring it about must not be missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A dangerous cause that sets a floor under the level of care already where it cannot be ruled out."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    level: Level
    """The level that it asks for."""
    at_least: Estimate
    """The rule looks only at people in whom the cause has at least this `probability`."""
    upper: Estimate
    """It fires where the upper end of the 95 % interval of the cause reaches this `probability`."""
    reason: str
    """One sentence that a patient understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Utilities: what outcomes, delays and money are worth."""

    __pydantic_config__: ClassVar[dict[str, Any]] = CLOSED

    unit: str
    """The unit of utility, such as quality-adjusted days."""
    currency: str = ""
    """The unit of money."""
    money_per_unit: Estimate | None = None
    """How much money one unit of utility is worth, as a `quantity`; needed where anything states a `cost`."""
    question_burden: Estimate | None = None
    """Burden of one question, as a `quantity` in the unit of utility."""
    residual_risk: Estimate | None = None
    """The `probability` below which a cause that must not be missed counts as excluded."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """What can go wrong."""
    caution: dict[str, Caution] = field(default_factory=dict)
    """Dangerous cause -> when its uncertainty raises the level of care."""
