"""How sure an answer is: intervals to first order, from exact derivatives by every published number.

On the scale of log-odds a probability P(h | e) moves by

    d logit P(h | e) = sum_p (d ln P(h, e) / d p - d ln P(e) / d p) / (1 - P(h | e)) dp,

and a number p by its slope times a standard normal deviate. So the log-odds are normal with the sum of
squares as their variance, and the interval is where they lie with 95 %. It says what the stated uncertainty
of the numbers does; the structure of the model is taken as given.
"""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import Condition, Hypothesis, Slopes
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import ModelSpec
from twitchdx.uncertainty.beliefs import Beliefs, believe
from twitchdx.uncertainty.jacobian import Differentiating, Jacobian, differentiate_compilation
from twitchdx.uncertainty.reaching import TooManyTerms, reaching_hypotheses
from twitchdx.uncertainty.spread import Z_95

# A cause whose chains branch into more hypotheses than this has no interval round its responsibility.
_MOST_TERMS = 200
# From this many hypotheses on a second thread pays.
_SHARED = 24


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """What is believed of the numbers of a model, and how its network depends on them."""

    beliefs: Beliefs
    jacobian: Jacobian


@dataclass(frozen=True, eq=False)
class LogOddsUncertainty:
    """How some probabilities depend on the numbers of the model, for one patient.

    Attributes
    ----------
    names : tuple of str
        What they are the probabilities of, K of them.
    value : float64 array, shape (K,)
        The probabilities at the means of the numbers.
    log_odds : float64 array, shape (K,)
        Their natural log-odds; infinite where one is certain.
    effects : float64 array, shape (K, P)
        Change of the log-odds by one standard deviation of each estimate, in the order of `Beliefs.paths`; 0
        where the probability is certain.
    """

    names: tuple[str, ...]
    value: Array
    log_odds: Array
    effects: Array
    beliefs: Beliefs

    @cached_property
    def _independent(self) -> Array:
        return np.concatenate(self.beliefs.combine(self.effects), axis=1)

    @cached_property
    def deviation(self) -> Array:
        """Standard deviation of the log-odds, shape (K,)."""
        found: Array = np.sqrt((self._independent**2).sum(axis=1))
        return found

    def interval(self, name: str) -> tuple[float, float]:
        """Central 95 % interval of a probability."""
        at = self.names.index(name)
        if not math.isfinite(self.log_odds[at]):
            return float(self.value[at]), float(self.value[at])
        half = Z_95 * float(self.deviation[at])
        return _expit(float(self.log_odds[at]) - half), _expit(float(self.log_odds[at]) + half)

    def chance_above(self, name: str, other: str) -> float:
        """The probability that one of them is greater than another, given what is believed of the numbers."""
        a, b = self.names.index(name), self.names.index(other)
        gap = float(self.log_odds[a]) - float(self.log_odds[b])
        spread = float(np.sqrt(((self._independent[a] - self._independent[b]) ** 2).sum()))
        if spread == 0.0 or not math.isfinite(gap):
            return 0.5 if gap == 0.0 or math.isnan(gap) else float(gap > 0.0)
        return 0.5 * math.erfc(-gap / spread / math.sqrt(2.0))


@dataclass(frozen=True, slots=True, eq=False)
class AnswerUncertainty:
    """How sure an answer is.

    Attributes
    ----------
    probability : LogOddsUncertainty
        Of P(cause not absent | evidence).
    responsibility : LogOddsUncertainty or None
        Of the responsibilities of the causes that have one; None where there is no complaint to explain.
    """

    probability: LogOddsUncertainty
    responsibility: LogOddsUncertainty | None


_KNOWN: weakref.WeakKeyDictionary[Network, Uncertainty | None] = weakref.WeakKeyDictionary()


def measure_uncertainty(spec: ModelSpec, network: Network, engine: Differentiating) -> Uncertainty | None:
    """What is believed of the numbers, and how the network depends on them; found once a network.

    None where the engine has no slopes.
    """
    if network not in _KNOWN:
        jacobian = differentiate_compilation(spec, network, engine)
        _KNOWN[network] = None if jacobian is None else Uncertainty(believe(spec), jacobian)
    return _KNOWN[network]


