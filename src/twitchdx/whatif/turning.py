"""The smallest change of one number that turns the answer, and which turn it within their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twitchdx.whatif.parameters import dotted
from twitchdx.whatif.robustness import Criterion, NumberFlip
from twitchdx.whatif.screening import FARTHEST, Number
from twitchdx.whatif.subject import CRITERIA, ChangedNumbers, Outcome, spoken_turn

# The place of a turn is found to this many standard deviations.
_CLOSE = 1e-3
# A number that the others do not let move so far is moved by less.
_FRACTIONS = (1.0, 0.75, 0.5, 0.25, 0.1)


@dataclass(frozen=True, slots=True)
class Turns:
    """What single numbers turn.

    Attributes
    ----------
    smallest : tuple of NumberFlip
        By criterion, then by distance.
    within : mapping of Criterion to tuple of str
        Paths of the numbers that turn it at an end of their interval, or before.
    stopped : tuple of str
        Paths of the numbers that could not be moved to one end of their interval or to either, because the
        other numbers do not allow it.
    """

    smallest: tuple[NumberFlip, ...]
    within: dict[Criterion, tuple[str, ...]]
    stopped: tuple[str, ...]


def find_turns(changed: ChangedNumbers, numbers: Sequence[Number], count: int) -> Turns:
    """What each of some numbers turns when it alone is moved.

    It is moved by up to four standard deviations, or to the end of its interval where that is farther. In
    either direction the model is compiled with the farthest value first. What has not turned there is taken
    not to turn before: a posterior is monotone in any number that enters the network once. Then the nearest
    place is found by bisection, for numbers that turn the answer nearer than the best found so far.

    Parameters
    ----------
    changed : ChangedNumbers
        Gives answers of models compiled anew.
    numbers : sequence of Number
        The numbers.
    count : int
        How many of the smallest changes are wanted for each criterion.
    """
    reached: list[_End] = []
    stopped: list[str] = []
    for number in numbers:
        ends = [_reach(changed, number, direction) for direction in (-1.0, 1.0)]
        reached += [end for end in ends if end is not None]
        if not all(end is not None and end.followed for end in ends):
            stopped.append(dotted(number.path))
    now = changed.subject.outcome.turns
    smallest: list[NumberFlip] = []
    within: dict[Criterion, tuple[str, ...]] = {}
    for criterion in CRITERIA:
        if criterion not in now:
            continue
        turned = [end for end in reached if _turned(changed, end.outcome, criterion)]
        inside = [end.number for end in turned if _turned(changed, end.at_interval, criterion)]
        within[criterion] = tuple(dict.fromkeys(dotted(number.path) for number in inside))
        smallest += _nearest(changed, turned, criterion, count)
    return Turns(tuple(smallest), within, tuple(stopped))


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """A number moved as far as it is to go in one direction, and what the model says there.

    `followed` says whether that is at least as far as the end of its interval.
    """

    number: Number
    deviations: float
    followed: bool
    outcome: Outcome
    at_interval: Outcome | None


def _reach(changed: ChangedNumbers, number: Number, direction: float) -> _End | None:
    end = number.low if direction < 0.0 else number.high
    interval = abs(number.deviations(end))
    if not math.isfinite(interval):
        interval = 2.0 * FARTHEST  # an end at 0 or 1 is infinitely far on the scale
    farthest = max(FARTHEST, interval)
    # What lies beyond its interval may not be allowed, and the end of that still be.
    for distance in sorted({interval, *(farthest * each for each in _FRACTIONS)}, reverse=True):
        deviations = direction * distance
        value = end if distance == abs(number.deviations(end)) else number.moved(deviations)
        outcome = changed.judge(number.path, number.estimate, value)
        if outcome is not None:
            break
    else:
        return None
    at_interval: Outcome | None = None
    if outcome.turns != changed.subject.outcome.turns:
        nearer = direction * min(interval, abs(deviations))
        at_interval = changed.judge(number.path, number.estimate, number.moved(nearer))
    return _End(number, deviations, distance >= interval, outcome, at_interval)


def _turned(changed: ChangedNumbers, outcome: Outcome | None, criterion: Criterion) -> bool:
    """Whether this part of the answer is another; where responsibility is None there is no other."""
    now = changed.subject.outcome.turns
    return outcome is not None and outcome.turns.get(criterion, now[criterion]) != now[criterion]


def _nearest(
    changed: ChangedNumbers, turned: Sequence[_End], criterion: Criterion, count: int
) -> list[NumberFlip]:
    found: list[NumberFlip] = []
    for end in sorted(turned, key=lambda each: _guess(changed, each, criterion)):
        bound = abs(found[count - 1].distance) if len(found) >= count else math.inf
        flip = _bisect(changed, end, criterion, bound)
        if flip is not None:
            found = sorted([*found, flip], key=lambda each: abs(each.distance))
    return found[:count]


def _guess(changed: ChangedNumbers, end: _End, criterion: Criterion) -> float:
    """About where it turns, if the lead of one cause over the other changes evenly."""
    now = changed.subject.outcome
    half = 0.5 * abs(end.deviations)
    if criterion == "level":
        return half
    leads = [
        _lead(changed, each, now.turns[criterion], end.outcome.turns[criterion], criterion)
        for each in (now, end.outcome)
    ]
    if not all(map(math.isfinite, leads)) or leads[0] <= leads[1]:
        return half
    return abs(end.deviations) * leads[0] / (leads[0] - leads[1])


def _lead(changed: ChangedNumbers, outcome: Outcome, first: str, second: str, criterion: Criterion) -> float:
    """By how much the logarithm for one cause exceeds that for another."""
    if criterion == "explaining" and outcome.responsibility is not None:
        values = [outcome.responsibility[cause] for cause in (first, second)]
    else:
        values = [
            float(outcome.masses.present[changed.subject.causes.index(cause)]) for cause in (first, second)
        ]
    return math.log(values[0]) - math.log(values[1]) if min(values) > 0.0 else math.nan


def _bisect(changed: ChangedNumbers, end: _End, criterion: Criterion, bound: float) -> NumberFlip | None:
    """The nearest place where it has turned; None if that is not nearer than a bound."""
    number = end.number
    near, far, there = 0.0, end.deviations, end.outcome
    if bound < abs(far):
        far = math.copysign(bound, far)
        judged = changed.judge(number.path, number.estimate, number.moved(far))
        if judged is None or not _turned(changed, judged, criterion):
            return None
        there = judged
    while abs(far - near) > _CLOSE:
        middle = 0.5 * (near + far)
        outcome = changed.judge(number.path, number.estimate, number.moved(middle))
        if outcome is not None and _turned(changed, outcome, criterion):
            far, there = middle, outcome
        else:
            near = middle
    value = number.moved(far)
    before, after = (each.turns[criterion] for each in (changed.subject.outcome, there))
    return NumberFlip(
        criterion=criterion,
        before=before,
        after=after,
        after_label=spoken_turn(changed.subject, criterion, after),
        path=dotted(number.path),
        grade=number.estimate.grade,
        value=number.estimate.value,
        low=number.low,
        high=number.high,
        turns_at=value,
        distance=far,
        within_interval=number.low <= value <= number.high,
    )
