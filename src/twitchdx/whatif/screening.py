"""Which numbers can move an answer: first-order predictions from exact derivatives.

On the scale z of a number (log-odds of a probability, logarithm of a ratio), and with log-odds of the
posterior,

    d logit P(c | e) / dz = (d ln P(c, e) / d number - d ln P(e) / d number) / P(not c | e) * d number / dz,

which is exact for the prior odds of the cause itself, however far they move. Predictions only choose and
order what is then compiled anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import Condition, ExactEngine
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Estimate, places_of_shared, walk_estimates
from twitchdx.uncertainty.jacobian import Jacobian, differentiate_compilation
from twitchdx.uncertainty.spread import Z_95, Spread, spread_of
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
    """First-order effects of numbers on one patient's posteriors.

    Attributes
    ----------
    numbers : tuple of Number
        The numbers, N of them.
    derivative : float64 array, shape (C, N)
        Of each posterior by each number.
    log_odds : float64 array, shape (C, N)
        Change of the log-odds of each posterior by one standard deviation of each number.
    log_evidence : float64 array, shape (N,)
        Change of ln P(evidence) by one standard deviation.
    """

    numbers: tuple[Number, ...]
    derivative: Array
    log_odds: Array
    log_evidence: Array


def find_slopes(subject: Subject, numbers: Sequence[Number], jacobian: Jacobian | None = None) -> Slopes:
    """First-order effects.

    An engine that has no slopes of its own leaves the prediction to the exact one.
    """
    engine = subject.engine if isinstance(subject.engine, ExactEngine) else ExactEngine()
    if jacobian is None:
        jacobian = differentiate_compilation(subject.spec, subject.network, engine)
    hypotheses = [
        (Condition(cause, tuple(range(1, subject.network.cardinality(cause)))),) for cause in subject.causes
    ]
    found = engine.differentiate(subject.network, subject.evidence.likelihoods, hypotheses)
    column = {path: index for index, path in enumerate(jacobian.paths)}
    by_estimate = jacobian.by_estimate(found.by_number)
    places = places_of_shared(subject.spec)
    # A shared number moves in all of its places at once.
    columns = [
        [column[path] for path in places.get(each.estimate.shared, (each.path,)) if path in column]
        for each in numbers
    ]
    slopes = np.array([by_estimate[:, each].sum(axis=1) for each in columns]).T.reshape(len(by_estimate), -1)
    masses = subject.outcome.masses
    relative = slopes[1:] - slopes[0]
    step = np.array([each.slope for each in numbers])
    with np.errstate(divide="ignore", invalid="ignore"):
        log_odds = relative * step / masses.absent[:, None]
    certain = (masses.present == 0.0) | (masses.absent == 0.0)
    log_odds[certain] = 0.0
    return Slopes(
        tuple(numbers),
        read_only(np.where(certain[:, None], 0.0, masses.present[:, None] * relative)),
        read_only(log_odds),
        read_only(slopes[0] * step),
    )


def predict(subject: Subject, slopes: Slopes, deviations: Array) -> Array:
    """Predicted posteriors, shape (C, N), when each number moves by its entry of `deviations`."""
    masses = subject.outcome.masses
    with np.errstate(divide="ignore"):
        place = np.log(masses.present) - np.log(masses.absent)
    moved = place[:, None] + slopes.log_odds * deviations
    small = np.exp(-np.abs(moved))
    found: Array = np.where(moved >= 0.0, 1.0, small) / (1.0 + small)
    return found


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

    They are the first of four rankings: by the distance at which another cause is the most probable; by that
    at which the level of care is another; by what a standard deviation does to ln P(evidence), where the
    links of what explains the complaint show; and by what it does to any posterior.
    """
    probable, level = _distances(subject, slopes)
    moved = predict(subject, slopes, np.ones(len(slopes.numbers))) - subject.outcome.masses.present[:, None]
    rankings = (
        probable,
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


def _distances(subject: Subject, slopes: Slopes) -> tuple[Array, Array]:
    """In how many standard deviations another cause leads, or the level is another; inf if out of reach."""
    count = len(slopes.numbers)
    now = subject.outcome
    leader = subject.causes.index(now.turns["probable"])
    probable, level = np.full(count, np.inf), np.full(count, np.inf)
    for distance in np.geomspace(0.1, 2.0 * FARTHEST, _TRIED):
        for sign in (-1.0, 1.0):
            present = predict(subject, slopes, np.full(count, sign * distance))
            leads = present.argmax(axis=0) != leader
            probable[leads] = np.minimum(probable[leads], distance)
            turned = _other_level(subject, present)
            level[turned] = np.minimum(level[turned], distance)
    return probable, level


def _other_level(subject: Subject, present: Array) -> NDArray[np.bool_]:
    """Where predicted posteriors ask for another level; a responsibility is taken to move with its cause."""
    now = subject.outcome
    before = now.masses.present
    turned = np.zeros(present.shape[1], dtype=np.bool_)
    for column in np.flatnonzero((np.abs(present - before[:, None]) > 0.0).any(axis=0)):
        after = present[:, column]
        of = now.responsibility
        if of is not None:
            of = {
                cause: min(of[cause] * after[k] / before[k], 1.0) if before[k] > 0.0 else 0.0
                for k, cause in enumerate(subject.causes)
            }
        probability = dict(zip(subject.causes, after.tolist(), strict=True))
        turned[column] = subject.level(subject.evidence, probability, of) != now.turns["level"]
    return turned
