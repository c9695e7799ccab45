"""When to stop: whether anything that can be learnt now would change what to do, and what would."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from twitchdx.plan.foresight import Foreseen
from twitchdx.plan.price import is_offered
from twitchdx.plan.results import Bundle
from twitchdx.plan.standing import Standing
from twitchdx.records import NextStep, Stopping, WouldChange
from twitchdx.spec import LEVELS
from twitchdx.whatif import Subject

# What raises the level of care with at least this probability is worth learning, whatever its value.
LIKELY_TO_RAISE = 0.01
# Results that would change the level of care which an answer names.
_NAMED = 12
_HELP_FIRST = "Get help first; nothing needs to be learnt before that."
_KEPT = "The tests of the plan are there because a rule asks for them or a danger is not excluded."
_NOT_ALL = "Not everything that may be dangerous could be weighed; ask about it before you stop."


class Learning(Protocol):
    """A step with what it is worth: a `Weighed`."""

    @property
    def step(self) -> NextStep:
        """The step."""
        ...

    @property
    def pays(self) -> bool:
        """Whether it is worth more than its price."""
        ...

    @property
    def alarming(self) -> bool:
        """Whether its result is likely enough to raise the level of care."""
        ...


def judge_stopping(
    subject: Subject,
    standing: Standing,
    foreseen: Mapping[Bundle, Foreseen],
    learning: Collection[Learning],
    refused: Collection[str],
) -> Stopping:
    """Whether there is anything left that is worth learning.

    Parameters
    ----------
    subject : Subject
        The patient.
    standing : Standing
        The decision as it is.
    foreseen : mapping of tuple of str to Foreseen
        What can be learnt, one thing at a time or together.
    learning : collection of Learning
        The steps of the plan.
    refused : collection of str
        What red flags look at and could not be weighed: as long as there is any, it is no time to stop.
    """
    now = LEVELS.index(standing.level)
    least, most_telling = 1.0, ""
    for bundle, each in foreseen.items():
        if all(is_offered(subject, name, standing.level) for name in bundle):
            same = each.share(each.levels == now)
            if same < least:
                least, most_telling = same, bundle[0]
    worth = {each.step.kind for each in learning if each.pays or each.alarming}
    if now == len(LEVELS) - 1:
        stop, sentence = True, _HELP_FIRST
    elif refused and worth.isdisjoint({"test", "question"}):
        stop, sentence = False, _NOT_ALL
    else:
        stop = worth.isdisjoint({"test", "question"})
        sentence = _sentence(tests="test" in worth, questions="question" in worth)
        if "test" not in worth and any(each.step.kind == "test" for each in learning):
            sentence = f"{sentence} {_KEPT}"
    return Stopping(stop=stop, sentence=sentence, same_decision=least, most_telling=most_telling)


def _sentence(*, tests: bool, questions: bool) -> str:
    if tests and questions:
        return "Some questions and tests are still worth their trouble."
    if tests:
        return "Some tests are worth their trouble; no further question is likely to change what to do."
    if questions:
        return "Some questions are still worth asking; no available test would change what to do."
    return "No available test and no further question would change what to do."


def would_change(
    subject: Subject, standing: Standing, singles: Mapping[str, Foreseen]
) -> tuple[WouldChange, ...]:
    """What can be learnt at this level of care and would change it by itself, the most probable first."""
    now = LEVELS.index(standing.level)
    found = []
    for name, foreseen in singles.items():
        variable = subject.variables[name]
        if not is_offered(subject, name, standing.level):
            continue
        for row, level in enumerate(foreseen.levels.tolist()):
            if level == now:
                continue
            state = tuple(variable.states)[int(foreseen.results.states[row, 0])]
            found.append(
                WouldChange(
                    variable=name,
                    label=variable.label,
                    state=state,
                    state_label=variable.states[state],
                    probability=float(foreseen.results.probability[row]),
                    level=LEVELS[level],
                )
            )
    return tuple(sorted(found, key=lambda each: (-each.probability, each.variable, each.state))[:_NAMED])
