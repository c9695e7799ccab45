"""Causes that must not be missed: by the harm that can be expected, and which tests would exclude them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from twitchdx.care import get_care
from twitchdx.plan.foresight import Foreseen
from twitchdx.plan.results import Supposed, suppose
from twitchdx.records import Danger
from twitchdx.whatif import Subject

# Tests of which sets are tried, and how many of them a set has at most.
_TRIED, _TOGETHER = 5, 3


def find_dangers(subject: Subject, singles: Mapping[str, Foreseen]) -> tuple[Danger, ...]:
    """Every cause that can bring about a grave outcome, the greatest expected harm first.

    A set of tests excludes a cause to the residual risk of the model if its probability is below that once
    all of them have come out normal, in their first state. All sets of up to three of the five tests that
    then speak most against it are tried, the smaller ones first; of those that suffice the one is taken that
    is most likely to come out so.

    Parameters
    ----------
    subject : Subject
        The patient; the model states utilities.
    singles : mapping of str to Foreseen
        What each test would do by itself.
    """
    decision = subject.spec.decision
    weighing = get_care(subject.spec, subject.network).weighing
    assert decision is not None
    assert weighing is not None
    risk = 0.0 if decision.residual_risk is None else decision.residual_risk.value
    harms = weighing.harms(subject.marginals)
    # What is known to be there cannot be missed.
    unknown = {cause: harm for cause, harm in harms.items() if cause not in subject.evidence.states}
    found = [_danger(subject, singles, cause, harm, risk) for cause, harm in unknown.items()]
    return tuple(sorted(found, key=lambda each: (-each.expected_harm, each.cause)))


def _danger(
    subject: Subject, singles: Mapping[str, Foreseen], cause: str, harm: float, risk: float
) -> Danger:
    probability = float(subject.marginals[cause][0, 1:].sum())
    against = [] if probability < risk else _against(subject, singles, cause)[:_TRIED]
    chosen, residual, chance = _fewest(subject, cause, against, probability, risk)
    return Danger(
        cause=cause,
        label=subject.variables[cause].label,
        probability=probability,
        expected_harm=harm,
        excluded=probability < risk,
        excludable=residual < risk,
        tests=chosen,
        test_labels=tuple(subject.variables[name].label for name in chosen),
        residual=residual,
        chance=chance,
    )


def _against(subject: Subject, singles: Mapping[str, Foreseen], cause: str) -> list[str]:
    """The tests that speak against a cause when they are normal, the strongest first."""
    found = []
    before = float(subject.marginals[cause][0, 1:].sum())
    for name, foreseen in singles.items():
        normal = np.flatnonzero(foreseen.results.states[:, 0] == 0)
        if subject.roles[name] != "test" or not normal.size or cause not in looked_at(subject, name):
            continue
        after = float(foreseen.results.marginals[cause][normal[0], 1:].sum())
        if after < before * (1.0 - _SPEAKS):
            found.append((after, name))
    return [name for _, name in sorted(found)]


def looked_at(subject: Subject, test: str) -> set[str]:
    """The causes that a test looks at: those upstream of it with no other cause between.

    Others may tell of it as well, by what they have in common; nobody orders a test for that.

    Parameters
    ----------
    subject : Subject
        The patient.
    test : str
        The test.
    """
    found: set[str] = set()
    waiting = list(subject.network[test].parents)
    while waiting:
        name = waiting.pop()
        if subject.roles[name] == "cause":
            found.add(name)
        else:
            waiting.extend(subject.network[name].parents)
    return found


# A test counts as speaking against a cause if it lowers its probability by this share.
_SPEAKS = 0.1


def _fewest(
    subject: Subject, cause: str, against: Sequence[str], probability: float, risk: float
) -> tuple[tuple[str, ...], float, float]:
    """The smallest set that excludes a cause, the residual probability, and the chance of these results."""
    best: tuple[tuple[str, ...], float, float] = ((), probability, 1.0)
    if probability < risk:
        return best
    for sets in _by_size(against):
        rows = suppose(subject, [(), *sets])
        answers = subject.engine.answer_many(subject.network, rows, (cause,))
        after = answers.marginals[cause][1:, 1:].sum(axis=1)
        with np.errstate(invalid="ignore"):
            chance = np.exp(answers.log_evidence[1:] - answers.log_evidence[0])
        known = (answers.cells[1:] == 0.0) & (chance > 0.0)
        tried = [
            (tuple(name for name, _ in each), float(after[row]), float(chance[row]))
            for row, each in enumerate(sets)
            if known[row]
        ]
        sufficient = [each for each in tried if each[1] < risk]
        if sufficient:
            return max(sufficient, key=lambda each: each[2])
        best = min([best, *tried], key=lambda each: each[1])
    return best


def _by_size(against: Sequence[str]) -> Iterator[list[Supposed]]:
    for size in range(1, min(_TOGETHER, len(against)) + 1):
        yield [tuple((name, 0) for name in each) for each in combinations(against, size)]
