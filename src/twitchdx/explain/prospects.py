"""What is not known yet and would change an answer."""

from __future__ import annotations

import numpy as np

from twitchdx.explain.accounts import PERCEPTIBLE, Prospect
from twitchdx.explain.attribution import DECIBANS_PER_NAT
from twitchdx.explain.case import Case, refuse_wide, suppose_results
from twitchdx.numerics import Array

#: How many results that would raise the odds are named, and how many that would lower them.
SHOWN = 3


def find_prospects(case: Case, cause: str, *, shown: int = SHOWN) -> tuple[Prospect, ...]:
    """Findings and tests that are not known, with the result that would change the log-odds of a cause most.

    Results are ranked by P(result | evidence) times the change in decibans: what is both likely and weighty
    comes first. One result a variable and direction; none that changes the odds by less than a deciban.

    Parameters
    ----------
    case : Case
        Neither certain nor impossible is the cause given its evidence.
    cause : str
        The cause.
    shown : int, optional
        How many in each direction, at most.
    """
    unknown = {
        name: (role, variable)
        for name, (role, variable) in case.described().items()
        if role in ("finding", "test") and name not in case.evidence
    }
    results = [(name, index) for name in unknown for index in range(case.network.cardinality(name))]
    odds, posterior, probability = _suppose(case, cause, results)
    found = []
    for (name, index), change, after, chance in zip(
        results, (odds[1:] - odds[0]).tolist(), posterior[1:].tolist(), probability.tolist(), strict=True
    ):
        if not np.isfinite(change) or abs(change) < PERCEPTIBLE:
            continue
        role, variable = unknown[name]
        state = tuple(variable.states)[index]
        found.append(
            Prospect(
                variable=name,
                label=variable.label,
                role=role,
                state=state,
                state_label=variable.states[state],
                probability=chance,
                decibans=change,
                posterior=after,
            )
        )
    chosen = [*_best(found, 1.0, shown), *_best(found, -1.0, shown)]
    return tuple(sorted(chosen, key=lambda each: -abs(each.decibans) * each.probability))


def _best(found: list[Prospect], sign: float, shown: int) -> list[Prospect]:
    """The weightiest results of different variables in one direction."""
    ranked = sorted(found, key=lambda each: -sign * each.decibans * each.probability)
    first: dict[str, Prospect] = {}
    for each in ranked:
        if sign * each.decibans > 0.0:
            first.setdefault(each.variable, each)
    return list(first.values())[:shown]


def _suppose(case: Case, cause: str, results: list[tuple[str, int]]) -> tuple[Array, Array, Array]:
    """Log-odds in decibans and posteriors, without any result and with each; P(result | evidence)."""
    rows = suppose_results(case.network, case.evidence.likelihoods, results)
    answers = case.engine.answer_many(case.network, rows, (cause,))
    refuse_wide(answers)
    marginal = answers.marginals[cause]
    present = marginal @ case.present(cause)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = DECIBANS_PER_NAT * (np.log(present) - np.log(marginal @ case.absent(cause)))
        probability = np.exp(answers.log_evidence[1:] - answers.log_evidence[0])
    return odds, present, probability
