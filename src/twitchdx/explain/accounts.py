"""What explanations hold: plain frozen results, and nothing that computes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from twitchdx.spec import Form, Grade, Role
from twitchdx.tables import Column, Records, Tabled, spoken_decibans, spoken_interval, spoken_probability

Speaks = Literal["for", "against", "little"]
Certainty = Literal["present", "absent"]

#: The smallest weight of evidence that counts as speaking for or against, one deciban: about the smallest
#: change of odds that people perceive, in the opinion of I. J. Good (Wikipedia, "Ban (unit)").
PERCEPTIBLE = 1.0


@dataclass(frozen=True, slots=True)
class Account:
    """Something that was explained."""

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data: dicts, tuples, numbers, text."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing(Account):
    """A published number or a judgement that stands behind a line."""

    path: str
    """Its place in the model."""
    value: float
    """The number."""
    form: Form
    """What kind of number it is."""
    low: float | None
    """Lower end of its 95 % interval."""
    high: float | None
    """Upper end of its 95 % interval."""
    n: int | None
    """Sample size."""
    grade: Grade
    """Strength of the source."""
    population: str
    """Whom it describes."""
    sources: tuple[str, ...]
    """Ids of references."""
    note: str
    """Rationale or definition."""
    moves: float | None
    """Decibans by which one standard deviation of the number moves the result, to first order; None where the
    engine has no slopes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakestNumber(Account):
    """The number whose stated uncertainty moves the result most."""

    number: Backing
    """The number, with grade and sources."""
    label: str
    """What to call the variable to whose distribution it belongs."""
    low: float | None
    """The lower end of its interval, or the lowest number tried towards it that the other numbers of the
    model allow; None where it has no interval, or where none is allowed."""
    high: float | None
    """The same at the upper end."""
    at_low: float | None
    """The result in decibans, computed anew with the number `low`; None where that is."""
    at_high: float | None
    """The same with `high`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Account):
    """One observation in a ledger."""

    variable: str
    """The variable that was observed."""
    label: str
    """What to call it."""
    role: Role
    """What it is."""
    given: str
    """What was given."""
    state: str | None
    """The state that is certain; None for soft evidence."""
    state_label: str
    """What to call that state; for soft evidence, what was given."""
    normal: bool
    """Whether that is the first, normal state: for a finding, its absence."""
    decibans: float | None
    """What it contributes, whatever the order: its Shapley value; None where the result is certain."""
    standard_error: float
    """Of the contribution; 0 where it is exact."""
    leave_one_out: float | None
    """The result less what it is without this observation, in decibans; None where the result is certain."""
    alone: float | None
    """What it would contribute if nothing else were known, in decibans; None where the result is certain."""
    speaks: Speaks
    """For, against, or little: less than one deciban either way."""
    numbers: tuple[Backing, ...]
    """The numbers behind it, those that move the result most first."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ledger(Tabled):
    """The log-odds of one cause as a sum: prior, one contribution an observation, posterior.

    `prior_decibans` + the sum of the entries' `decibans` = `posterior_decibans`.
    """

    cause: str
    """The cause."""
    label: str
    """What to call it."""
    population: str
    """Whom the prior describes."""
    prior: float
    """P(cause not absent), without evidence."""
    prior_decibans: float | None
    """10 log10 of its odds; None where the result is certain."""
    prior_numbers: tuple[Backing, ...]
    """The numbers behind the prior."""
    posterior: float
    """P(cause not absent | evidence)."""
    posterior_decibans: float | None
    """10 log10 of its odds; None where the result is certain."""
    certain: Certainty | None
    """Whether the evidence leaves no doubt; then there are no log-odds to be explained."""
    decided_by: tuple[str, ...]
    """Where it is certain: variables whose observation decides it together, and none without the others;
    empty where the model decides it without evidence."""
    entries: tuple[Entry, ...]
    """Every observation, the weightiest first."""
    method: str
    """How the contributions were found."""
    exact: bool
    """Whether all of them are exact, not sampled."""
    weakest: WeakestNumber | None
    """The number that moves the posterior most; None where it is certain or the engine has no slopes."""
    prospects: tuple[Prospect, ...]
    """What is not known yet and could change the result, the weightiest first."""
    interval: tuple[float, float] | None = None
    """95 % credible interval of the posterior; None where the engine gives none."""

    def _title(self) -> str:
        before, after = map(spoken_probability, (self.prior, self.posterior))
        if self.certain is not None:
            return f"{self.label}: {self.certain} for certain; beforehand {before}"
        if self.interval is not None:
            after = f"{after} (95 % interval {spoken_interval(self.interval)})"
        return f"{self.label}: from {before} beforehand to {after}, in decibans (10 dB are odds of 10 to 1)"

    def _columns(self) -> list[Column]:
        return _entry_columns(self.entries, (self.prior_decibans, self.posterior_decibans))

    def _records(self) -> Records:
        return Records((Entry,), [(each,) for each in self.entries])

    def _notes(self) -> list[str]:
        said = [f"Contributions: {self.method}."]
        if self.decided_by:
            said.append(f"Decided by: {', '.join(self.decided_by)}.")
        return said + _said_of_weakest(self.weakest)

    @property
    def findings_for(self) -> tuple[Entry, ...]:
        """What speaks for the cause by at least one deciban."""
        return tuple(each for each in self.entries if each.speaks == "for")

    @property
    def findings_against(self) -> tuple[Entry, ...]:
        """What speaks against the cause by at least one deciban."""
        return tuple(each for each in self.entries if each.speaks == "against")

    @property
    def absent_that_mattered(self) -> tuple[Entry, ...]:
        """Findings and tests that were normal, and speak for or against by at least one deciban."""
        return tuple(
            each
            for each in self.entries
            if each.normal and each.speaks != "little" and each.role in ("finding", "test")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect(Account):
    """A result that is not known yet, and what it would do to the log-odds of the cause."""

    variable: str
    """The finding or test."""
    label: str
    """What to call it."""
    role: Role
    """Which of the two it is."""
    state: str
    """The result."""
    state_label: str
    """What to call it."""
    probability: float
    """P(this result | evidence)."""
    decibans: float
    """By how much the log-odds would change."""
    posterior: float
    """What P(cause not absent) would be."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Contrast(Tabled):
    """Why one cause rather than another: ln P(A | e) / P(B | e) as a sum, in decibans.

    The two do not exclude each other: both may be present.
    """

    cause: str
    """A."""
    label: str
    """What to call it."""
    other: str
    """B."""
    other_label: str
    """What to call it."""
    probability: float
    """P(A not absent | evidence)."""
    other_probability: float
    """P(B not absent | evidence)."""
    prior_decibans: float | None
    """10 log10 of the ratio of the priors; None where either cause is excluded."""
    posterior_decibans: float | None
    """10 log10 of the ratio of the posteriors; None where either cause is excluded."""
    excluded: tuple[str, ...]
    """Which of the two are impossible given the evidence."""
    entries: tuple[Entry, ...]
    """Every observation, what tells the two apart most first; `for` is for A and against B."""
    method: str
    """How the contributions were found."""
    exact: bool
    """Whether all of them are exact, not sampled."""
    weakest: WeakestNumber | None
    """The number that moves the ratio most; None as in `Ledger`."""
    responsibility: float | None = None
    """How much of the complaint A explains, by which the differential is ranked; None where that is not
    known."""
    other_responsibility: float | None = None
    """The same of B."""

    def _title(self) -> str:
        first, second = map(spoken_probability, (self.probability, self.other_probability))
        return f"{self.label} ({first}) rather than {self.other_label} ({second}), in decibans"

    def _columns(self) -> list[Column]:
        return _entry_columns(self.entries, (self.prior_decibans, self.posterior_decibans))

    def _records(self) -> Records:
        return Records((Entry,), [(each,) for each in self.entries])

    def _notes(self) -> list[str]:
        said = [f"Contributions: {self.method}. Both causes may be present."]
        if self.responsibility is not None and self.other_responsibility is not None:
            first, second = map(spoken_probability, (self.responsibility, self.other_responsibility))
            said.append(f"This is about being present. What explains the complaint: {first} and {second}.")
        if self.excluded:
            said.append(f"Impossible given the evidence: {', '.join(self.excluded)}.")
        return said + _said_of_weakest(self.weakest)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlainWords(Tabled):
    """One cause in words."""

    cause: str
    """The cause."""
    patient: str
    """A paragraph for the person whom it is about."""
    clinician: str
    """A paragraph for a professional, with the figures."""

    def _title(self) -> str:
        return f"For the person: {self.patient}"

    def _columns(self) -> list[Column]:
        return []

    def _records(self) -> Records:
        return Records((PlainWords,), [(self,)])

    def _notes(self) -> list[str]:
        return [f"For a clinician: {self.clinician}"]


def _entry_columns(entries: tuple[Entry, ...], ends: tuple[float | None, float | None]) -> list[Column]:
    """A ledger: what stood before, one row an observation, the sum."""
    before, after = ends
    middle = [each.decibans for each in entries]
    running: list[float | None] = [before]
    for each in middle:
        running.append(None if running[-1] is None or each is None else running[-1] + each)
    columns: list[Column] = [
        ("observation", ["beforehand", *(f"{e.label}: {e.state_label}" for e in entries), "afterwards"], str),
        ("contributes", [before, *middle, after], spoken_decibans),
    ]
    if any(each.standard_error for each in entries):
        errors = [None, *(each.standard_error for each in entries), None]
        columns.append(("standard error", errors, "{:.2f}".format))
    return [
        *columns,
        ("sum", [*running, after], spoken_decibans),
        ("if learnt last", [None, *(each.leave_one_out for each in entries), None], spoken_decibans),
        ("rests on", [None, *(_cited(each) for each in entries), None], str),
    ]


def _cited(entry: Entry) -> str | None:
    """The weightiest number behind an observation: its grade and its sources."""
    if not entry.numbers:
        return None
    number = entry.numbers[0]
    return f"{number.grade}: {', '.join(number.sources)}" if number.sources else number.grade


def _said_of_weakest(weakest: WeakestNumber | None) -> list[str]:
    if weakest is None:
        return []
    number = weakest.number
    between = f" ({number.low:g} to {number.high:g})" if number.low is not None else ""
    source = f", {', '.join(number.sources)}" if number.sources else ""
    moves = spoken_decibans(number.moves or 0.0)
    what = f"{number.path} = {number.value:g}{between}, {number.grade}{source}"
    return [f"Weakest important number: {what}; one standard deviation moves the result by {moves}."]
