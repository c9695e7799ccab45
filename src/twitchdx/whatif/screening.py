"""Which numbers can move an answer: first-order predictions from exact derivatives.

On the scale z of a number (log-odds of a probability, logarithm of a ratio), and with log-odds of the
posterior,

    d logit P(c | e) / dz = d logit P(c | e) / d number * d number / dz,

which is exact for the prior odds of the cause itself, however far they move. Predictions only choose and
order what is then compiled anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import ExactEngine
from twitchdx.explain.differentiation import differentiate_answer
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Estimate, places_of_shared, walk_estimates
from twitchdx.uncertainty.jacobian import Jacobian, differentiate_compilation
from twitchdx.uncertainty.spread import Z_95, Spread, expit, spread_of
from twitchdx.whatif.parameters import Path
from twitchdx.whatif.subject import Subject, bearing

#: How far a number is moved in search of another answer, in standard deviations.
FARTHEST = 4.0
# Distances at which a prediction is looked at, each 1.4 times the one before.
_TRIED = 14


@dataclass(frozen=True, slots=True)
class Number:
    """A published number that is uncertain.

    Attributes
    ----------
    path : tuple
        Its place in the model.
    estimate : Estimate
        What the model says of it.
    spread : Spread
        Its scale, and its standard deviation there.
    low, high : float
        Its 95 % interval; where only a sample size is stated, 1.96 standard deviations on either side.
    """

    path: Path
    estimate: Estimate
    spread: Spread
    low: float
    high: float

    def moved(self, deviations: float) -> float:
        """The number moved by some standard deviations on its scale."""
        return self.unscale(self.scaled(self.estimate.value) + deviations * self.spread.deviation)

    def deviations(self, value: float) -> float:
        """How many standard deviations away a value lies."""
        return (self.scaled(value) - self.scaled(self.estimate.value)) / self.spread.deviation

    def scaled(self, value: float) -> float:
        """A value on the scale of the number; infinite at the edge of the scale."""
        if value <= 0.0:
            return -math.inf
        if self.spread.scale == "log":
            return math.log(value)
        return math.log(value) - math.log1p(-value) if value < 1.0 else math.inf

    def unscale(self, place: float) -> float:
        """The value at a place of the scale."""
        if self.spread.scale == "log":
            return math.exp(place)
        small = math.exp(-abs(place))
        return (1.0 if place >= 0.0 else small) / (1.0 + small)

    @property
    def slope(self) -> float:
        """Change of the number by one standard deviation, at its value."""
        return self.spread.slope


def uncertain_numbers(subject: Subject) -> tuple[Number, ...]:
    """The numbers of the network with a stated uncertainty, where they can matter to this patient.

    One of a variable that neither is observed or a cause, nor lies upstream of such a one, cannot. A shared
    number stands once, under the first of its places that can.
    """
    needed = bearing(subject)
    found = []
    seen: set[str] = set()
    for path, estimate in walk_estimates(subject.spec):
        if "distribution" not in path or str(path[1]) not in needed:
            continue
        spread = spread_of(path, estimate)
        if spread.scale == "fixed" or estimate.shared in seen:
            continue
        seen |= {estimate.shared} - {""}
        number = Number(path, estimate, spread, estimate.value, estimate.value)
        if estimate.low is not None and estimate.high is not None:
            low, high = estimate.low, estimate.high
        else:
            low, high = number.moved(-Z_95), number.moved(Z_95)
        found.append(Number(path, estimate, spread, low, high))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """First-order effects of numbers on one patient's answer.

    Attributes
    ----------
    numbers : tuple of Number
        The numbers, N of them.
    derivative : float64 array, shape (C, N)
        Of each posterior by each number.
    log_odds : float64 array, shape (C, N)
        Change of the log-odds of each posterior by one standard deviation of each number.
    responsibility : float64 array, shape (C, N), or None
        The same of each responsibility; 0 for a cause without one. None where there is nothing to explain.
    log_evidence : float64 array, shape (N,)
        Change of ln P(evidence) by one standard deviation.
    """

    numbers: tuple[Number, ...]
    derivative: Array
    log_odds: Array
    responsibility: Array | None
    log_evidence: Array


def find_slopes(subject: Subject, numbers: Sequence[Number], jacobian: Jacobian | None = None) -> Slopes:
    """First-order effects.

    An engine that has no slopes of its own leaves the prediction to the exact one.
    """
    engine = subject.engine if isinstance(subject.engine, ExactEngine) else ExactEngine()
    if jacobian is None:
        jacobian = differentiate_compilation(subject.spec, subject.network, engine)
    likelihoods, outcome = subject.evidence.likelihoods, subject.outcome
    states = {
        cause: np.array(pair)
        for cause, *pair in zip(subject.causes, outcome.masses.absent, outcome.masses.present, strict=True)
    }
    explained = subject.complaint if outcome.responsibility is not None else None
    found = differentiate_answer(subject.network, likelihoods, states, explained, engine)
    column = {path: index for index, path in enumerate(jacobian.paths)}
    places = places_of_shared(subject.spec)
    # A shared number moves in all of its places at once.
    columns = [
        [column[path] for path in places.get(each.estimate.shared, (each.path,)) if path in column]
        for each in numbers
    ]

    def by_number(slopes: Array) -> Array:
        by_estimate = jacobian.by_estimate(slopes)
        summed = [by_estimate[:, each].sum(axis=1) for each in columns]
        return np.array(summed).T.reshape(len(slopes), -1)

    step = np.array([each.slope for each in numbers])
    log_odds = by_number(found.probability.by_number)
    responsibility = None
    if found.responsibility is not None:
        responsibility = np.zeros_like(log_odds)
        rows = [subject.causes.index(name) for name in found.responsibility.names]
        responsibility[rows] = by_number(found.responsibility.by_number) * step
    spread = outcome.masses.present * outcome.masses.absent
    log_evidence = by_number(engine.differentiate(subject.network, likelihoods, []).by_number)[0]
    return Slopes(
        tuple(numbers),
        read_only(spread[:, None] * log_odds),
        read_only(log_odds * step),
        responsibility,
        read_only(log_evidence * step),
    )


def predict(subject: Subject, slopes: Slopes, deviations: Array) -> Array:
    """Predicted posteriors, shape (C, N), when each number moves by its entry of `deviations`."""
    masses = subject.outcome.masses
    with np.errstate(divide="ignore"):
        place = np.log(masses.present) - np.log(masses.absent)
    return expit(place[:, None] + slopes.log_odds * deviations)


def predict_responsibilities(subject: Subject, slopes: Slopes, deviations: Array) -> Array:
    """The same of responsibilities; of those that are certain, what they are."""
    assert slopes.responsibility is not None
    assert subject.outcome.responsibility is not None
    now = np.array([subject.outcome.responsibility[cause] for cause in subject.causes])
    with np.errstate(divide="ignore"):
        place = np.log(now) - np.log1p(-now)
    return expit(place[:, None] + slopes.responsibility * deviations)


def widest(subject: Subject, slopes: Slopes, cause: str, count: int) -> list[Number]:
    """The numbers whose intervals move a posterior most, as predicted; the widest first."""
    row = subject.causes.index(cause)
    ends = [_ends(each) for each in slopes.numbers]
    down, up = (predict(subject, slopes, np.array(each))[row] for each in zip(*ends, strict=True))
    return _first(slopes.numbers, -np.abs(up - down), count)


def _ends(number: Number) -> tuple[float, float]:
    down, up = number.deviations(number.low), number.deviations(number.high)
    # An end at the edge of the scale is infinitely far: as good as the farthest.
    return max(down, -2.0 * FARTHEST), min(up, 2.0 * FARTHEST)


def likely_to_turn(subject: Subject, slopes: Slopes, count: int) -> list[Number]:
    """The numbers that are predicted to turn the answer soonest, or to move it most.

    They are the first of five rankings: by the distance at which another cause is the most probable, or
    explains the complaint best; by that at which the level of care is another; by what a standard deviation
    does to ln P(evidence), where the links of what explains the complaint show; and by what it does to any
    posterior.
    """
    probable, explaining, level = _distances(subject, slopes)
    moved = predict(subject, slopes, np.ones(len(slopes.numbers))) - subject.outcome.masses.present[:, None]
    rankings = (
        probable,
        explaining,
        level,
        -np.abs(slopes.log_evidence),
        -np.abs(moved).max(axis=0),
    )
    found: dict[Path, Number] = {}
    for ranking in rankings:
        found |= {each.path: each for each in _first(slopes.numbers, ranking, count)}
    return list(found.values())


def _first(numbers: Sequence[Number], ranking: Array, count: int) -> list[Number]:
    """The numbers with the lowest entries of a ranking, without those out of reach (inf) or of no effect."""
    order = np.argsort(ranking, kind="stable")[:count]
    return [numbers[index] for index in order if np.isfinite(ranking[index]) and ranking[index] != 0.0]


def _distances(subject: Subject, slopes: Slopes) -> tuple[Array, Array, Array]:
    """In how many standard deviations another cause leads, by either measure, or the level is another.

    Infinite if that is out of reach.
    """
    count = len(slopes.numbers)
    now = subject.outcome.turns
    probable, explaining, level = (np.full(count, np.inf) for _ in range(3))
    for distance in np.geomspace(0.1, 2.0 * FARTHEST, _TRIED):
        for sign in (-1.0, 1.0):
            moved = np.full(count, sign * distance)
            present = predict(subject, slopes, moved)
            leads = present.argmax(axis=0) != subject.causes.index(now["probable"])
            probable[leads] = np.minimum(probable[leads], distance)
            of = None
            if slopes.responsibility is not None:
                of = predict_responsibilities(subject, slopes, moved)
                leads = of.argmax(axis=0) != subject.causes.index(now["explaining"])
                explaining[leads] = np.minimum(explaining[leads], distance)
            turned = _other_level(subject, present, of)
            level[turned] = np.minimum(level[turned], distance)
    return probable, explaining, level


def _other_level(subject: Subject, present: Array, of: Array | None) -> NDArray[np.bool_]:
    """Where predicted posteriors and responsibilities make the rules ask for another level."""
    before = subject.outcome.masses.present
    given = dict(zip(subject.causes, before.tolist(), strict=True))
    now = subject.level_by_rules(subject.evidence, given, subject.outcome.responsibility)
    turned = np.zeros(present.shape[1], dtype=np.bool_)
    for column in np.flatnonzero((np.abs(present - before[:, None]) > 0.0).any(axis=0)):
        probability = dict(zip(subject.causes, present[:, column].tolist(), strict=True))
        explains = None if of is None else dict(zip(subject.causes, of[:, column].tolist(), strict=True))
        turned[column] = subject.level_by_rules(subject.evidence, probability, explains) != now
    return turned
