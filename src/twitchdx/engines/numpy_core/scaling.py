"""Numbers of any magnitude: tables scaled by powers of two, which loses no digit."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from twitchdx.numerics import Array

# A table is scaled once its greatest entry leaves this range. A product of two tables inside it stays above
# 2^-1022, where float64 begins to lose digits, even where their greatest entries meet entries 2^600 smaller.
_LEAST = 2.0**-200
_GREATEST = 2.0**200


def scaled(table: Array) -> tuple[Array, int]:
    """A table of ordinary magnitude, and the power of two that it must be multiplied by."""
    peak = float(np.maximum.reduce(table, axis=None))
    if _LEAST < peak < _GREATEST or peak == 0.0:
        return table, 0
    exponent = math.frexp(peak)[1]
    return np.ldexp(table, -exponent), exponent


def product(vectors: list[Array]) -> tuple[Array, int]:
    """The product of vectors, scaled, and its power of two.

    Each element keeps a power of its own on the way: what hundreds of findings push out of the range of a
    float, hundreds of others may bring back.
    """
    if len(vectors) == 1:
        return vectors[0], 0
    mantissa, powers = np.frexp(vectors[0])
    for vector in vectors[1:]:
        mantissa, more = np.frexp(mantissa * vector)
        powers = powers + more
    left = powers[mantissa > 0.0]
    if not left.size:
        return mantissa, 0
    exponent = int(left.max())
    # Below 2^-1074 there is only 0, and a larger step might not fit the integers of `ldexp`.
    return np.ldexp(mantissa, np.maximum(powers - exponent, -1100)), exponent


def log_product(numbers: Iterable[float], exponent: int) -> float:
    """Natural log of the product of numbers and a power of two; -inf where one of them is 0."""
    mantissa = 1.0
    for number in numbers:
        mantissa, more = math.frexp(mantissa * number)
        exponent += more
    return math.log(mantissa) + exponent * math.log(2.0) if mantissa > 0.0 else -math.inf
