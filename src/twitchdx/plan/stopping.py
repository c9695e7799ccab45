"""When to stop: whether anything that can be learnt now would change what to do, and what would."""

from __future__ import annotations

from collections.abc import Mapping

from twitchdx.plan.foresight import Foreseen
from twitchdx.plan.price import is_offered, price_of
from twitchdx.plan.results import Bundle
from twitchdx.plan.standing import Standing
from twitchdx.records import Stopping, WouldChange
from twitchdx.spec import LEVELS
from twitchdx.whatif import Subject

# What raises the level of care with at least this probability is worth learning, whatever its value.
LIKELY_TO_RAISE = 0.01
# Results that would change the level of care which an answer names.
_NAMED = 12


def worth_learning(subject: Subject, standing: Standing, foreseen: Foreseen) -> bool:
    """Whether what a bundle tells is worth its price, or may raise the level of care."""
    now = LEVELS.index(standing.level)
    if foreseen.share(foreseen.levels > now) >= LIKELY_TO_RAISE:
        return True
    return foreseen.value > price_of(subject, foreseen.results.bundle)


def judge_stopping(subject: Subject, standing: Standing, foreseen: Mapping[Bundle, Foreseen]) -> Stopping:
    """Whether there is anything left that is worth learning at this level of care.

    Parameters
    ----------
    subject : Subject
        The patient; the model states utilities.
    standing : Standing
        The decision as it is.
    foreseen : mapping of tuple of str to Foreseen
        What can be learnt, one thing at a time or together.
    """
    now = LEVELS.index(standing.level)
    offered = {
        bundle: each
        for bundle, each in foreseen.items()
        if all(is_offered(subject, name, standing.level) for name in bundle)
    }
    worth = {
        kind: [
            bundle
            for bundle, each in offered.items()
            if (subject.roles[bundle[0]] == "test") == (kind == "test")
            and worth_learning(subject, standing, each)
        ]
        for kind in ("test", "question")
    }
    least, most_telling = 1.0, ""
    for bundle, each in offered.items():
        same = 1.0 - each.share(each.levels != now)
        if same < least:
            least, most_telling = same, bundle[0]
    return Stopping(
        stop=not any(worth.values()),
        sentence=_sentence(tests=bool(worth["test"]), questions=bool(worth["question"])),
        same_decision=least,
        most_telling=most_telling,
    )


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
    """What would change the level of care by itself, the most probable first."""
    now = LEVELS.index(standing.level)
    found = []
    for name, foreseen in singles.items():
        variable = subject.variables[name]
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
    return tuple(sorted(found, key=lambda each: -each.probability)[:_NAMED])
