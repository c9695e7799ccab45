"""What explanations hold: plain frozen results, and nothing that computes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from twitchdx.spec import Form, Grade, Role

Speaks = Literal["for", "against", "little"]
Certainty = Literal["present", "absent"]

#: The smallest weight of evidence that counts as speaking for or against: about the smallest change of odds
#: that people perceive, according to Good (1979), Biometrika 66(2), 393-396.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger(Account):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast(Account):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSet(Account):
    """These causes are present, and no other of the model is."""

    causes: tuple[str, ...]
    """The causes, in the order of the model; none: all are absent."""
    labels: tuple[str, ...]
    """What to call them."""
    probability: float
    """P(exactly these are present | evidence)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSets(Account):
    """The most probable sets of causes, everything else summed out."""

    sets: tuple[JointSet, ...]
    """The most probable first; fewer than were asked for where no more are possible."""
    covered: float
    """Their probability together."""
    answers: int
    """How many partial masses the engine computed for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash(Account):
    """Observations that are less probable together than apart."""

    variables: tuple[str, ...]
    """The observed variables: two of them, or one against all the others."""
    labels: tuple[str, ...]
    """What to call them."""
    conflict: float
    """Natural log: of two, P(a) P(b) / P(a, b); of one against the others, P(a) / P(a | others)."""
    decibans: float
    """The same in decibans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution(Account):
    """A cause that explains why observations that seldom go together do so here."""

    cause: str
    """The cause."""
    label: str
    """What to call it."""
    probability: float
    """P(cause not absent | evidence)."""
    conflict: float
    """The conflict with the cause supposed present as one more observation; natural log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise(Account):
    """How seldom the model would predict something as improbable as what was observed."""

    probability: float
    """P(ln P(E') <= ln P(e)) for E' drawn from the model on the same variables."""
    standard_error: float
    """Of the probability, from the number of draws."""
    low: float
    """Lower end of its 95 % interval (Wilson's, which holds where no draw or every draw qualifies)."""
    high: float
    """Upper end of its 95 % interval."""
    draws: int
    """How many draws."""
    seed: int
    """Of the generator."""
    log_evidence: float
    """ln P(e), of the observations that are counted."""
    left_out: tuple[str, ...]
    """Soft evidence, of which no distribution is known to draw from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(Account):
    """How well the model explains the evidence."""

    conflict: float
    """Natural log of the product of the P(e_i) over P(e): above 0 where observations are less probable
    together than apart."""
    decibans: float
    """The same in decibans."""
    chance: float
    """Bound on the share of patients of the model who have such a conflict or a larger one:
    exp(-conflict)."""
    well_explained: bool
    """Whether there is no conflict or one more cause would resolve it, and no observation stands out."""
    rule: str
    """What decided that, in one sentence."""
    clashes: tuple[Clash, ...]
    """Pairs that are less probable together than apart, the worst first."""
    against_the_rest: tuple[Clash, ...]
    """Each observation against all others, the worst first; below 0 where the others make it more
    probable."""
    resolved_by: tuple[Resolution, ...]
    """Causes with which the conflict would be none, the most probable first; empty where there is none."""
    surprise: Surprise | None
    """Against the prior predictive; None unless asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainWords(Account):
    """One cause in words."""

    cause: str
    """The cause."""
    patient: str
    """A paragraph for the person whom it is about."""
    clinician: str
    """A paragraph for a professional, with the figures."""
