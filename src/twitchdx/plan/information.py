"""What a question or a test would tell: bits about each cause, and whether it would change what to do.

The information that a result T gives about a cause C, given the evidence e, is

    I(T; C | e) = sum over t of P(t | e) D(P(C | e, t) || P(C | e)) in bits,

never below 0, 0 for what is independent of C given e, and at most the entropy of either. The probability of
the same decision is sum of P(t | e) over the results after which the level of care is what it is now. Where
the model states utilities, the value of information is

    V(T) = sum over t of P(t | e) max EU(decision | e, t) - max EU(decision | e),

over the levels of care that a red flag leaves open and the optional actions that the evidence does not
forbid: never below 0, and at most that of knowing all causes for certain. The net value is that less the
price, burden and money together; bits stand beside it and are never mixed with it.

References
----------
Howard (1966), Information value theory, IEEE Transactions on Systems Science and Cybernetics 2(1), 22-26;
Darwiche and Choi, Same-decision probability: a confidence measure for threshold-based decisions under noisy
sensors (the measure); Renooij (2018), Same-decision probability: threshold robustness and application to
explanation, Probabilistic Graphical Models, PMLR 72, 368-379.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from twitchdx.errors import EvidenceError, Issue, OptionError, Where
from twitchdx.evidence import unknown_variable
from twitchdx.numerics import Array
from twitchdx.plan.foresight import Foreseen, foresee
from twitchdx.plan.price import price_of
from twitchdx.plan.standing import Standing, find_standing
from twitchdx.spec import LEVELS, Level, Role
from twitchdx.tables import Column, Records, Tabled, spoken_probability
from twitchdx.whatif import Subject

# What a person can be asked, an examiner see, or a laboratory measure.
_OBSERVABLE: frozenset[Role] = frozenset({"risk_factor", "finding", "test"})
_SHOWN = 12
_KINDS = {"risk_factor": "question", "finding": "question or sign", "test": "test"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one result would do."""

    state: str
    """The state."""
    state_label: str
    """What to call it."""
    probability: float
    """P(state | evidence)."""
    level: Level
    """The level of care that would then result."""
    leader: str
    """The cause that would then explain the complaint best, or be the most probable where there is none."""
    leader_label: str
    """What to call it."""
    posterior: dict[str, float]
    """Cause -> P(cause not absent | evidence, state)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What it would tell to learn one variable."""

    variable: str
    """The variable."""
    label: str
    """What to call it."""
    role: Role
    """Whether it is a risk factor, a finding or a test."""
    bits: float
    """Expected information about the causes in bits, each by itself, summed."""
    cause: str
    """The cause of which it tells most."""
    cause_label: str
    """What to call it."""
    cause_bits: float
    """Expected information about that cause, in bits."""
    other_level: float
    """The probability that the level of care becomes another; one less it is that of the same decision."""
    higher_level: float
    """The probability that the level of care rises."""
    other_leader: float
    """The probability that another cause leads."""
    value: float | None
    """Value of information in the unit of utility, before what it costs to learn it: by how much the expected
    utility of what is then best rises on average; null where the model states no utilities."""
    price: float | None
    """Burden and money of learning it, in the unit of utility; null where the model states none."""
    net: float | None
    """Value less price."""
    other_action: float | None
    """The probability that another level of care or another optional action has the highest expected utility;
    null where the model states none."""
    results: tuple[Result, ...]
    """Every possible result, in the order of the states."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Information(Tabled):
    """What is not known yet, by what it would tell.

    First what may change the level of care, by how probably it does; then by bits.
    """

    level: Level
    """The level of care as it is."""
    leader: str
    """The leading cause as it is."""
    learnt: tuple[Learnt, ...]
    """What was looked at, what tells most first."""
    not_judged: tuple[str, ...]
    """Variables of which a result ties too many causes together for an exact answer."""
    unit: str | None
    """The unit of utility; null where the model states none."""

    def _title(self) -> str:
        changing = sum(each.other_level > 0.0 for each in self.learnt)
        care = f"the level of care, {self.level.replace('_', ' ')}"
        if not changing:
            return f"What there is to learn; nothing of it would by itself change {care}"
        return f"What there is to learn; {changing} of {len(self.learnt)} could by themselves change {care}"

    def _columns(self) -> list[Column]:
        rows = self.learnt[:_SHOWN]
        columns: list[Column] = [
            ("to learn", [each.label for each in rows], str),
            ("kind", [_KINDS[each.role] for each in rows], str),
            ("another level", [each.other_level for each in rows], spoken_probability),
            ("another leader", [each.other_leader for each in rows], spoken_probability),
            ("bits", [each.bits for each in rows], "{:.3f}".format),
            ("most about", [each.cause_label for each in rows], str),
            ("if", [self._telling(each) for each in rows], str),
        ]
        if self.unit is not None:
            columns += [
                (f"value in {self.unit}", [each.value for each in rows], "{:.3g}".format),
                ("net of its price", [each.net for each in rows], "{:.3g}".format),
            ]
        return columns

    def _telling(self, learnt: Learnt) -> str:
        """The most probable result that changes the level; else the least probable one."""
        turning = [each for each in learnt.results if each.level != self.level]
        if turning:
            result = max(turning, key=lambda each: each.probability)
            return f"{result.state_label} ({spoken_probability(result.probability)}): {result.level}"
        result = min(learnt.results, key=lambda each: each.probability)
        return f"{result.state_label} ({spoken_probability(result.probability)}): {result.leader_label}"

    def _records(self) -> Records:
        return Records((Learnt,), [(each,) for each in self.learnt])

    def _notes(self) -> list[str]:
        said = []
        if len(self.learnt) > _SHOWN:
            said.append(f"And {len(self.learnt) - _SHOWN} more, which tell less.")
        said.append("Bits are about each cause by itself, summed; one thing is learnt at a time.")
        if self.not_judged:
            said.append(
                f"Not judged, since too many causes would be tied together: {', '.join(self.not_judged)}."
            )
        return said


def find_information(subject: Subject, among: Collection[str] | None = None) -> Information:
    """What each unobserved variable would tell, exactly.

    Parameters
    ----------
    subject : Subject
        The patient.
    among : collection of str, optional
        Risk factors, findings and tests that are not observed; left out, all of them.

    Raises
    ------
    EvidenceError
        Some are not known, observed already, or nothing that can be observed; the error lists them all.
    """
    chosen = learnable(subject, among)
    standing = find_standing(subject)
    foreseen, refused = foresee(subject, standing, [(name,) for name in chosen], explain=True)
    learnt = [_learn(subject, standing, each) for each in foreseen]
    # What is certain already tells nothing. Stable: among equals the order of the model.
    learnt = sorted(
        (each for each in learnt if len(each.results) > 1),
        key=lambda each: (-each.other_level, -(each.value or 0.0), -each.bits),
    )
    decision = subject.spec.decision
    return Information(
        level=standing.level,
        leader=_leader_now(subject),
        learnt=tuple(learnt),
        not_judged=tuple(name for (name,) in refused),
        unit=decision.unit if standing.stated and decision is not None else None,
    )


def learnable(subject: Subject, among: Collection[str] | None = None) -> list[str]:
    """The variables that can be learnt: risk factors, findings and tests that are not observed.

    Parameters
    ----------
    subject : Subject
        The patient.
    among : collection of str, optional
        Some of them; left out, all of them.

    Raises
    ------
    EvidenceError
        Some of those named are not known, observed already, or nothing that can be observed; the error lists
        them all.
    """
    roles = subject.roles
    if among is not None and not isinstance(among, Iterable):
        issue = Issue("error", "wrong-option", Where("among"), f"found {among!r}.", "Give a list of names.")
        raise OptionError("An option cannot be understood.", [issue])
    if among is None:
        return [name for name, role in roles.items() if role in _OBSERVABLE and name not in subject.evidence]
    issues = []
    chosen = list(dict.fromkeys([among] if isinstance(among, str) else among))
    for name in chosen:
        if name not in roles:
            issues.append(unknown_variable(name, subject.variables))
        elif name in subject.evidence:
            issues.append(_issue(name, "it is observed already.", "Leave it out."))
        elif roles[name] not in _OBSERVABLE:
            fix = "Name risk factors, findings and tests."
            issues.append(_issue(name, f"a {roles[name]} is not observed by itself.", fix))
    if issues:
        raise EvidenceError("Some of these cannot be learnt.", issues)
    return chosen


def _issue(name: str, message: str, fix: str) -> Issue:
    return Issue("error", "not-to-be-learnt", Where(name), message, fix)


def _leader_now(subject: Subject) -> str:
    turns = subject.outcome.turns
    return turns.get("explaining", turns["probable"])


def _learn(subject: Subject, standing: Standing, foreseen: Foreseen) -> Learnt:
    (name,) = foreseen.results.bundle
    role, variable = subject.roles[name], subject.variables[name]
    chance, marginals = foreseen.results.probability, foreseen.results.marginals
    leaders = _leaders(subject, foreseen)
    bits = np.array([information_bits(chance, marginals[cause]) for cause in subject.causes])
    most = int(bits.argmax())
    posterior = np.stack([marginals[cause][:, 1:].sum(axis=1) for cause in subject.causes], axis=1)
    states = [tuple(variable.states)[place] for place in foreseen.results.states[:, 0].tolist()]
    results = tuple(
        Result(
            state=state,
            state_label=variable.states[state],
            probability=float(chance[row]),
            level=LEVELS[int(foreseen.levels[row])],
            leader=leaders[row],
            leader_label=subject.variables[leaders[row]].label,
            posterior=dict(zip(subject.causes, posterior[row].tolist(), strict=True)),
        )
        for row, state in enumerate(states)
    )
    now = LEVELS.index(standing.level)
    stated = standing.stated
    value = foreseen.value if stated else None
    price = price_of(subject, (name,)) if stated else None
    return Learnt(
        variable=name,
        label=variable.label,
        role=role,
        bits=float(bits.sum()),
        cause=subject.causes[most],
        cause_label=subject.variables[subject.causes[most]].label,
        cause_bits=float(bits[most]),
        other_level=foreseen.share(foreseen.levels != now),
        higher_level=foreseen.share(foreseen.levels > now),
        other_leader=foreseen.share(np.array([each != _leader_now(subject) for each in leaders])),
        value=value,
        price=price,
        net=None if value is None or price is None else value - price,
        other_action=foreseen.share(foreseen.turned) if stated else None,
        results=results,
    )


def _leaders(subject: Subject, foreseen: Foreseen) -> list[str]:
    """The leading cause after each result, ranked as it is without one."""
    marginals, explained = foreseen.results.marginals, foreseen.responsibility
    present = np.stack([marginals[cause][:, 1:].sum(axis=1) for cause in subject.causes], axis=1)
    first = present
    if explained is not None:
        first = np.stack([explained[cause] for cause in subject.causes], axis=1)
    # The order of the model decides ties, after the probability.
    places = [
        max(range(len(subject.causes)), key=lambda k: (first[row, k], present[row, k]))
        for row in range(len(first))
    ]
    return [subject.causes[place] for place in places]


def information_bits(chance: Array, marginal: Array) -> float:
    """I(T; C) in bits from P(t), shape (R,), and P(C | t), shape (R, states of C)."""
    before = chance @ marginal
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(marginal > 0.0, marginal * np.log2(marginal / before), 0.0)
    return max(float(chance @ each.sum(axis=1)), 0.0)
