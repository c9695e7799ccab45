"""The level of care of many patients: the rules of a model over columns.

A condition means what it means in `twitchdx.steps.conditions`; only the shape differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import UNOBSERVED, Rows
from twitchdx.explain import Responsibilities
from twitchdx.numerics import Array
from twitchdx.spec import LEVELS, Condition, Threshold, TriageRule, Variable

Flags = NDArray[np.bool_]

#: How much a responsibility may exceed the probability by rounding: they come from different sums.
SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Situations:
    """What rules look at, for many patients.

    Attributes
    ----------
    size : int
        How many patients, B.
    states : mapping of str to integer array, shape (B,)
        Variable -> observed state, for soft evidence the most supported one; -1 where not observed.
    probability : mapping of str to float64 array, shape (B,)
        Cause -> P(cause not absent | evidence).
    least, greatest : mapping of str to float64 array, shape (B,)
        Cause -> bounds on its responsibility for the complaint; the same where it is computed.
    known, knowable : bool array, shape (B,)
        Which patients certainly have responsibilities, and which may have some; the same where they
        are computed. Without one no bound on it holds.
    """

    size: int
    states: Mapping[str, NDArray[np.signedinteger[Any]]]
    probability: Mapping[str, Array]
    least: Mapping[str, Array]
    greatest: Mapping[str, Array]
    known: Flags
    knowable: Flags


def unexplained_situations(rows: Rows, probability: Mapping[str, Array], complaint: str | None) -> Situations:
    """The situations of some patients before any responsibility is computed.

    A cause reaches the complaint only where it is present, so that its responsibility is between 0 and its
    probability.

    Parameters
    ----------
    rows : Rows
        The evidence.
    probability : mapping of str to float64 array, shape (B,)
        Cause -> P(cause not absent | evidence).
    complaint : str or None
        The finding to explain.
    """
    size = len(rows.codes)
    known = np.zeros(size, dtype=np.bool_)
    if complaint in rows.variables:
        # Observed, and not in the first state.
        known = rows.codes[:, rows.variables.index(complaint)] > 0
    return Situations(
        size,
        observed_states(rows),
        probability,
        {cause: np.zeros(size) for cause in probability},
        {cause: values * (1.0 + SLACK) for cause, values in probability.items()},
        known,
        np.full(size, complaint is not None),
    )


def explained_situations(situations: Situations, chosen: Flags, found: Responsibilities) -> Situations:
    """The situations of some of the patients, with the responsibilities that were computed for these."""
    return Situations(
        int(np.count_nonzero(chosen)),
        {name: states[chosen] for name, states in situations.states.items()},
        {cause: values[chosen] for cause, values in situations.probability.items()},
        found.of,
        found.of,
        found.known,
        found.known,
    )


def observed_states(rows: Rows) -> dict[str, NDArray[np.int32]]:
    """The observed state of each variable; for soft evidence, the most supported one."""
    found = {}
    for name, codes, vectors in zip(rows.variables, rows.codes.T, rows.likelihoods, strict=True):
        states = codes.copy()
        soft = codes < UNOBSERVED
        if soft.any():
            states[soft] = np.argmax(vectors, axis=1)[UNOBSERVED - 1 - codes[soft]]
        found[name] = states
    return found


def levels_of_care(
    rules: Iterable[TriageRule], situations: Situations, specs: Mapping[str, Variable]
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """The highest level that any rule asks for, as its place in `LEVELS`; without a rule the lowest.

    Parameters
    ----------
    rules : iterable of TriageRule
        The rules of the model.
    situations : Situations
        The patients.
    specs : mapping of str to Variable
        The variables of the model, which order the states.

    Returns
    -------
    two int8 arrays, shape (B,)
        The least and the greatest that it can be; the same where all responsibilities are computed.
    """
    least, greatest = (np.zeros(situations.size, dtype=np.int8) for _ in range(2))
    for rule in rules:
        place = LEVELS.index(rule.level)
        surely, possibly = holds_for(rule.when, situations, specs)
        least[surely] = np.maximum(least[surely], place)
        greatest[possibly] = np.maximum(greatest[possibly], place)
    return least, greatest


def holds_for(
    condition: Condition, situations: Situations, specs: Mapping[str, Variable]
) -> tuple[Flags, Flags]:
    """For which patients everything surely holds that the condition lists, and for which it may hold.

    Nothing in a condition negates, so that the bounds of its parts give bounds of the whole.
    """
    surely = np.ones(situations.size, dtype=np.bool_)
    for name, states in condition.evidence.items():
        if name not in situations.states:
            surely[:] = False
            continue
        # What -1 points at comes last: not observed.
        listed = np.array([*(state in states for state in specs[name].states), False])
        surely &= listed[situations.states[name]]
    for name, bound in condition.posterior.items():
        surely &= _within(bound, situations.probability[name], situations.probability[name])
    possibly = surely.copy()
    for name, bound in condition.responsibility.items():
        least, greatest = situations.least[name], situations.greatest[name]
        surely &= situations.known & _within(bound, least, greatest)
        possibly &= situations.knowable & _within(bound, greatest, least)
    parts = [holds_for(each, situations, specs) for each in condition.all]
    if condition.any:
        some = [holds_for(each, situations, specs) for each in condition.any]
        parts.append((_any(each for each, _ in some), _any(each for _, each in some)))
    for part_surely, part_possibly in parts:
        surely &= part_surely
        possibly &= part_possibly
    return surely, possibly


def _within(bound: Threshold, at_least: Array, below: Array) -> Flags:
    """Whether a bound holds, a lower one of the first values or an upper one of the second."""
    if bound.at_least is not None:
        return np.asarray(at_least >= bound.at_least)
    if bound.below is not None:
        return np.asarray(below < bound.below)
    return np.zeros(len(below), dtype=np.bool_)


def _any(flags: Iterable[Flags]) -> Flags:
    return np.asarray(np.logical_or.reduce(list(flags)))
