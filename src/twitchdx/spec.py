"""The frozen description of a model: what a model folder says, before anything is computed.

These classes *are* the file format: each attribute is a key that a model file may hold, and
its docstring is what the published JSON Schema says about it. ``docs/model-format.md`` tells the same
as a story. Meaning is checked in `twitchdx.checks`; numbers are converted in `twitchdx.network`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, Literal

FORMAT_VERSION = 1

Form = Literal[
    "probability",
    "link",
    "sensitivity",
    "prevalence",
    "odds_ratio",
    "relative_risk",
    "incidence",
    "multiplier",
    "rate",
    "quantity",
]
Grade = Literal[
    "meta-analysis",
    "cohort",
    "cross-sectional",
    "case-series",
    "guideline",
    "review",
    "textbook",
    "seed",
    "judgement",
    "definition",
]
Level = Literal["self_care", "routine", "soon", "urgent", "emergency"]
StepKind = Literal["seek_care", "test", "question", "treatment", "self_care", "medication_review", "monitor"]
Role = Literal["risk_factor", "cause", "process", "finding", "test"]

#: Levels of care from the least to the most urgent.
LEVELS: tuple[Level, ...] = ("self_care", "routine", "soon", "urgent", "emergency")

#: Sections that hold variables, with the role that each gives, in the order of the network's layers.
ROLE_OF_SECTION: Mapping[str, Role] = {
    "risk_factors": "risk_factor",
    "causes": "cause",
    "processes": "process",
    "findings": "finding",
    "tests": "test",
}

# What pydantic is told at the edge. A plain dict, so that this module does not load pydantic.
_STRICT: dict[str, Any] = {"extra": "forbid"}
_ONE_OF: dict[str, Any] = {**_STRICT, "json_schema_extra": {"minProperties": 1, "maxProperties": 1}}


def _absent_present() -> dict[str, str]:
    return {"absent": "absent", "present": "present"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One number of the model, with its uncertainty and where it comes from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    value: float
    """The number that the posterior uses: the mean of what is believed about it."""
    grade: Grade
    """Strength of the source. `judgement` needs a `note` and an interval; `definition` marks a
    number that is true by the meaning of the words (a logical 0 or 1) and needs only a `note`;
    every other grade needs `sources`, and an interval or `n`."""
    form: Form | None = None
    """What kind of number it is. Needed wherever more than one kind is possible: on links, leaks
    and the marginals of `log_linear`."""
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    """Upper end of the 95 % interval."""
    n: int | None = None
    """Sample size behind this very number (not of the whole study)."""
    sources: tuple[str, ...] = ()
    """Ids of references."""
    note: str = ""
    """What a reader must know: the rationale of a judgement, the definition used, the conversion."""
    population: str = ""
    """Whom the number describes, where that is not the population of the model."""
    duration: Estimate | None = None
    """For `incidence` (per person-year): mean years from onset to diagnosis, as a `quantity`."""
    family: str = ""
    """Judgements with the same family name share a bias: their errors are correlated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical:
    """A variable without parents: a probability for every state but one, which gets the rest."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    probabilities: dict[str, Estimate]
    """State -> probability or incidence. Exactly one state is left out and receives the remainder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLinear:
    """Modifiers that multiply odds or risks, such as age, sex or a family history on a prior.

    The intercept of each state is solved so that the published marginal comes out.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    marginal: dict[str, Estimate]
    """Every state but the first -> its overall `prevalence` or `incidence` in the population."""
    modifiers: dict[str, dict[str, Estimate]]
    """Parent -> state of the parent -> `odds_ratio` or `relative_risk` against the parent's states
    that are not listed (ratio 1). All ratios of one variable have the same form, and each
    multiplies all states but the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyOr:
    """A two-state variable that any of its parents can produce, independently, or the leak."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    leak: Estimate
    """`probability` of the second state with no parent active, or its `prevalence` in the
    population: then the leak is solved so that this marginal comes out."""
    links: dict[str, dict[str, Estimate]]
    """Parent -> state of the parent -> `link`, `sensitivity`, `odds_ratio` or `relative_risk`.
    The first state of a parent contributes nothing and is not listed; neither is any other state
    that contributes nothing."""
    inhibitors: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    """Parent -> state -> `multiplier` in [0, 1] of the outcome. States not listed leave it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyMax:
    """An ordered variable that takes the highest grade that any parent, or the leak, contributes."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    leak: dict[str, Estimate]
    """Grade -> `probability` of at least this grade with no parent active, or its `prevalence`.
    Grades left out at the upper end are never reached by the leak."""
    links: dict[str, dict[str, dict[str, Estimate]]]
    """Parent -> state of the parent -> grade -> the number for *at least* this grade (`link`,
    `sensitivity`, `odds_ratio` or `relative_risk`); never rising with the grade. Grades left out
    at the upper end are never reached."""
    inhibitors: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    """Parent -> state -> `multiplier` in [0, 1]: the chance that the outcome is not suppressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """The distribution for some combinations of the parents' states."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    when: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Parent -> its states to which this row applies. A parent left out: any state."""
    probabilities: dict[str, Estimate] | None = None
    """Every state but one -> `probability` or `incidence`; the state left out gets the rest."""
    state: str | None = None
    """Instead of `probabilities`: this state is certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A full table: every combination of the parents' states is matched by exactly one row."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    rows: tuple[TableRow, ...]
    """The rows, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeterministicRow:
    """A state that follows from the parents' states."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    when: dict[str, tuple[str, ...]]
    """Parent -> its states to which this row applies. A parent left out: any state."""
    state: str
    """The state that follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deterministic:
    """A function of the parents: the first row that matches decides."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    rows: tuple[DeterministicRow, ...]
    """Tried from the top; the first that matches decides."""
    otherwise: str
    """The state where no row matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Exactly one of the six kinds of distribution."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _ONE_OF

    categorical: Categorical | None = None
    """No parents."""
    log_linear: LogLinear | None = None
    """Parents multiply the odds or the risk."""
    noisy_or: NoisyOr | None = None
    """Any parent can produce it (two states)."""
    noisy_max: NoisyMax | None = None
    """Any parent can produce some grade of it, and the highest grade wins."""
    table: Table | None = None
    """Everything spelled out."""
    deterministic: Deterministic | None = None
    """A function of the parents."""


