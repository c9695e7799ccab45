"""A noisy-MAX as contributions along a chain, the greatest of which decides.

The elements of the chain are the states of the variable and, where something can suppress it, one more above
them all, which stands for the first state again: an inhibitor contributes that element or nothing. So
inhibitors need no treatment of their own. The evidence then leaves *classes* of elements: what need not be
told apart to know which of the possible states came out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.network import NoisyMax, contribution
from twitchdx.numerics import Array


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Independent contributions, the greatest of which decides the state.

    Attributes
    ----------
    outcome : int array, shape (K,)
        The state of the variable that each element stands for.
    leak : float64 array, shape (K,)
        P(contribution of the leak).
    parts : dict of str to float64 array, each of shape (states of the parent, K)
        Parent -> P(its contribution | its state).
    """

    outcome: NDArray[np.intp]
    leak: Array
    parts: dict[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """What the evidence on the variable leaves of a chain.

    Attributes
    ----------
    starts : int array, shape (L,)
        First element of each class.
    stop : int
        Elements from here on cannot be the outcome, and nothing may contribute them.
    cap : float64 array, shape (L,) or (L, possible states)
        Whether the outcome is possible if the greatest contribution is of this class; where several states
        are possible, which of them it is.
    """

    starts: NDArray[np.intp]
    stop: int
    cap: Array

    def gather(self, contributions: Array) -> Array:
        """Probabilities of elements to probabilities of classes, along the last axis."""
        gathered: Array = np.add.reduceat(contributions[..., : self.stop], self.starts, axis=-1)
        return gathered

    def spread(self, slopes: Array, elements: int) -> Array:
        """Derivatives by classes to derivatives by elements, along the last axis: `gather` backward."""
        spread = np.zeros([*slopes.shape[:-1], elements])
        spread[..., : self.stop] = np.repeat(slopes, np.diff([*self.starts, self.stop]), axis=-1)
        return spread


def chain_of(noisy: NoisyMax) -> Chain:
    """Contributions of the leak, the producers and the inhibitors of a noisy-MAX.

    A parent that is producer and inhibitor at once makes one contribution, the greater of the two.
    """
    states = noisy.leak.size + 1
    inhibitors = [
        (parent, passes)
        for parent, passes in zip(noisy.inhibitors, noisy.passes, strict=True)
        if (passes < 1.0).any()
    ]
    elements = states + bool(inhibitors)

    def widened(grades: Array) -> Array:
        return np.pad(grades, [(0, 0), (0, elements - states)])

    parts: dict[str, Array] = {}
    for parent, reach in zip(noisy.producers, noisy.reach, strict=True):
        _join(parts, parent, widened(contribution(reach)))
    for parent, passes in inhibitors:
        part = np.zeros([len(passes), elements])
        part[:, 0], part[:, -1] = passes, 1.0 - passes
        _join(parts, parent, part)
    return Chain(
        outcomes(states, suppressed=elements > states), widened(contribution(noisy.leak[None, :]))[0], parts
    )


def outcomes(states: int, *, suppressed: bool) -> NDArray[np.intp]:
    """The state that each element stands for: each state itself, then the first for what is suppressed."""
    outcome = np.arange(states + suppressed)
    outcome[states:] = 0
    return outcome


def _join(parts: dict[str, Array], parent: str, part: Array) -> None:
    if parent not in parts:
        parts[parent] = part
        return
    first = parts[parent]
    # The greater of the two is o: the first is o and the second is not above, or the second alone is o.
    parts[parent] = first * _below(part)[:, 1:] + _below(first)[:, :-1] * part


def _below(part: Array) -> Array:
    """P(contribution < o) for o = 0 .. K."""
    return np.concatenate([np.zeros([len(part), 1]), np.cumsum(part, axis=1)], axis=1)


def classes_of(outcome: NDArray[np.intp], possible: Sequence[int]) -> Classes:
    """The least that must be told apart to know which of the possible states came out.

    Elements above the highest possible one are excluded. Those below the lowest possible one make one class,
    and so do those between two neighbouring possible ones.

    Parameters
    ----------
    outcome : int array, shape (K,)
        The state of the variable that each element stands for.
    possible : sequence of int
        States of the variable that the evidence leaves, ascending.
    """
    fits = np.isin(outcome, possible)
    stop = int(np.flatnonzero(fits)[-1]) + 1
    fits = fits[:stop]
    starts = np.flatnonzero(np.concatenate([[True], fits[1:] | fits[:-1]]))
    cap = (outcome[starts, None] == np.asarray(possible)) & fits[starts, None]
    return Classes(starts, stop, (cap[:, 0] if len(possible) == 1 else cap).astype(np.float64))


def absorb(contributions: Array, cap: Array) -> Array:
    """What each class is worth once a known contribution has been taken in.

    out[i] = sum_j contributions[j] cap[max(i, j)]

    Parameters
    ----------
    contributions : float64 array, shape (L,)
        Probability of each class.
    cap : float64 array, shape (L,) or (L, states)
        What each class was worth.
    """
    size = len(contributions)
    greater = np.triu(np.broadcast_to(contributions, (size, size)), 1)
    absorbed: Array = (greater + np.diag(np.cumsum(contributions))) @ cap
    return absorbed
