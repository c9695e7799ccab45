"""Small numerical pieces that several floors need."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def read_only(values: ArrayLike) -> Array:
    """A float64 array that cannot be written to."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def log_mass(mass: float) -> float:
    """Natural log of a probability or a mass; -inf for 0."""
    return math.log(mass) if mass > 0.0 else -math.inf


def solve_increasing(function: Callable[[float], float], low: float, high: float) -> float:
    """The root of an increasing function between two ends, to about the last bit.

    The ITP method: never more than a few evaluations beyond bisection, and about ten on a smooth
    function, where an evaluation can be a pass through a network.

    Parameters
    ----------
    function : callable
        Increasing on [low, high]. Where it has no change of sign, the end nearer to one is returned.
    low, high : float
        The ends.

    References
    ----------
    Oliveira and Takahashi (2020), ACM Transactions on Mathematical Software 47(1), 5.
    """
    at_low, at_high = function(low), function(high)
    if at_low >= 0.0:
        return low
    if at_high <= 0.0:
        return high
    # Far below the spacing of floats at the ends, so that a root near 0 is found to full precision.
    tolerance = 2.0**-80 * max(abs(low), abs(high))
    first_width = high - low
    steps = math.ceil(math.log2((high - low) / tolerance)) + 1
    for step in range(steps + 1):
        middle = 0.5 * (low + high)
        width = high - low
        if width <= 2.0 * tolerance or middle in (low, high):
            break
        secant = (high * at_low - low * at_high) / (at_low - at_high)
        towards = math.copysign(1.0, middle - secant)
        truncation = 0.2 / first_width * width**2
        guess = secant + towards * truncation if truncation <= abs(middle - secant) else middle
        radius = max(tolerance * 2.0 ** (steps - step) - 0.5 * width, 0.0)
        if abs(guess - middle) > radius:
            guess = middle - towards * radius
        value = function(guess)
        if value == 0.0:
            return guess
        if value < 0.0:
            low, at_low = guess, value
        else:
            high, at_high = guess, value
    return 0.5 * (low + high)
