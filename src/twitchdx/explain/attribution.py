"""What each observation contributes to a sum, whatever the order in which they are made.

The value of a set S of observations is a log-ratio of two hypotheses given S and nothing else,

    v(S) = ln P(H | S) - ln P(K | S),

and the contribution of an observation is its Shapley value: the change that it makes when it comes after
others, averaged over all orders. Contributions sum to v(all) - v(none); those of observations that never
change anything are 0; of two that always do the same they are equal.

References
----------
Castro, Gómez and Tejada (2009), Polynomial calculation of the Shapley value based on sampling (permutations
drawn at random); Mitchell, Cooper, Frank and Holmes (2022), Sampling permutations for Shapley value
estimation, Journal of Machine Learning Research 23(43); Assessing antithetic sampling for approximating
Shapley, Banzhaf, and Owen values (2023), AppliedMath 3(4), 957-988 (each drawn with its reverse).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.errors import Issue, OptionError, Where
from twitchdx.explain.case import Case
from twitchdx.numerics import Array

#: Up to so many observations all 2^n sets are answered: 4,096, about a second with the shipped model.
EXACT_UP_TO = 12
#: Pairs of permutations beyond that: some 1,200 sets of twenty observations, and with the shipped model
#: standard errors of one or two tenths of a deciban.
PAIRS = 32

#: 10 log10 x = DECIBANS_PER_NAT ln x
DECIBANS_PER_NAT = 10.0 / math.log(10.0)

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """Two hypotheses, each a variable and 1 for each of its states for which it holds."""

    first: tuple[str, Array]
    second: tuple[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """The contributions of all observations, natural logs.

    Attributes
    ----------
    before, after : float
        v(none) and v(all); infinite or not a number where a hypothesis is excluded.
    contributions, standard_errors : float64 array, shape (observations,)
        Shapley values, and their standard errors where they were sampled, else 0.
    leave_one_out, alone : float64 array, shape (observations,)
        v(all) - v(all but this one), and v(this one) - v(none).
    exact : bool
        Whether every order was counted.
    method : str
        How, in words.
    """

    before: float
    after: float
    contributions: Array
    standard_errors: Array
    leave_one_out: Array
    alone: Array
    exact: bool
    method: str


def attribute(case: Case, rivals: Rivals, *, pairs: int = PAIRS, seed: int = 0) -> Attribution:
    """What each observation contributes to the log-ratio of two hypotheses.

    Parameters
    ----------
    case : Case
        Both hypotheses are possible given its evidence; then they are given any part of it.
    rivals : Rivals
        The hypotheses.
    pairs : int, optional
        For more than 12 observations: how many pairs of a permutation and its reverse are drawn.
    seed : int, optional
        Of the generator that draws them.
    """
    check_counts(pairs=pairs, seed=seed)
    count = len(case.evidence)

    def values(chosen: Bools) -> Array:
        return log_ratio(case, rivals, chosen)

    if count <= EXACT_UP_TO:
        chosen = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)
        worth = values(chosen)
        single = 1 << np.arange(count)
        return Attribution(
            before=float(worth[0]),
            after=float(worth[-1]),
            contributions=shapley_values(worth),
            standard_errors=np.zeros(count),
            leave_one_out=worth[-1] - worth[len(worth) - 1 - single],
            alone=worth[single] - worth[0],
            exact=True,
            method=f"Shapley values over all {2**count:,} sets of {count} observations",
        )
    return _sample(values, count, pairs, seed)


def log_ratio(case: Case, rivals: Rivals, chosen: Bools) -> Array:
    """v(S) for each row of chosen observations."""
    targets = dict.fromkeys((rivals.first[0], rivals.second[0]))
    marginals = case.subsets(chosen, targets).marginals
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (np.log(marginals[name] @ vector) for name, vector in (rivals.first, rivals.second))
        difference: Array = first - second
    return difference


def shapley_values(worth: Array) -> Array:
    """The Shapley values of n players.

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S and i) - v(S))

    Parameters
    ----------
    worth : float64 array, shape (2^n,)
        v of each set of players, whose bits say who belongs to it.
    """
    count = (len(worth) - 1).bit_length()
    masks = np.arange(len(worth))
    sizes = (masks[:, None] >> np.arange(count) & 1).sum(axis=1)
    shares = np.array([1.0 / (count * math.comb(count - 1, size)) for size in range(count)])
    found = np.empty(count)
    for player in range(count):
        without = masks[masks >> player & 1 == 0]
        gains = worth[without | 1 << player] - worth[without]
        found[player] = shares[sizes[without]] @ gains
    return found


def _sample(values: Callable[[Bools], Array], count: int, pairs: int, seed: int) -> Attribution:
    """Shapley values as means over permutations, each of which sums to the total, so that the means do."""
    random = np.random.default_rng(seed)
    orders = np.array([random.permutation(count) for _ in range(pairs)])
    orders = np.concatenate([orders, orders[:, ::-1]])
    places = np.argsort(orders, axis=1)
    # Row t of an order has the observations that are among its first t.
    steps = np.arange(count + 1)[:, None] > places[:, None, :]
    alone = np.eye(count, dtype=bool)
    rows = np.concatenate([steps.reshape(-1, count), alone, ~alone])
    distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
    worth = values(distinct)[inverse.ravel()]
    along = worth[: steps.shape[0] * (count + 1)].reshape(steps.shape[0], count + 1)
    gains = np.take_along_axis(np.diff(along, axis=1), places, axis=1)
    means = 0.5 * (gains[:pairs] + gains[pairs:])
    before, after = float(along[0, 0]), float(along[0, -1])
    return Attribution(
        before=before,
        after=after,
        contributions=means.mean(axis=0),
        standard_errors=means.std(axis=0, ddof=1) / math.sqrt(pairs),
        leave_one_out=after - worth[-count:],
        alone=worth[-2 * count : -count] - before,
        exact=False,
        method=f"Shapley values of {count} observations, sampled: {pairs} permutations (seed {seed}), each "
        "with its reverse",
    )


def check_counts(*, pairs: int, seed: int) -> None:
    """That options which count are whole numbers in range.

    Raises
    ------
    OptionError
        They are not; the error names each.
    """
    issues = [
        Issue("error", "wrong-option", Where(name), f"found {value!r}.", f"Give a whole number from {least}.")
        for name, value, least in (("pairs", pairs, 2), ("seed", seed, 0))
        if isinstance(value, bool) or not isinstance(value, int) or value < least
    ]
    if issues:
        raise OptionError("An option cannot be understood.", issues)
