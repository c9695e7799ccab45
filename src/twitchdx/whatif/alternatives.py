"""Which single findings turn the answer: withdrawn, another state of them, one more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twitchdx.errors import EngineError
from twitchdx.evidence import Evidence, Observation
from twitchdx.spec import Role
from twitchdx.whatif.robustness import Criterion, FindingFlip
from twitchdx.whatif.subject import CRITERIA, Outcome, Subject, spoken_turn

Kind = Literal["withdrawn", "changed", "added"]
_KINDS: tuple[Kind, ...] = ("withdrawn", "changed", "added")
# What a person can be asked, an examiner see, or a laboratory measure.
_OBSERVABLE: frozenset[Role] = frozenset({"risk_factor", "finding", "test"})


#: How what was not judged says that a finding was withdrawn.
WITHDRAWN = "=None"


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Single changes of findings.

    Attributes
    ----------
    flips : tuple of FindingFlip
        Those that turn the answer: withdrawn ones, then changed and added ones, each the most probable first.
    not_judged : tuple of str
        Those that tie too many causes together for an exact answer, as variable=state.
    """

    flips: tuple[FindingFlip, ...]
    not_judged: tuple[str, ...]


def find_alternatives(subject: Subject) -> Alternatives:
    """Every single change of a finding that turns the answer.

    Each observation is withdrawn and, where it can have another state, given that; of each variable that is
    not observed each state is added. What is impossible beside the other findings is left out.

    Parameters
    ----------
    subject : Subject
        The patient.
    """
    search = _Search(subject)
    for name in subject.evidence:
        rest = subject.evidence.without([name])
        search.judge("withdrawn", name, None, rest)
        search.give_states("changed", name, rest)
    for name, (role, _) in subject.spec.variables().items():
        if role in _OBSERVABLE and name not in subject.evidence:
            search.give_states("added", name, subject.evidence)
    # Stable: among equals the order of the model.
    flips = sorted(search.flips, key=lambda each: (_KINDS.index(each.kind), -(each.probability or 0.0)))
    return Alternatives(tuple(flips), tuple(search.not_judged))


class _Search:
    """The changes of findings that were judged so far."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.flips: list[FindingFlip] = []
        self.not_judged: list[str] = []

    def give_states(self, kind: Kind, name: str, evidence: Evidence) -> None:
        """Give one variable each possible state that it has not been observed in."""
        subject = self.subject
        states = subject.variables[name].states
        observed = subject.evidence[name].state if name in subject.evidence else None
        try:
            # Variable by variable: together they would tie more causes than the evidence does.
            answer = subject.engine.answer(subject.network, evidence.likelihoods, (name,))
        except EngineError:
            self.not_judged += [f"{name}={state}" for state in states if state != observed]
            return
        for state, probability in zip(states, answer.marginals[name].tolist(), strict=True):
            if state != observed and probability > 0.0:
                self.judge(kind, name, (state, probability), _with_state(subject, evidence, name, state))

    def judge(self, kind: Kind, name: str, state: tuple[str, float] | None, evidence: Evidence) -> None:
        """Note what changed evidence turns."""
        subject = self.subject
        try:
            outcome = subject.judge(subject.network, evidence)
        except EngineError:
            self.not_judged.append(f"{name}={state[0]}" if state else f"{name}{WITHDRAWN}")
            return
        turns = () if outcome is None else turned_by(subject, outcome)
        if outcome is None or not turns:
            return
        variable = subject.variables[name]
        self.flips.append(
            FindingFlip(
                kind=kind,
                variable=name,
                label=variable.label,
                given=subject.evidence[name].given if name in subject.evidence else None,
                state=state[0] if state else None,
                state_label=variable.states[state[0]] if state else "",
                probability=state[1] if state else None,
                turns=turns,
                becomes=tuple(spoken_turn(subject, each, outcome.turns[each]) for each in turns),
                explaining=outcome.turns.get("explaining"),
                probable=outcome.turns["probable"],
                level=outcome.level,
            )
        )


def _with_state(subject: Subject, evidence: Evidence, name: str, state: str) -> Evidence:
    """The evidence with one observation more."""
    states = subject.variables[name].states
    likelihood = tuple(float(each == state) for each in states)
    observations = {**evidence, name: Observation(name, states[state], state, likelihood)}
    return Evidence({each: observations[each] for each in subject.variables if each in observations})


def turned_by(subject: Subject, outcome: Outcome) -> tuple[Criterion, ...]:
    """What of the answer is another; where responsibility is None, nothing else explains the complaint."""
    now = subject.outcome.turns
    return tuple(each for each in CRITERIA if each in now and outcome.turns.get(each, now[each]) != now[each])