#: The kinds of distribution.
Kind = Categorical | LogLinear | NoisyOr | NoisyMax | Table | Deterministic


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A half-open range of a measured value: at_least <= value < below."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    at_least: float | None = None
    """Lower end, included; left out: no lower end."""
    below: float | None = None
    """Upper end, excluded; left out: no upper end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibleRange:
    """Values that can be true at all; others are refused with the message."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    at_least: float
    """Lower end, included."""
    below: float
    """Upper end, excluded."""
    message: str
    """What to tell a person who enters a value outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitConversion:
    """How another unit becomes the model's unit."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    factor: float
    """value in the model's unit = factor * value in this unit."""
    note: str
    """Where the factor comes from, such as the molar mass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """How a number becomes a state."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    unit: str
    """The unit of the bands, and of a number that is given without one."""
    bands: dict[str, Band]
    """Every state -> its range. Together they cover every number once."""
    plausible: PlausibleRange
    """Values that can be true at all."""
    units: dict[str, UnitConversion] = field(default_factory=dict)
    """Other units that are understood."""
    sources: tuple[str, ...] = ()
    """Where the thresholds come from."""
    note: str = ""
    """What a reader must know about the thresholds; needed where there is no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One node of the network."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    label: str
    """What to call it, in a few words."""
    definition: str
    """What exactly it means, with its time window and threshold."""
    distribution: Distribution
    """P(this variable | its parents)."""
    states: dict[str, str] = field(default_factory=_absent_present)
    """State -> what to call it, the normal state first. Left out: `absent` and `present`."""
    question: str = ""
    """What one would ask a person; optional for processes only."""
    codes: dict[str, str] = field(default_factory=dict)
    """Coding system (icd10, snomed, hpo, mondo, loinc, atc) -> code."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that this element answers."""
    aliases: tuple[str, ...] = ()
    """Other names, for suggestions when a name is misspelt."""
    measurement: Measurement | None = None
    """For variables that can be given as a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Variable):
    """A symptom that a person reports or a sign that an examiner sees."""

    observed_by: Literal["report", "examination"] = "report"
    """Reported by the person or found by an examiner: these are different evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test(Variable):
    """A measured result."""

    __test__: ClassVar[bool] = False  # not a test class for pytest

    available_from: Level = "routine"
    """The least level of care at which it can be had."""
    sample: str = ""
    """Tests with the same sample (one blood draw) are taken together."""
    cost: Estimate | None = None
    """Money, as a `quantity` in the currency of `decision`."""
    burden: Estimate | None = None
    """Discomfort and time, as a `quantity` in the unit of utility of `decision`."""
    turnaround_days: Estimate | None = None
    """Days until the result, as a `quantity`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A bound on a probability."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _ONE_OF

    at_least: float | None = None
    """The probability is at least this."""
    below: float | None = None
    """The probability is less than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Holds when everything that it lists holds; an empty one always holds."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

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

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

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
    cost: Estimate | None = None
    """Cost and burden of this level, as a `quantity` in the unit of utility of `decision`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageRule:
    """A rule that asks for at least this level of care."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

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
class Step:
    """Something to do next."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

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
    benefit: dict[str, Estimate] = field(default_factory=dict)
    """Cause -> benefit, as a `quantity` in the unit of utility of `decision`."""
    harm: Estimate | None = None
    """Harm and burden, as a `quantity` in the unit of utility of `decision`."""
    sources: tuple[str, ...] = ()
    """Ids of references; a step without one needs a note."""
    note: str = ""
    """Rationale, and where sources differ."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that this step answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Something that can go wrong while one waits."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    label: str
    """What to call it."""
    definition: str
    """What exactly it means."""
    loss: Estimate
    """How bad it is, as a `quantity` in the unit of utility."""
    hazards: dict[str, dict[str, Estimate]]
    """Cause -> state of the cause -> `rate` per day of delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Utilities: what outcomes, delays and money are worth."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    unit: str
    """The unit of utility, such as quality-adjusted days."""
    currency: str = ""
    """The unit of money."""
    money_per_unit: Estimate | None = None
    """How much money one unit of utility is worth, as a `quantity`."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """What can go wrong."""
    caution: dict[str, Estimate] = field(default_factory=dict)
    """Dangerous cause -> `probability` whose exceedance by the upper end of the interval raises the
    level of care."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A source, in the fields of CSL (the Citation Style Language)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    id: str
    """The key by which estimates, rules and steps name it."""
    type: str
    """CSL type: article-journal, webpage, book, chapter, report, ..."""
    title: str
    """Title."""
    author: tuple[dict[str, str], ...] = ()
    """CSL names: `family` and `given`, or `literal`."""
    issued: dict[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    """CSL date: `date-parts: [[year, month, day]]`."""
    container_title: str = ""
    """Journal, book or site; `container-title` in the file."""
    publisher: str = ""
    """Publisher."""
    volume: str = ""
    """Volume."""
    page: str = ""
    """Pages."""
    DOI: str = ""
    """Digital object identifier."""
    PMID: str = ""
    """PubMed id."""
    URL: str = ""
    """Address."""
    note: str = ""
    """What was read: abstract, full text, second-hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the model is."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    format: int
    """Version of this file format: 1."""
    name: str
    """The name of the model, the same as that of its folder."""
    version: str
    """Version of the model's content."""
    title: str
    """What to call it."""
    description: str
    """What it is for, in a paragraph."""
    population: str
    """Whom the priors describe."""
    window: str
    """The time window of variables that do not name their own."""
    complaint: str
    """The finding whose causes are sought."""
    licence: str
    """SPDX identifier of the licence of the model files."""
    disclaimer: str
    """The sentence that every answer carries."""
    step_threshold: Estimate
    """A step is offered when the posterior weight of the causes that it serves is at least this
    `probability`."""
    answers: tuple[str, ...] = ()
    """Ids of the facts that the model as a whole answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """All that a model folder says. Each attribute is a section that any of its files may hold."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    model: Header
    """What the model is."""
    care_levels: dict[Level, CareLevel]
    """All five levels of care."""
    references: tuple[Reference, ...] = ()
    """The bibliography."""
    facts: dict[str, str] = field(default_factory=dict)
    """Facts that the model promises to answer: id -> statement."""
    risk_factors: dict[str, Variable] = field(default_factory=dict)
    """Context, exposures, age, sex."""
    causes: dict[str, Variable] = field(default_factory=dict)
    """Hypotheses: disorders, drug effects, physiological states. The first state is `absent`."""
    processes: dict[str, Variable] = field(default_factory=dict)
    """Latent pathophysiology between causes and findings."""
    findings: dict[str, Finding] = field(default_factory=dict)
    """Symptoms and signs."""
    tests: dict[str, Test] = field(default_factory=dict)
    """Measured results."""
    triage_rules: dict[str, TriageRule] = field(default_factory=dict)
    """Rules that set a floor under the level of care."""
    steps: dict[str, Step] = field(default_factory=dict)
    """What to do next."""
    decision: Decision | None = None
    """Utilities."""

    def variables(self) -> dict[str, tuple[Role, Variable]]:
        """Every variable with its role, in the order of the sections and of the file."""
        return {
            name: (role, variable)
            for section, role in ROLE_OF_SECTION.items()
            for name, variable in getattr(self, section).items()
        }


def walk_estimates(
    node: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Estimate]]:
    """Every estimate at or below a part of a spec, with its path, in the order of the file."""
    if isinstance(node, Estimate):
        yield path, node
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from walk_estimates(value, (*path, key))
    elif isinstance(node, tuple):
        for index, value in enumerate(node):
            yield from walk_estimates(value, (*path, index))
    elif is_dataclass(node):
        for attribute in fields(node):
            yield from walk_estimates(getattr(node, attribute.name), (*path, attribute.name))


def distribution_of(variable: Variable) -> Kind:
    """The one kind of distribution that a variable has."""
    for attribute in fields(Distribution):
        kind: Kind | None = getattr(variable.distribution, attribute.name)
        if kind is not None:
            return kind
    message = "a distribution names exactly one kind"
    raise ValueError(message)


def parents_of(variable: Variable) -> tuple[str, ...]:
    """The parents of a variable, in the order in which its distribution first names them."""
    match distribution_of(variable):
        case Categorical():
            names: Iterable[str] = ()
        case LogLinear(modifiers=modifiers):
            names = modifiers
        case NoisyOr(links=links, inhibitors=inhibitors):
            names = [*links, *inhibitors]
        case NoisyMax(links=grade_links, inhibitors=inhibitors):
            names = [*grade_links, *inhibitors]
        case Table(rows=rows):
            names = [name for row in rows for name in row.when]
        case Deterministic(rows=certain):
            names = [name for row in certain for name in row.when]
    return tuple(dict.fromkeys(names))
