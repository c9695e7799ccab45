"""What it costs to learn something: burden and money, a sample that is shared being taken once."""

from __future__ import annotations

from collections.abc import Iterable

from twitchdx.spec import LEVELS, Finding, Level, Test
from twitchdx.steps import in_units
from twitchdx.whatif import Subject


def price_of(subject: Subject, variables: Iterable[str], taken: Iterable[str] = ()) -> float:
    """Burden and money of learning some variables together, in the unit of utility.

    Tests of one sample bear its burden once, the greatest of theirs; each bears its own cost. A test without
    a sample bears its own burden. A question bears the burden that the model states for one.

    Parameters
    ----------
    subject : Subject
        The patient; the model states utilities.
    variables : iterable of str
        What is learnt.
    taken : iterable of str, optional
        Samples that are taken anyway, whose burden is not borne again.
    """
    decision = subject.spec.decision
    assert decision is not None
    samples = dict.fromkeys(taken, 0.0)
    free = set(samples)
    total = 0.0
    for name in variables:
        variable = subject.variables[name]
        if not isinstance(variable, Test):
            total += in_units(decision, decision.question_burden, None)
            continue
        total += in_units(decision, None, variable.cost)
        burden = in_units(decision, variable.burden, None)
        if not variable.sample:
            total += burden
        elif variable.sample not in free:
            samples[variable.sample] = max(samples.get(variable.sample, 0.0), burden)
    return total + sum(samples.values())


def offered_from(subject: Subject, name: str) -> Level:
    """The least level of care at which a variable can be learnt.

    Tests say so; a sign needs an examiner, and so at least an ordinary visit; a question needs nobody.
    """
    variable = subject.variables[name]
    if isinstance(variable, Test):
        return variable.available_from
    if isinstance(variable, Finding) and variable.observed_by == "examination":
        return LEVELS[1]
    return LEVELS[0]


def is_offered(subject: Subject, name: str, level: Level) -> bool:
    """Whether a variable can be learnt at a level of care."""
    return LEVELS.index(offered_from(subject, name)) <= LEVELS.index(level)
