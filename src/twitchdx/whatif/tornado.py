"""Posteriors as functions of single numbers, and which numbers move them most.

P(evidence) and P(cause, evidence) are linear in any one number of a network that stands by itself, so that a
posterior is a ratio of two lines. A published number can enter several numbers of the network, some of them
solved. So its function is taken from models compiled anew; where the two masses of four such models lie on
lines, the coefficients are given.

References
----------
Kjærulff and van der Gaag, Making sensitivity analysis computationally efficient, arXiv:1301.3868 (one
number); van der Gaag and Renooij, Analysing sensitivity data from probabilistic networks, arXiv:1301.2314.
"""

from __future__ import annotations

import math

from twitchdx.whatif.parameters import dotted
from twitchdx.whatif.robustness import RatioOfLines, SensitivityFunction, Tornado
from twitchdx.whatif.screening import Number, Slopes, widest
from twitchdx.whatif.subject import ChangedNumbers, Masses

# Masses of compiled models are good to about 1e-13; a solved leak, to about 1e-10 of itself.
_ON_A_LINE = 1e-8


def rank_numbers(
    changed: ChangedNumbers, slopes: Slopes, numbers: tuple[Number, ...], cause: str, count: int | None
) -> Tornado:
    """The numbers that move the posterior of one cause, the widest range first.

    Parameters
    ----------
    changed : ChangedNumbers
        Gives posteriors of models compiled anew.
    slopes : Slopes
        First-order effects of `numbers`, which say of which numbers the model is compiled anew.
    numbers : tuple of Number
        The numbers that can matter.
    cause : str
        A cause of the model.
    count : int or None
        Of how many numbers the model is compiled anew; None for all of them.
    """
    subject = changed.subject
    chosen = list(numbers) if count is None else widest(subject, slopes, cause, count)
    functions = [trace(changed, slopes, number, cause) for number in chosen]
    return Tornado(
        cause=cause,
        label=subject.variables[cause].label,
        probability=float(subject.outcome.masses.present[subject.causes.index(cause)]),
        functions=tuple(sorted(functions, key=lambda each: -each.range)),
    )


def trace(changed: ChangedNumbers, slopes: Slopes, number: Number, cause: str) -> SensitivityFunction:
    """The posterior of one cause as a function of one number."""
    subject = changed.subject
    row = subject.causes.index(cause)
    base = subject.outcome.masses
    low, high = (changed.weigh(number.path, number.estimate, end) for end in (number.low, number.high))
    found = [float(each.present[row]) for each in (low, base, high) if each is not None]
    (column,) = (k for k, each in enumerate(slopes.numbers) if each.path == number.path)
    return SensitivityFunction(
        path=dotted(number.path),
        grade=number.estimate.grade,
        value=number.estimate.value,
        low=number.low,
        high=number.high,
        probability=float(base.present[row]),
        derivative=float(slopes.derivative[row, column]),
        at_low=None if low is None else float(low.present[row]),
        at_high=None if high is None else float(high.present[row]),
        range=max(found) - min(found),
        ratio=_fit(changed, number, row, low, high),
    )


def _fit(
    changed: ChangedNumbers, number: Number, row: int, low: Masses | None, high: Masses | None
) -> RatioOfLines | None:
    """The coefficients from both ends, if the value and a fourth point lie on the same lines."""
    if low is None or high is None or number.low >= number.high:
        return None
    base = changed.subject.outcome.masses
    between = _between(number)
    fourth = changed.weigh(number.path, number.estimate, between)
    if fourth is None:
        return None
    known = [(t, _point(each, base, row)) for t, each in ((number.low, low), (number.high, high))]
    tested = [(t, _point(each, base, row)) for t, each in ((number.estimate.value, base), (between, fourth))]
    lines = []
    for which in (0, 1):
        (start, at_start), (end, at_end) = ((t, point[which]) for t, point in known)
        slope = (at_end - at_start) / (end - start)
        intercept = at_start - slope * start
        size = max(at_start, at_end)
        if any(abs(slope * t + intercept - point[which]) > _ON_A_LINE * size for t, point in tested):
            return None
        lines.append((slope, intercept))
    (a, b), (c, d) = lines
    return RatioOfLines(a=a, b=b, c=c, d=d)


def _between(number: Number) -> float:
    """A value inside the interval, away from the published one and from both ends."""
    low, value, high = number.low, number.estimate.value, number.high
    return 0.5 * (value + high) if high - value >= value - low else 0.5 * (low + value)


def _point(masses: Masses, base: Masses, row: int) -> tuple[float, float]:
    """P(cause, evidence) and P(evidence), in units of the present P(evidence)."""
    mass = math.exp(masses.log_evidence - base.log_evidence)
    return mass * float(masses.present[row]), mass
