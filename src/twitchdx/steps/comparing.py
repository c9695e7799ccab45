"""Which level of care is the best, of many patients: exact where bounds leave something open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.numerics import Array
from twitchdx.steps.outcomes import Flags, Places, Weighing

#: What may be left out of a value of information, in the unit of utility, and of a probability.
NEGLIGIBLE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The levels between which one can choose.

    Attributes
    ----------
    allowed : bool array, shape (L,)
        Which of the stated levels they are.
    reference : int
        Which of these the others are compared with.
    """

    allowed: Flags
    reference: int

    def contested(self, least: Array, most: Array) -> tuple[Flags, Array]:
        """Which levels a gain hangs on, and the most that it can be.

        Parameters
        ----------
        least, most : float64 array, shape (B, L)
            Bounds of the expected utilities.

        Returns
        -------
        bool array, shape (B, L); float64 array, shape (B,)
        """
        low, high = np.where(self.allowed, least, -np.inf), np.where(self.allowed, most, -np.inf)
        found = _contested(low, high)
        other = found.copy()
        other[:, self.reference] = False
        found[:, self.reference] = True
        found &= np.any(other, axis=1)[:, None]
        # What is left out counts as no gain at all, so that all that it can be is in doubt.
        at_most = np.maximum(high.max(axis=1) - least[:, self.reference], 0.0)
        return found, np.where(np.any(found, axis=1), at_most, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Slack:
    """What need not be computed exactly: bounds are enough where little hangs on a row.

    Attributes
    ----------
    weights : float64 array, shape (B,)
        The probability of each row.
    tolerance : float
        What weights, and weighted gains, of the rows that are left may sum to.
    """

    weights: Array
    tolerance: float = NEGLIGIBLE


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The levels of care of many patients, compared.

    Attributes
    ----------
    best : int array, shape (B,)
        Place in `LEVELS` of the level with the highest expected utility, the lower one among equals; exact
        where it is above the floor that was given. 0 where it is the lowest of the stated levels.
    gain : float64 array, shape (B,)
        By how much the best level that is allowed is better than the reference; 0 without a reference.
    wide : bool array, shape (B,)
        Who needs too large tables, and so has no answer.
    """

    best: NDArray[np.intp]
    gain: Array
    wide: Flags


#: What comes about, exactly where it is wanted, from bounds: see `Weighing.measure`.
Measure = Callable[[tuple[Array, Array], Flags], tuple[Array, Flags]]


def compare_levels(
    weighing: Weighing,
    marginals: Mapping[str, Array],
    floor: Places,
    measure: Measure,
    choice: Choice | None = None,
    slack: Slack | None = None,
) -> Compared:
    """Which level has the highest expected utility, and how much better than another one it is.

    Parameters
    ----------
    weighing : Weighing
        The levels.
    marginals : mapping of str to float64 array, shape (B, states)
        P(cause | evidence) of every cause.
    floor : int array, shape (B,)
        Place in `LEVELS` up to which it is not asked which level is the best.
    measure : callable
        Computes what the bounds leave open.
    choice : Choice, optional
        With it the gain over its reference is found.
    slack : Slack, optional
        What need not be computed exactly.
    """
    low, high = weighing.bounds(marginals)
    least, most = weighing.utilities(high), weighing.utilities(low)
    open_ = _contested(least, most)
    # Where only one level is left, or none above the floor, nothing needs to be known exactly.
    above = open_ & (weighing.places > floor[:, None])
    wanted = open_ & (np.any(above, axis=1) & (np.sum(open_, axis=1) > 1))[:, None]
    choices, doubt = np.zeros_like(open_), np.zeros(len(open_))
    if choice is not None:
        choices, doubt = choice.contested(least, most)
        wanted |= choices
    if slack is not None:
        doubts = slack.weights * np.where(wanted.any(axis=1), np.maximum(doubt, 1.0), 0.0)
        wanted &= ~negligible(doubts, slack.tolerance)[:, None]
    chances, wide = measure((low, high), wanted)
    # Where nothing was measured these are upper bounds, of which the best is as good as any.
    utilities = weighing.utilities(chances)
    at = np.where(open_, utilities, -np.inf).argmax(axis=1)
    # The lowest of the stated levels was compared with nothing below it, and asks for nothing.
    best = np.where(at > 0, weighing.places[at], 0)
    gain = np.zeros(len(best))
    if choice is not None:
        over = np.where(choices & wanted, utilities - utilities[:, [choice.reference]], 0.0)
        gain = np.maximum(over.max(axis=1), 0.0)
    return Compared(best, gain, wide)


def negligible(doubts: Array, tolerance: float = NEGLIGIBLE) -> Flags:
    """The smallest doubts, as many as sum to no more than what is negligible."""
    order = np.argsort(doubts, kind="stable")
    found = np.zeros(len(doubts), dtype=np.bool_)
    found[order[np.cumsum(doubts[order]) <= tolerance]] = True
    return found


def _contested(least: Array, most: Array) -> Flags:
    """The levels that may be the best, shape (B, L), from bounds of their utilities."""
    found: Flags = (most >= least.max(axis=1, keepdims=True)) & (most > -np.inf)
    return found
