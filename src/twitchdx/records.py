"""The plain frozen results: what an answer holds, and nothing that computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from twitchdx.spec import Form, Grade, Level, Role, StepKind

#: Version of the shape of `Diagnosis.to_dict()`; the first number changes when readers must change.
RESULT_SCHEMA_VERSION = "1.3"

# What the published schema says of each class: no further keys.
_CLOSED: dict[str, Any] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of a model, as a user sees it."""

    name: str
    """Its name."""
    role: Role | None
    """What it is; None for the plain variables of a network file."""
    label: str
    """What to call it."""
    definition: str
    """What exactly it means."""
    states: tuple[str, ...]
    """Its states, the normal one first."""
    state_labels: tuple[str, ...]
    """What to call each state."""
    parents: tuple[str, ...]
    """Names of its parents in the network."""
    question: str = ""
    """What one would ask a person."""
    unit: str = ""
    """The unit in which a number can be given; empty where none can."""
    units: tuple[str, ...] = ()
    """Every unit that is understood."""
    codes: tuple[tuple[str, str], ...] = ()
    """Pairs of coding system and code."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that it answers."""
    aliases: tuple[str, ...] = ()
    """Other names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number of a model, with its uncertainty and source."""

    path: str
    """Its place in the model: section.variable.distribution..."""
    value: float
    """The mean."""
    form: str
    """What kind of number it is."""
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    """Upper end of the 95 % interval."""
    n: int | None
    """Sample size."""
    grade: Grade
    """Strength of the source."""
    sources: tuple[str, ...]
    """Ids of references."""
    note: str
    """What a reader must know about it."""
    shared: str = ""
    """Name of the number that stands here and in other places; empty where it stands here only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """Which model answered."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    name: str
    """Name."""
    version: str
    """Version."""
    digest: str
    """SHA-256 of its content, hexadecimal."""
    title: str
    """What to call it."""
    population: str
    """Whom the priors describe."""
    disclaimer: str
    """The sentence that every answer carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One observation that the answer rests on."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    variable: str
    """Name of the variable."""
    label: str
    """What to call it."""
    given: str
    """What was given."""
    state: str | None
    """The state that is certain; null for soft evidence."""
    state_label: str
    """What to call that state; for soft evidence, what was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One cause of the differential."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    cause: str
    """Name of the cause."""
    label: str
    """What to call it."""
    prior: float
    """P(cause not absent), without evidence."""
    probability: float
    """P(cause not absent | evidence)."""
    interval: tuple[float, float] | None
    """95 % credible interval of the probability, from the stated uncertainty of the model's numbers; null
    where the engine gives none."""
    responsibility: float | None
    """P(the cause's contribution reaches the complaint | evidence); null where the complaint is
    absent or nothing is observed about it."""
    states: dict[str, float]
    """State of the cause -> P(state | evidence)."""
    watched: bool
    """Whether its probability can ask for care soon or sooner: it is shown however improbable it is, and
    steps for it rank by its probability."""
    responsibility_interval: tuple[float, float] | None = None
    """95 % credible interval of the responsibility; null where that is, or where the engine gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageReason:
    """One reason for the level of care."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    rule: str
    """Id of the rule."""
    label: str
    """What the rule looks for."""
    level: Level
    """The level that it asks for."""
    red_flag: bool
    """Whether it looks at the evidence alone."""
    reason: str
    """Why, in one sentence."""
    action: str
    """What to do, where that is more than the action of the level."""
    sources: tuple[str, ...]
    """Ids of references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """How soon to seek care."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    level: Level
    """emergency, urgent, soon, routine or self_care."""
    label: str
    """What to call the level."""
    action: str
    """What to do."""
    reason: str
    """Why, in one sentence: that of the first rule that sets the level, or of the level itself."""
    reasons: tuple[TriageReason, ...]
    """Every rule that fired, the highest level first."""
    sources: tuple[str, ...]
    """Ids of references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEffect:
    """What a step was found to change, against doing without it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    cause: str
    """The cause that the people had in whom it was measured."""
    outcome: str
    """What was measured, in which direction, and in which unit."""
    form: Form
    """What kind of number it is: a ratio, a difference, or the probability of the outcome under the step."""
    value: float
    """The number."""
    low: float | None
    """Lower end of its 95 % interval."""
    high: float | None
    """Upper end of its 95 % interval."""
    grade: Grade
    """Strength of the source."""
    sources: tuple[str, ...]
    """Ids of references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """Something to do next."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    id: str
    """Id of the step in the model; `seek_care` for the step that the level of care asks for."""
    action: str
    """What to do, in one sentence."""
    kind: StepKind
    """What sort of step it is."""
    urgency: Level
    """How soon, in the words of the levels of care."""
    reason: str
    """Why, in one sentence."""
    for_causes: tuple[str, ...]
    """The causes that it serves; none: it serves the complaint whatever the cause."""
    weight: float
    """Posterior weight of these causes, by which steps of one kind are ranked."""
    sources: tuple[str, ...]
    """Ids of references."""
    tests: tuple[str, ...] = ()
    """The tests that are done."""
    asks: tuple[str, ...] = ()
    """The variables that are asked about."""
    prescription: bool = False
    """Whether only a doctor can decide on it."""
    cautions: str = ""
    """Whom it can harm, and what to watch for."""
    try_for_days: float | None = None
    """How long to try before the next step."""
    effects: tuple[StepEffect, ...] = ()
    """What it was found to change."""
    expected_utility: float | None = None
    """What the step is worth, in the unit of the model: of seeking care, the gain over the lowest level; of a
    test, the value of its results together, and of a question, that of the best of its answers, less burden
    and money; of anything else, its benefit for each cause times the probability of the cause, less harm,
    burden and money. Null where the model states no utilities."""
    price: float | None = None
    """Burden and money of it, in the same unit; null as above."""
    changes_level: float | None = None
    """Of a test or a question, the probability that the result changes the level of care; of several
    questions the greatest of theirs. Null as above."""
    kept_because: str = ""
    """Why it is a next step although it is not worth its price by its utility alone; empty where it is."""
    sample: str = ""
    """The sample that its tests share with others: taken once, its burden is borne by the first step."""
    turnaround_days: float | None = None
    """Days until all of its results are there; null where that is not known, or nothing is tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBundle:
    """The tests of the plan that one sample serves, valued together."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    sample: str
    """The sample, such as a blood draw."""
    tests: tuple[str, ...]
    """The tests."""
    steps: tuple[str, ...]
    """Ids of the steps that they belong to."""
    valued: tuple[str, ...]
    """The tests whose joint results were weighed: those worth most, where all together have too many."""
    value: float | None
    """Value of information of these together, so at least that of all; null where it is not known."""
    price: float
    """Burden of the sample, once, and money of all the tests."""
    expected_utility: float | None
    """Value less price."""
    turnaround_days: float | None
    """Days until all results are there; null where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A step that was weighed and is not among the next ones."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    id: str
    """Id of the step in the model."""
    action: str
    """What one would do."""
    kind: StepKind
    """What sort of step it is."""
    expected_utility: float | None
    """What it would be worth; as for a next step."""
    why: str
    """Why it is not a next step, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """A cause that must not be missed."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    cause: str
    """Name of the cause."""
    label: str
    """What to call it."""
    probability: float
    """P(cause not absent | evidence)."""
    expected_harm: float
    """What it would cost to leave it until the lowest level of care acts: loss times probability, summed over
    the outcomes that it can bring about, in the unit of utility."""
    excluded: bool
    """Whether its probability is below the residual risk of the model already."""
    excludable: bool
    """Whether it is, or would be once these tests have come out normal."""
    tests: tuple[str, ...]
    """The fewest tests that exclude it if all of them come out normal, of those that look at the cause
    itself; where none do, those that come nearest. Empty where its probability is below the residual risk
    already, or no test speaks against it."""
    test_labels: tuple[str, ...]
    """What to call them."""
    residual: float
    """P(cause not absent | evidence, these tests normal)."""
    chance: float
    """The probability that all of these tests come out normal; 1 where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """Whether there is anything left that is worth learning."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    stop: bool
    """Whether no question and no test of the plan is worth its price, or likely enough to raise the level."""
    sentence: str
    """The same in words."""
    same_decision: float
    """The least probability that the level of care stays as it is, over everything that was weighed by itself
    and can be learnt at this level, and over the tests of each step."""
    most_telling: str
    """What that is: the name of a variable, the first of several tests; empty where there is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldChange:
    """One finding or result that would change the level of care."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    variable: str
    """The variable."""
    label: str
    """What to call it."""
    state: str
    """The state."""
    state_label: str
    """What to call it."""
    probability: float
    """P(state | evidence)."""
    level: Level
    """The level of care that would result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliberation:
    """What stands behind the next steps."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    unit: str
    """The unit of utility."""
    currency: str
    """The unit of money."""
    money_per_unit: float | None
    """How much money one unit of utility is taken to be worth."""
    bundles: tuple[SampleBundle, ...]
    """The tests of the plan by the sample that they share, where one serves several."""
    alternatives: tuple[Alternative, ...]
    """What was weighed and is not among the next steps, the best first."""
    must_not_miss: tuple[Danger, ...]
    """Causes that can bring about a grave outcome, the greatest expected harm first."""
    would_change: tuple[WouldChange, ...]
    """What would change the level of care by itself, the most probable first."""
    stopping: Stopping
    """Whether there is anything left that is worth learning."""
    not_judged: tuple[str, ...]
    """Variables that were not weighed: of which a result ties too many causes together, or for which there
    was no time, since with many findings present every answer takes long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A reference that the answer names."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    id: str
    """Its id."""
    citation: str
    """Authors, year, title, journal."""
    url: str
    """Address, or the address of its DOI; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisRecord:
    """The whole answer, as `to_dict` and `to_json` give it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _CLOSED

    schema_version: str
    """Version of this shape."""
    model: ModelInfo
    """Which model answered."""
    engine: str
    """Which engine computed it."""
    complaint: str | None
    """The finding whose causes are ranked; null for a network without roles."""
    evidence: tuple[Observed, ...]
    """What the answer rests on, in the order of the model."""
    log_evidence: float
    """Natural log of P(evidence); soft evidence counts as its likelihood scaled to maximum 1."""
    differential: tuple[Candidate, ...]
    """Every cause, ranked by responsibility (by probability where there is none)."""
    unexplained: float | None
    """P(no cause reaches the complaint, and it is present | evidence); null where responsibility is."""
    triage: Triage | None
    """How soon to seek care; null for a network without roles."""
    next_steps: tuple[NextStep, ...]
    """What to do, ranked."""
    sources: tuple[Source, ...] = field(default=())
    """The references named above."""
    unexplained_interval: tuple[float, float] | None = None
    """95 % credible interval of `unexplained`; null where that is, or where the engine gives none."""
    explained_badly: bool | None = None
    """Whether the model explains the evidence badly, so that it may not contain the cause; null where that
    was not asked."""
    deliberation: Deliberation | None = None
    """What stands behind the next steps; null where the model states no utilities, or where it was not
    asked."""
    fit: str = ""
    """The rule by which it does or does not, as a sentence; empty where that was not asked."""
