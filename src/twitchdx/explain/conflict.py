"""Which observations exclude each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

from twitchdx.engines import Engine
from twitchdx.network import Network
from twitchdx.numerics import Array

# Subsets of this size are all tried, so that a conflict up to it is a smallest one.
_EXHAUSTIVE = 2


def smallest_conflict(network: Network, likelihoods: Mapping[str, Array], engine: Engine) -> tuple[str, ...]:
    """A set of observations that are impossible together, and possible without any one of them.

    Single observations and pairs are all tried, so that a conflict of one or two is a smallest one.
    Larger conflicts are found by withdrawing one observation after another; nothing can be taken
    from what is left, though another conflict may be as small or smaller.

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
        return engine.answer(network, chosen, ()).log_evidence == -math.inf

    core = tuple(likelihoods)
    for name in likelihoods:
        rest = tuple(each for each in core if each != name)
        if rest and impossible(rest):
            core = rest
    for size in range(1, min(_EXHAUSTIVE, len(core) - 1) + 1):
        for names in combinations(likelihoods, size):
            if impossible(names):
                return names
    return core
