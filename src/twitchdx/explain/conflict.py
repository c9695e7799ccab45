"""Which observations exclude each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

from twitchdx.engines import Engine
from twitchdx.errors import EngineError
from twitchdx.network import Network
from twitchdx.numerics import Array

# Smaller sets than the conflict in hand are tried, size by size, as long as no more than these are needed:
# all up to three of twelve observations, all pairs of 24. An error must not take minutes.
_SUBSETS = 300


def smallest_conflict(network: Network, likelihoods: Mapping[str, Array], engine: Engine) -> tuple[str, ...]:
    """A set of observations that are impossible together, and possible without any one of them.

    A conflict from which nothing can be taken is found by withdrawing one observation after another; then
    every smaller set is tried, unless there are more than 300 of them. So the conflict is a smallest one
    for up to twelve observations where it has up to four of them, and for up to 24 where it has
    up to three; beyond that another conflict may be smaller.

    Parameters
    ----------
    network : Network
        The compiled network.
    likelihoods : mapping of str to float64 array
        The evidence, impossible as a whole.
    engine : Engine
        Computes P(evidence).

    Returns
    -------
    tuple of str
        Names of the variables, in the order of the evidence.
    """

    def impossible(names: tuple[str, ...]) -> bool:
        chosen = {name: likelihoods[name] for name in names}
        try:
            return engine.answer(network, chosen, ()).log_evidence == -math.inf
        except EngineError:  # fewer observations can tie more together; what cannot be told is no conflict
            return False

    core = tuple(likelihoods)
    for name in likelihoods:
        rest = tuple(each for each in core if each != name)
        if rest and impossible(rest):
            core = rest
    tried = 0
    for size in range(1, len(core)):
        tried += math.comb(len(likelihoods), size)
        if tried > _SUBSETS:
            break
        for names in combinations(likelihoods, size):
            if impossible(names):
                return names
    return core
