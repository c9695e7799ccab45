"""What a network makes of a published figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from twitchdx.engines import DEFAULT_ENGINE, get_engine
from twitchdx.errors import ImpossibleEvidenceError, Issue, Where
from twitchdx.network import Network
from twitchdx.numerics import Array
from twitchdx.spec import Figure
from twitchdx.validation.results import FigureResult, Verdict

# What an engine computes is exact to some 1e-12; a figure on the end of its interval lies within.
_ROUNDING = 1e-9

#: Variable -> states of which any holds; of several variables, all hold.
Event = Mapping[str, Sequence[str]]


def probability_given(network: Network, of: Event, given: Event) -> float:
    """P(of | given) = P(of and given) / P(given), exactly.

    Parameters
    ----------
    network : Network
        The compiled network.
    of, given : mapping of str to sequence of str
        Variable -> states of which any holds; of several variables, all hold.

    Raises
    ------
    ImpossibleEvidenceError
        `given` has probability 0.
    """
    condition = _log_probability(network, [given])
    if condition == -math.inf:
        said = " and ".join(f"{name} = {' or '.join(states)}" for name, states in given.items())
        fix = "Ask for the probability under a condition that can hold in this model."
        issue = Issue("error", "impossible-given", Where("given"), f"{said} has probability 0.", fix)
        raise ImpossibleEvidenceError("The condition of a figure is impossible.", [issue])
    # Both are exact to some 1e-13; what is certain may come out a last bit above 1.
    return min(math.exp(_log_probability(network, [given, of]) - condition), 1.0)


def _log_probability(network: Network, events: Sequence[Event]) -> float:
    """Natural log of the probability that all events hold; -inf where they exclude each other."""
    likelihoods: dict[str, Array] = {}
    for event in events:
        for name, states in event.items():
            holds = np.isin(network[name].states, list(states)).astype(np.float64)
            likelihoods[name] = likelihoods[name] * holds if name in likelihoods else holds
    # An engine takes likelihoods whose maximum is 1.
    if not all(each.any() for each in likelihoods.values()):
        return -math.inf
    return get_engine(DEFAULT_ENGINE).answer(network, likelihoods, ()).log_evidence


def check_figure(network: Network, name: str, figure: Figure) -> FigureResult:
    """What the network implies for a figure, and whether that will do.

    implied = sum of weight * P(of | given) over the terms

    It lies beyond the interval by the ratio of its odds to those of the nearer end; by the ratio of the
    values where a weight differs from 1, since the sum is then no probability.

    Raises
    ------
    ImpossibleEvidenceError
        What is given in a term has probability 0.
    """
    implied = math.fsum(
        term.weight * probability_given(network, term.of, term.given) for term in figure.terms
    )
    on_odds = all(term.weight == 1.0 for term in figure.terms)
    beyond = _beyond(implied, figure.published.low, figure.published.high, on_odds=on_odds)
    verdict: Verdict = "missed"
    if beyond == 1.0:
        verdict = "within"
    elif beyond <= figure.tolerance:
        verdict = "tolerated"
    return FigureResult(name=name, figure=figure, implied=implied, beyond=beyond, verdict=verdict)


def _beyond(implied: float, low: float, high: float, *, on_odds: bool) -> float:
    """Factor by which a number lies beyond an interval; 1 within."""
    if low * (1.0 - _ROUNDING) <= implied <= high * (1.0 + _ROUNDING):
        return 1.0
    scale = _odds if on_odds else float
    small, large = (implied, low) if implied < low else (high, implied)
    return scale(large) / scale(small) if scale(small) > 0.0 else math.inf


def _odds(probability: float) -> float:
    return probability / (1.0 - probability) if probability < 1.0 else math.inf
