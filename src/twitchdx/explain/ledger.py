"""Why a cause is as probable as it is, and why one rather than another: log-odds as a sum."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from twitchdx.errors import Issue, OptionError, Where
from twitchdx.explain.accounts import PERCEPTIBLE, Certainty, Contrast, Entry, Ledger, Speaks
from twitchdx.explain.attribution import (
    DECIBANS_PER_NAT,
    PAIRS,
    Attribution,
    Rivals,
    attribute,
    check_counts,
)
from twitchdx.explain.backing import Numbers, find_weakest
from twitchdx.explain.case import Case
from twitchdx.explain.conflict import smallest_conflict
from twitchdx.explain.prospects import find_prospects
from twitchdx.numerics import Array, read_only


def explain_cause(case: Case, cause: str, *, pairs: int = PAIRS, seed: int = 0) -> Ledger:
    """The ledger of one cause.

    Parameters
    ----------
    case : Case
        Model, evidence and engine.
    cause : str
        The cause.
    pairs, seed : int, optional
        How contributions are sampled where there are more than 12 observations; see `attribute`.

    Raises
    ------
    UnknownNameError
        The model has no such cause.
    OptionError
        An option is none.
    EngineError
        A part of the evidence is beyond the engine.
    """
    case.require_causes([cause])
    check_counts(pairs=pairs, seed=seed)
    prior, posterior = _ends(case, cause)
    rivals = Rivals((cause, case.present(cause)), (cause, case.absent(cause)))
    certain = _certainty(posterior)
    numbers = Numbers.of(case, None if certain else rivals)
    found = None if certain else attribute(case, rivals, pairs=pairs, seed=seed)
    return Ledger(
        cause=cause,
        label=case.spec.causes[cause].label,
        population=case.spec.model.population,
        prior=float(prior[1]),
        prior_decibans=None if found is None else DECIBANS_PER_NAT * found.before,
        prior_numbers=numbers.describe(numbers.of_variable(cause, case.network, own=True)),
        posterior=float(posterior[1]),
        posterior_decibans=None if found is None else DECIBANS_PER_NAT * found.after,
        certain=certain,
        decided_by=_deciders(case, cause, certain) if certain else (),
        entries=_entries(case, found, numbers, (cause,)),
        method=found.method
        if found
        else "the evidence leaves no doubt, so that there are no odds to be explained",
        exact=found is None or found.exact,
        weakest=find_weakest(numbers, rivals) if found else None,
        prospects=find_prospects(case, cause) if found else (),
    )


def contrast_causes(case: Case, cause: str, other: str, *, pairs: int = PAIRS, seed: int = 0) -> Contrast:
    """Why one cause rather than another, as a sum: ln P(A | e) / P(B | e).

    Parameters
    ----------
    case : Case
        Model, evidence and engine.
    cause, other : str
        A and B, two causes.
    pairs, seed : int, optional
        As in `explain_cause`.

    Raises
    ------
    UnknownNameError, OptionError, EngineError
        As in `explain_cause`; a cause contrasted with itself is an OptionError.
    """
    case.require_causes([cause] if cause == other else [cause, other])
    check_counts(pairs=pairs, seed=seed)
    if cause == other:
        fix = f"Name another cause than {cause!r}."
        issue = Issue("error", "wrong-option", Where("other"), "a cause is contrasted with itself.", fix)
        raise OptionError("An option cannot be understood.", [issue])
    posteriors = {name: float(_ends(case, name)[1][1]) for name in (cause, other)}
    excluded = tuple(name for name, probability in posteriors.items() if probability == 0.0)
    rivals = Rivals((cause, case.present(cause)), (other, case.present(other)))
    numbers = Numbers.of(case, None if excluded else rivals)
    found = None if excluded else attribute(case, rivals, pairs=pairs, seed=seed)
    return Contrast(
        cause=cause,
        label=case.spec.causes[cause].label,
        other=other,
        other_label=case.spec.causes[other].label,
        probability=posteriors[cause],
        other_probability=posteriors[other],
        prior_decibans=None if found is None else DECIBANS_PER_NAT * found.before,
        posterior_decibans=None if found is None else DECIBANS_PER_NAT * found.after,
        excluded=excluded,
        entries=_entries(case, found, numbers, (cause, other)),
        method=found.method
        if found
        else "one of the two is impossible, so that there is no ratio to be explained",
        exact=found is None or found.exact,
        weakest=find_weakest(numbers, rivals) if found else None,
    )


def _ends(case: Case, cause: str) -> tuple[Array, Array]:
    """P(absent) and P(not absent), without evidence and with all of it."""
    chosen = np.array([[False] * len(case.evidence), [True] * len(case.evidence)])
    marginal = case.subsets(chosen, [cause]).marginals[cause]
    sides = np.stack([marginal @ case.absent(cause), marginal @ case.present(cause)], axis=1)
    return sides[0], sides[1]


def _certainty(sides: Array) -> Certainty | None:
    if sides[1] == 0.0:
        return "absent"
    return "present" if sides[0] == 0.0 else None


def _deciders(case: Case, cause: str, certain: Certainty) -> tuple[str, ...]:
    """A smallest set of observations that leave no doubt about a cause."""
    opposite = case.absent(cause) if certain == "present" else case.present(cause)
    likelihoods = dict(case.evidence.likelihoods)
    if cause in likelihoods:
        if not (likelihoods[cause] * opposite).any():
            return (cause,)
        # What else was observed of the cause stays, as far as it allows the opposite.
        opposite = read_only(likelihoods[cause] * opposite)
    supposed = {**likelihoods, cause: opposite}
    return tuple(name for name in smallest_conflict(case.network, supposed, case.engine) if name != cause)


def _entries(
    case: Case, found: Attribution | None, numbers: Numbers, about: Collection[str]
) -> tuple[Entry, ...]:
    entries = [_entry(case, found, numbers, about, place) for place in range(len(case.evidence))]
    return tuple(sorted(entries, key=lambda each: -abs(each.decibans or 0.0)))


def _entry(
    case: Case, found: Attribution | None, numbers: Numbers, about: Collection[str], place: int
) -> Entry:
    observation = list(case.evidence.values())[place]
    role, variable = case.described()[observation.variable]
    states = tuple(variable.states)

    def in_decibans(values: Array) -> float:
        return DECIBANS_PER_NAT * float(values[place])

    weight = None if found is None else in_decibans(found.contributions)
    return Entry(
        variable=observation.variable,
        label=variable.label,
        role=role,
        given=observation.given,
        state=observation.state,
        state_label=observation.given if observation.state is None else variable.states[observation.state],
        normal=observation.state == states[0],
        decibans=weight,
        standard_error=0.0 if found is None else in_decibans(found.standard_errors),
        leave_one_out=None if found is None else in_decibans(found.leave_one_out),
        alone=None if found is None else in_decibans(found.alone),
        speaks=_speaks(weight),
        numbers=numbers.behind(observation.variable, about),
    )


def _speaks(weight: float | None) -> Speaks:
    if weight is None or math.fabs(weight) < PERCEPTIBLE:
        return "little"
    return "for" if weight > 0.0 else "against"
