"""How sure every posterior is: intervals to first order, from exact derivatives by every published number.

On the scale of log-odds a posterior moves by

    d logit P(c | e) = sum_p (d ln P(c, e) / d p - d ln P(e) / d p) / (1 - P(c | e)) dp,

and a number p by its slope times a standard normal deviate. So its log-odds are normal with the sum of squares as their
variance, and the interval is where they lie with 95 %. It says what the stated uncertainty of the numbers does; the
structure of the model is taken as given.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import ModelSpec
from twitchdx.uncertainty.beliefs import Beliefs, believe
from twitchdx.uncertainty.jacobian import Differentiating, Jacobian, differentiate_compilation
from twitchdx.uncertainty.spread import Z_95


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    """What is believed of the numbers of a model, and how its network depends on them."""

    beliefs: Beliefs
    jacobian: Jacobian


@dataclass(frozen=True, eq=False)
class PosteriorUncertainty:
    """How the posteriors of some causes depend on the numbers of the model, for one patient.

    Attributes
    ----------
    causes : tuple of str
        The causes, C of them.
    probability : float64 array, shape (C,)
        P(cause not absent | evidence).
    log_odds : float64 array, shape (C,)
        Their natural log-odds; infinite where a cause is certain.
    effects : float64 array, shape (C, P)
        Change of the log-odds by one standard deviation of each estimate, in the order of `Beliefs.paths`; 0 for a cause
        that is certain.
    """

    causes: tuple[str, ...]
    probability: Array
    log_odds: Array
    effects: Array
    beliefs: Beliefs

    @cached_property
    def _independent(self) -> Array:
        return np.concatenate(self.beliefs.combine(self.effects), axis=1)

    @cached_property
    def deviation(self) -> Array:
        """Standard deviation of the log-odds, shape (C,)."""
        found: Array = np.sqrt((self._independent**2).sum(axis=1))
        return found

    def interval(self, cause: str) -> tuple[float, float]:
        """Central 95 % interval of P(cause not absent | evidence)."""
        at = self.causes.index(cause)
        if not math.isfinite(self.log_odds[at]):
            return float(self.probability[at]), float(self.probability[at])
        half = Z_95 * float(self.deviation[at])
        return _expit(float(self.log_odds[at]) - half), _expit(float(self.log_odds[at]) + half)

    def chance_above(self, cause: str, other: str) -> float:
        """The probability that one cause is more probable than another, given what is believed of the numbers."""
        a, b = self.causes.index(cause), self.causes.index(other)
        gap = float(self.log_odds[a]) - float(self.log_odds[b])
        spread = float(np.sqrt(((self._independent[a] - self._independent[b]) ** 2).sum()))
        if spread == 0.0 or not math.isfinite(gap):
            return 0.5 if gap == 0.0 or math.isnan(gap) else float(gap > 0.0)
        return 0.5 * math.erfc(-gap / spread / math.sqrt(2.0))


_KNOWN: weakref.WeakKeyDictionary[Network, Uncertainty | None] = weakref.WeakKeyDictionary()


def measure_uncertainty(spec: ModelSpec, network: Network, engine: Differentiating) -> Uncertainty | None:
    """What is believed of the numbers of a model and how its network depends on them; worked out once a network.

    None where the engine has no slopes.
    """
    if network not in _KNOWN:
        jacobian = differentiate_compilation(spec, network, engine)
        _KNOWN[network] = None if jacobian is None else Uncertainty(believe(spec), jacobian)
    return _KNOWN[network]


def posterior_uncertainty(
    uncertainty: Uncertainty,
    network: Network,
    likelihoods: Mapping[str, Array],
    causes: Sequence[str],
    engine: Differentiating,
) -> PosteriorUncertainty | None:
    """How sure the posteriors of some causes are, for one patient.

    Parameters
    ----------
    uncertainty : Uncertainty
        From `measure_uncertainty`.
    network : Network
        The compiled network.
    likelihoods : mapping of str to float64 array
        The evidence; it must be possible.
    causes : sequence of str
        Of which P(not in the first state | evidence) is asked.
    engine : Differentiating
        Gives slopes.

    Returns
    -------
    PosteriorUncertainty or None
        None where the engine has no slopes.
    """
    present = [(cause, np.minimum(np.arange(network.cardinality(cause)), 1.0)) for cause in causes]
    absent = [(cause, 1.0 - vector) for cause, vector in present]
    slopes = engine.differentiate(network, likelihoods, present)
    if slopes is None:
        return None
    by_estimate = uncertainty.jacobian.by_estimate(slopes.by_number) * uncertainty.beliefs.slopes
    log_present = slopes.log_mass[1:] - slopes.log_mass[0]
    probability = np.exp(np.minimum(log_present, 0.0))
    log_absent = np.log1p(-np.minimum(probability, 1.0), where=probability < 1.0, out=np.full(len(causes), -np.inf))
    close = np.flatnonzero(probability > 0.5)
    if close.size:
        # 1 - P has no digits where P is all but 1: what is left is asked for by itself.
        rest = engine.differentiate(network, likelihoods, [absent[k] for k in close])
        assert rest is not None
        log_absent[close] = rest.log_mass[1:] - rest.log_mass[0]
    certain = ~np.isfinite(log_present) | ~np.isfinite(log_absent)
    scale = np.where(certain, 0.0, np.exp(-np.where(certain, 0.0, log_absent)))
    effects = np.where(certain[:, None], 0.0, (by_estimate[1:] - by_estimate[0]) * scale[:, None])
    return PosteriorUncertainty(tuple(causes), probability, log_present - log_absent, effects, uncertainty.beliefs)


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))
