"""How sure an answer is: intervals to first order, from exact derivatives by every published number.

On the scale of log-odds a probability P moves by d logit P = sum_p (d logit P / d p) dp, and the numbers p
move with independent standard normal deviates (see `Beliefs`). So the log-odds are normal with the sum of
squares as their variance.

Where they are centred, the *mean* of the probability decides, which is the posterior at the means of the
numbers: P(e) is linear in every number by itself, so that averages of P(h, e) and P(e) over independent
numbers are their values at the means, and their ratio is the mean of P(h | e) over numbers weighted by P(e).
A rare and uncertain probability has most of its weight below its mean.

The interval says what the stated uncertainty of the numbers does; the structure of the model is taken as
given.
"""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twitchdx.engines import Differentiating
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import ModelSpec
from twitchdx.uncertainty.beliefs import Beliefs, believe
from twitchdx.uncertainty.jacobian import Jacobian, differentiate_compilation
from twitchdx.uncertainty.spread import Z_95, centres, expit


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """What is believed of the numbers of a model, and how its network depends on them.

    Attributes
    ----------
    beliefs : Beliefs
        The joint distribution of the published numbers.
    jacobian : Jacobian
        Numbers of the network by published numbers.
    by_deviate : Jacobian
        Numbers of the network by the independent deviates of `Beliefs.moves`.
    """

    beliefs: Beliefs
    jacobian: Jacobian
    by_deviate: Jacobian


@dataclass(frozen=True, eq=False)
class LogOddsUncertainty:
    """How some probabilities depend on the numbers of the model, for one patient.

    Attributes
    ----------
    names : tuple of str
        What they are the probabilities of, K of them.
    value : float64 array, shape (K,)
        The probabilities: the means of what is believed of them.
    log_odds : float64 array, shape (K,)
        Their natural log-odds; infinite where one is certain.
    effects : float64 array, shape (K, deviates)
        Change of the log-odds by each of the independent deviates of `Beliefs.moves`; 0 where the probability
        is certain.
    """

    names: tuple[str, ...]
    value: Array
    log_odds: Array
    effects: Array

    @cached_property
    def deviation(self) -> Array:
        """Standard deviation of the log-odds, shape (K,)."""
        found: Array = np.sqrt((self.effects**2).sum(axis=1))
        return found

    @cached_property
    def centre(self) -> Array:
        """Mean of the log-odds, shape (K,): not those of the mean; infinite where one is certain."""
        return centres(self.value, self.log_odds, self.deviation)

    @cached_property
    def _ends(self) -> Array:
        """Central 95 % intervals, shape (K, 2); rounding must not leave the value of a narrow one outside."""
        half = Z_95 * self.deviation
        ends = expit(np.stack([self.centre - half, self.centre + half], axis=1))
        still = (self.deviation == 0.0) | ~np.isfinite(self.log_odds)
        ends[still] = self.value[still, None]
        return ends

    def interval(self, name: str) -> tuple[float, float]:
        """Central 95 % interval of a probability."""
        low, high = self._ends[self.names.index(name)].tolist()
        return low, high

    def chance_above(self, name: str, other: str) -> float:
        """The probability that one of them is greater than another, given what is believed of the numbers."""
        a, b = self.names.index(name), self.names.index(other)
        spread = float(np.sqrt(((self.effects[a] - self.effects[b]) ** 2).sum()))
        return _chance(float(self.centre[a]) - float(self.centre[b]), spread)

    def chance_at_least(self, name: str, bound: float) -> float:
        """The probability that one of them is at least so great, given what is believed of the numbers."""
        at = self.names.index(name)
        if not 0.0 < bound < 1.0:
            return float(self.value[at] >= bound)
        gap = float(self.centre[at]) - math.log(bound / (1.0 - bound))
        return 1.0 if gap == 0.0 == self.deviation[at] else _chance(gap, float(self.deviation[at]))


def _chance(gap: float, spread: float) -> float:
    """P(N(gap, spread^2) > 0)."""
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
        Of the responsibilities above 0; None where there is no complaint to explain.
    unexplained : LogOddsUncertainty or None
        Of P(no cause reaches the complaint | evidence), under the name of the complaint.
    """

    probability: LogOddsUncertainty
    responsibility: LogOddsUncertainty | None
    unexplained: LogOddsUncertainty | None


_KNOWN: weakref.WeakKeyDictionary[Network, Uncertainty] = weakref.WeakKeyDictionary()


def measure_uncertainty(spec: ModelSpec, network: Network, engine: Differentiating) -> Uncertainty:
    """What is believed of the numbers, and how the network depends on them; found once a network."""
    if network not in _KNOWN:
        beliefs, jacobian = believe(spec), differentiate_compilation(spec, network, engine)
        _KNOWN[network] = Uncertainty(beliefs, jacobian, jacobian.then(beliefs.moves))
    return _KNOWN[network]
