"""Which causes explain the complaint: responsibility, on the network augmented by contributions.

In a noisy-MAX each parent makes a contribution, and the variable takes the greatest. A cause *reaches* a
variable when its contribution, directly or along a chain of such arrows, equals the grade that the variable
takes.

For one cause, every variable on a chain from it to the complaint is given twice the grades: each grade
reached by the cause, and each grade not reached by it. The result is an ordinary network, so that any
engine computes the responsibility as one marginal. Only sums of positive terms occur.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from twitchdx.engines import Engine
from twitchdx.explain.reach import MarkedNetwork, mark_reach
from twitchdx.network import Network
from twitchdx.numerics import Array


@dataclass(frozen=True, slots=True, eq=False)
class Responsibility:
    """How much of the complaint each cause explains.

    Attributes
    ----------
    of : mapping of str to float
        Cause -> P(its contribution reaches the complaint, at the grade that the complaint has, above
        the first | evidence). Chains overlap, so these may sum to more than 1.
    unexplained : float
        P(the complaint is present and no cause reaches it | evidence): nothing but the leak, or a
        parent that is no cause.
    """

    of: Mapping[str, float]
    unexplained: float


def responsibility(
    network: Network,
    complaint: str,
    causes: Collection[str],
    likelihoods: Mapping[str, Array],
    engine: Engine,
) -> Responsibility | None:
    """Responsibility of every cause for the complaint.

    r_k = P(k reaches the complaint at its grade > 0 | evidence)

    For a two-state complaint without descendants in the evidence, reached directly by a link w, this is
    w P(k present, complaint unobserved, rest of the evidence) / P(evidence).

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        The finding to explain.
    causes : collection of str
        The variables with the role of a cause.
    likelihoods : mapping of str to float64 array
        The evidence; it must be possible.
    engine : Engine
        Computes the marginals.

    Returns
    -------
    Responsibility or None
        None where the complaint is certainly absent, or where nothing is observed about it or anything
        downstream of it.

    References
    ----------
    Pearl (1988), section 4.3.2 (inhibitors); Heckerman and Breese (1996), causal independence.
    """
    # A flat likelihood says nothing.
    observed = {name for name, vector in likelihoods.items() if vector.min() < vector.max()}
    if not network.descendants([complaint]) & observed:
        return None
    if complaint in likelihoods and not likelihoods[complaint][1:].any():
        return None

    def masses(marked: MarkedNetwork) -> Array:
        """P(first state | evidence), then P(grade, not reached) and P(grade, reached) for each grade."""
        expanded = {name: marked.expand(name, vector) for name, vector in likelihoods.items()}
        return engine.answer(marked.network, expanded, [complaint]).marginals[complaint]

    by_any = mark_reach(network, complaint, frozenset(causes))
    if by_any is None:  # no chain runs from any cause
        plain = engine.answer(network, likelihoods, [complaint]).marginals[complaint]
        shares = np.array([plain[0], plain[1:].sum(), 0.0])
    else:
        shares = _shares(masses(by_any))
    if not shares[1:].any():
        return None
    reached = dict.fromkeys(causes, 0.0)
    for cause in causes:
        marked = mark_reach(network, complaint, frozenset([cause]))
        if marked is not None:
            reached[cause] = float(_shares(masses(marked))[2])
    return Responsibility(reached, float(shares[1]))


def _shares(masses: Array) -> Array:
    """P(absent), P(present and not reached), P(reached), from the marked states of the complaint."""
    return np.array([masses[0], masses[1::2].sum(), masses[2::2].sum()])