def answer_uncertainty(
    uncertainty: Uncertainty,
    network: Network,
    likelihoods: Mapping[str, Array],
    causes: Sequence[str],
    complaint: str | None,
    engine: Differentiating,
) -> AnswerUncertainty | None:
    """How sure probabilities and responsibilities are, for one patient.

    Parameters
    ----------
    uncertainty : Uncertainty
        From `measure_uncertainty`.
    network : Network
        The compiled network.
    likelihoods : mapping of str to float64 array
        The evidence; it must be possible.
    causes : sequence of str
        The causes.
    complaint : str or None
        What responsibilities are for; None where there are none.
    engine : Differentiating
        Gives slopes.

    Returns
    -------
    AnswerUncertainty or None
        None where the engine has no slopes.
    """
    names = tuple(causes)
    asked: list[Hypothesis] = [_present(network, cause) for cause in names]
    owner: list[int] = []
    if complaint is not None:
        for grade in _grades(network, complaint, likelihoods):
            for number, terms in enumerate(_reaching(network, complaint, grade, names)):
                asked += terms
                owner += [number] * len(terms)
    slopes = _differentiate(engine, network, likelihoods, asked)
    if slopes is None:
        return None
    shares = np.exp(np.minimum(slopes.log_mass[1:] - slopes.log_mass[0], 0.0))
    count = len(names)
    absent = _shares_absent(engine, network, likelihoods, names, shares[:count])
    if absent is None:
        return None
    reached = np.bincount(owner, shares[count:], minlength=count)
    some = np.flatnonzero(reached > 0.0)
    moved = _sum_hypotheses(slopes, shares, np.array(owner, dtype=np.intp), count, some)
    by_estimate = uncertainty.jacobian.by_estimate(moved) * uncertainty.beliefs.slopes
    beliefs = uncertainty.beliefs
    probability = _log_odds(names, shares[:count], absent, by_estimate[:count], beliefs)
    if complaint is None:
        return AnswerUncertainty(probability, None)
    kept = np.minimum(reached[some], 1.0)
    explaining = tuple(names[k] for k in some)
    return AnswerUncertainty(
        probability, _log_odds(explaining, kept, 1.0 - kept, by_estimate[count:], beliefs)
    )


def _sum_hypotheses(
    slopes: Slopes, shares: Array, owner: NDArray[np.intp], count: int, some: NDArray[np.intp]
) -> Array:
    """Slopes of ln P(. | evidence): of the first hypotheses, and of the sums of those that a cause owns.

    Hypotheses are summed before anything is taken through the compilation, which then has less to do.
    """
    moved = np.empty([count + len(some), slopes.by_number.shape[1]])
    moved[:count] = slopes.by_number[1 : count + 1]
    for row, number in enumerate(some.tolist(), start=count):
        places = count + np.flatnonzero(owner == number)
        weights = shares[places] / shares[places].sum()
        moved[row] = (weights[:, None] * slopes.by_number[1 + places]).sum(axis=0)
    moved -= slopes.by_number[0]
    return moved


def _present(network: Network, cause: str) -> Hypothesis:
    return (Condition(cause, tuple(range(1, network.cardinality(cause)))),)


def _grades(network: Network, complaint: str, likelihoods: Mapping[str, Array]) -> list[int]:
    """The grades above the first that the complaint may have."""
    told = likelihoods.get(complaint)
    return [g for g in range(1, network.cardinality(complaint)) if told is None or told[g] > 0.0]


@lru_cache(maxsize=64)
def _reaching(
    network: Network, complaint: str, grade: int, causes: tuple[str, ...]
) -> tuple[tuple[Hypothesis, ...], ...]:
    """Of each cause the hypotheses that it reaches the complaint; none where they would be too many."""
    found: list[tuple[Hypothesis, ...]] = []
    for cause in causes:
        try:
            found.append(reaching_hypotheses(network, complaint, grade, cause, _MOST_TERMS))
        except TooManyTerms:
            found.append(())
    return tuple(found)


def _differentiate(
    engine: Differentiating, network: Network, likelihoods: Mapping[str, Array], asked: Sequence[Hypothesis]
) -> Slopes | None:
    """The slopes of all hypotheses, half of them in a second thread: the engine lets others run meanwhile."""
    if len(asked) < _SHARED or (os.cpu_count() or 1) < 2:
        return engine.differentiate(network, likelihoods, asked)
    middle = len(asked) // 2
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(engine.differentiate, network, likelihoods, asked[middle:])
        first = engine.differentiate(network, likelihoods, asked[:middle])
        second = later.result()
    if first is None or second is None:
        return None
    return Slopes(
        np.concatenate([first.log_mass, second.log_mass[1:]]),
        np.concatenate([first.by_number, second.by_number[1:]]),
    )


def _shares_absent(
    engine: Differentiating,
    network: Network,
    likelihoods: Mapping[str, Array],
    causes: Sequence[str],
    present: Array,
) -> Array | None:
    """P(cause absent | evidence), asked for by itself where 1 - P has no digits."""
    absent = 1.0 - present
    close = np.flatnonzero(present > 0.5).tolist()
    if close:
        rest = engine.differentiate(network, likelihoods, [(Condition(causes[k], (0,)),) for k in close])
        if rest is None:
            return None
        absent[close] = np.exp(np.minimum(rest.log_mass[1:] - rest.log_mass[0], 0.0))
    return absent


def _log_odds(
    names: tuple[str, ...], value: Array, rest: Array, moved: Array, beliefs: Beliefs
) -> LogOddsUncertainty:
    """From the effects on the log of each probability to those on its log-odds."""
    certain = (value <= 0.0) | (rest <= 0.0)
    with np.errstate(divide="ignore"):
        log_odds = np.log(value) - np.log(rest)
    effects = np.where(certain[:, None], 0.0, moved / np.where(certain, 1.0, rest)[:, None])
    return LogOddsUncertainty(names, value, log_odds, effects, beliefs)


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))
