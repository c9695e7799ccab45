"""What is believed of a published number: a distribution, its mean the number, its width the interval.

Probabilities are logit-normal: unlike a Beta, whose density runs away at an end once a shape falls below 1,
it stays away from 0 and 1. Ratios, rates and durations are log-normal. In both the *mean* is the number that
the posterior uses, so that the most probable value and the median of a rare and uncertain number lie below
it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from twitchdx.checks import form_of
from twitchdx.numerics import Array, solve_increasing
from twitchdx.spec import Estimate, Form

Scale = Literal["fixed", "logit", "log"]
Path = tuple[str | int, ...]

#: Half the width of a central 95 % interval of a normal distribution, in standard deviations.
Z_95 = 1.959963984540054
_PROBABILITIES: frozenset[Form] = frozenset(
    {"probability", "link", "sensitivity", "prevalence", "multiplier"}
)
# Nodes and weights for means over a standard normal distribution: 40 are good to 1e-10 up to a deviation of
# 1.5, and to 1e-5 at 3.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# Steps of Newton's method, each within a bracket that halves at worst.
_NEWTON = 100


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of one number.

    Attributes
    ----------
    scale : {"fixed", "logit", "log"}
        On which scale it is normal; "fixed" where it is certain.
    mean : float
        Its mean: the number that the posterior uses.
    deviation : float
        Its standard deviation on that scale.
    """

    scale: Scale
    mean: float
    deviation: float

    @property
    def centre(self) -> float:
        """Its mean on that scale."""
        if self.scale == "log":
            return math.log(self.mean) - 0.5 * self.deviation**2
        if self.scale == "fixed":
            return self.mean
        middle = _logit(self.mean)

        def excess(centre: float) -> float:
            return float(_WEIGHTS @ expit(centre + self.deviation * _NODES)) - self.mean

        # The mean lies nearer to a half than the median does, by less than half the variance.
        reach = 0.5 * self.deviation**2 + 1.0
        return solve_increasing(excess, middle - reach, middle + reach)

    @property
    def slope(self) -> float:
        """Change of the number, at its mean, by one standard deviation on its scale."""
        if self.scale == "logit":
            return self.mean * (1.0 - self.mean) * self.deviation
        return self.mean * self.deviation if self.scale == "log" else 0.0

    def values(self, z: Array) -> Array:
        """The number at some standard normal deviates."""
        if self.scale == "fixed":
            return np.full_like(z, self.mean)
        moved = self.centre + self.deviation * z
        return expit(moved) if self.scale == "logit" else np.exp(moved)


def spread_of(path: Path, estimate: Estimate) -> Spread:
    """What is believed of an estimate.

    The deviation is the width of the interval on the scale, divided by 2 x 1.96; where one end lies at the
    edge of the scale (a low of 0), the other end's distance from the value divided by 1.96; where there is a
    sample size and no interval, 1 / sqrt(n p (1 - p)).

    Parameters
    ----------
    path : tuple
        Its place in the model, which decides the form where it does not say one.
    estimate : Estimate
        The number.
    """
    value = estimate.value
    if estimate.grade == "definition":
        return Spread("fixed", value, 0.0)
    scale: Scale = "logit" if form_of(path, estimate) in _PROBABILITIES else "log"
    if value <= 0.0 or (scale == "logit" and value >= 1.0):
        return Spread("fixed", value, 0.0)
    deviation = _deviation(estimate, scale)
    return spread(scale, value, deviation)


def spread(scale: Scale, mean: float, deviation: float) -> Spread:
    """A distribution with a mean, and a deviation on its scale."""
    return (
        Spread("fixed", mean, 0.0) if deviation == 0.0 or scale == "fixed" else Spread(scale, mean, deviation)
    )


def centres(mean: Array, log_odds: Array, deviation: Array) -> Array:
    """Means of the log-odds of logit-normal probabilities, from the means of the probabilities.

    Solves E[expit(c + s z)] = m for c by Newton's method, for all of them at once.

    Parameters
    ----------
    mean, log_odds : float64 array, shape (K,)
        The means, and their log-odds, which are returned where they are infinite.
    deviation : float64 array, shape (K,)
        Standard deviations of the log-odds.
    """
    open_ = np.isfinite(log_odds)
    mean, spread = mean[open_], deviation[open_, None] * _NODES
    # From the log-odds that the mean would have if it were far from a half: there the method converges
    # without overshooting, since the mean bends one way only.
    rare = np.minimum(mean, 1.0 - mean)
    centre = log_odds[open_] - np.sign(0.5 - mean) * 0.5 * deviation[open_] ** 2 * (1.0 - 2.0 * rare)
    reach = 0.5 * deviation[open_] ** 2 + 1.0
    low, high = log_odds[open_] - reach, log_odds[open_] + reach
    for _ in range(_NEWTON):
        each = expit(centre[:, None] + spread)
        excess = each @ _WEIGHTS - mean
        low, high = np.where(excess < 0.0, centre, low), np.where(excess > 0.0, centre, high)
        with np.errstate(all="ignore"):  # where it is flat the bracket is halved
            moved = centre - excess / ((each * (1.0 - each)) @ _WEIGHTS)
        moved = np.where((moved >= low) & (moved <= high), moved, 0.5 * (low + high))
        if np.all(np.abs(moved - centre) <= 1e-12 * (1.0 + np.abs(moved))):
            break
        centre = moved
    found = log_odds.copy()
    found[open_] = centre
    return found


def _deviation(estimate: Estimate, scale: Scale) -> float:
    value = estimate.value
    if estimate.low is None or estimate.high is None:
        return 1.0 / math.sqrt(estimate.n * value * (1.0 - value)) if estimate.n and scale == "logit" else 0.0
    place = _logit if scale == "logit" else math.log
    top = 1.0 if scale == "logit" else math.inf
    low = place(estimate.low) if estimate.low > 0.0 else None
    high = place(estimate.high) if estimate.high < top else None
    if low is not None and high is not None:
        return (high - low) / (2.0 * Z_95)
    here = place(value)
    if high is not None:
        return (high - here) / Z_95
    return (here - low) / Z_95 if low is not None else 0.0


def _logit(probability: float) -> float:
    return math.log(probability / (1.0 - probability))


def expit(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow on either side."""
    small = np.exp(-np.abs(x))
    found: Array = np.where(x >= 0.0, 1.0, small) / (1.0 + small)
    return found


def central(values: Sequence[float] | Array, weights: Array, share: float = 0.95) -> tuple[float, float]:
    """The central interval of weighted draws: its ends cut off equal shares of the weight."""
    order = np.argsort(values, kind="stable")
    ordered = np.asarray(values, dtype=np.float64)[order]
    reached = np.cumsum(np.asarray(weights)[order])
    reached = (reached - 0.5 * np.asarray(weights)[order]) / reached[-1]
    low, high = np.interp([0.5 - 0.5 * share, 0.5 + 0.5 * share], reached, ordered)
    return float(low), float(high)
