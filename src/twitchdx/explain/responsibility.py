"""Which causes explain the complaint: responsibility, on networks augmented by contributions.

In a noisy-MAX each parent makes a contribution, and the variable takes the greatest. A cause *reaches* a
variable when its contribution, directly or along a chain of such arrows, equals the grade that the variable
takes.

The grades of the complaint are asked for one by one, each as if it were certain. Of most causes one network
tells at once; see `twitchdx.explain.indicators`. Of a cause whose chains run through many variables, and of
all causes together, P(reached, evidence) is asked for by itself; see `twitchdx.explain.reach`. Only sums of
positive terms occur, so that a rare cause keeps its digits.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import UNOBSERVED, Answers, Engine, Rows
from twitchdx.engines.contract import answer_each, one_patient
from twitchdx.explain.inquiry import Ask, inquire
from twitchdx.network import Network
from twitchdx.numerics import Array, read_only


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


@dataclass(frozen=True, slots=True, eq=False)
class Responsibilities:
    """How much of the complaint each cause explains, for many patients.

    Attributes
    ----------
    of : mapping of str to float64 array, shape (B,)
        As in `Responsibility`.
    unexplained : float64 array, shape (B,)
        As in `Responsibility`.
    known : bool array, shape (B,)
        False where `responsibility` is None, the evidence is impossible or nothing was computed; the
        numbers are 0 there.
    cells : float64 array, shape (B,)
        As in `Answers`: not 0 where nothing was computed because it needs too large a table.
    """

    of: Mapping[str, Array]
    unexplained: Array
    known: NDArray[np.bool_]
    cells: Array


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
    rows = one_patient(likelihoods)
    ask = functools.partial(_ask_about_one, engine)
    found = _explain(network, complaint, tuple(causes), rows, engine.questions_at_once, ask)
    if not found.known[0]:
        return None
    return Responsibility(
        {cause: float(each[0]) for cause, each in found.of.items()}, float(found.unexplained[0])
    )


def responsibilities(
    network: Network,
    complaint: str,
    causes: Collection[str],
    rows: Rows,
    engine: Engine,
    *,
    unexplained: bool = True,
) -> Responsibilities:
    """Responsibility of every cause for the complaint, for many patients.

    Each patient has the bits that `responsibility` gives.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        The finding to explain.
    causes : collection of str
        The variables with the role of a cause.
    rows : Rows
        The evidence.
    engine : Engine
        Computes the marginals.
    unexplained : bool, optional
        Whether it is wanted what no cause explains; 0 where it is not.
    """
    ask = engine.answer_many
    at_once = engine.questions_at_once
    return _explain(network, complaint, tuple(causes), rows, at_once, ask, unexplained=unexplained)


def _explain(  # noqa: PLR0913 - as many as its two callers know
    network: Network,
    complaint: str,
    causes: tuple[str, ...],
    rows: Rows,
    at_once: int,
    ask: Ask,
    *,
    unexplained: bool = True,
) -> Responsibilities:
    """r_k = sum over g > 0 of P(complaint = g | evidence) P(k reaches it | evidence, complaint = g)."""
    shares, cells = _grade_shares(network, complaint, rows, ask)
    # A row for each cause, and one for none of them.
    sums = np.zeros([len(causes) + 1, len(rows.codes)])
    known = np.zeros(len(rows.codes), dtype=np.bool_)
    for grade in range(1, shares.shape[1]):
        chosen = np.flatnonzero(shares[:, grade] > 0.0)
        if not chosen.size:
            continue
        inquiry = inquire(network, complaint, grade, causes, at_once)
        part = Rows(rows.variables, rows.codes[chosen], rows.likelihoods)
        found = inquiry.answer(part, ask, unreached=unexplained)
        share = shares[chosen, grade]
        sums[:-1, chosen] += share * found.reached
        sums[-1, chosen] += share * found.unreached
        known[chosen] |= found.log_evidence > -np.inf
        cells[chosen] = np.maximum(cells[chosen], found.cells)
    known &= cells == 0.0  # one network may fit where another does not
    # Sums of probabilities exceed 1 by their rounding.
    sums = read_only(np.where(known, np.minimum(sums, 1.0), 0.0))
    return Responsibilities(dict(zip(causes, sums, strict=False)), sums[-1], known, read_only(cells))


def _grade_shares(network: Network, complaint: str, rows: Rows, ask: Ask) -> tuple[Array, Array]:
    """P(complaint = g | evidence) of whom something is observed below it, else 0; and cells, as in `Answers`.

    Where the likelihoods of the complaint leave one grade, that is 1, be the evidence possible or not.
    """
    states = network.cardinality(complaint)
    told = np.zeros(len(rows.codes), dtype=np.bool_)
    likelihoods = np.ones([len(rows.codes), states])
    if complaint in rows.variables:
        likelihoods = _vectors(rows, rows.variables.index(complaint))
        told |= likelihoods.min(axis=1) < likelihoods.max(axis=1)
    if not told.all():  # what lies below the complaint can tell of it as well
        below = network.descendants([complaint])
        for column, name in enumerate(rows.variables):
            if name in below:
                vectors = _vectors(rows, column)
                told |= vectors.min(axis=1) < vectors.max(axis=1)
    left = likelihoods > 0.0
    shares = np.where(told[:, None] & (left.sum(axis=1) == 1)[:, None] & left, 1.0, 0.0)
    cells = np.zeros(len(rows.codes))
    several = np.flatnonzero(told & (left.sum(axis=1) > 1))
    if several.size:
        answers = ask(network, Rows(rows.variables, rows.codes[several], rows.likelihoods), [complaint])
        shares[several] = answers.marginals[complaint]
        cells[several] = answers.cells
    return shares, cells


def _vectors(rows: Rows, column: int) -> Array:
    """The likelihoods of one variable, a row for each patient."""
    vectors = rows.likelihoods[column]
    states = vectors.shape[1]
    by_code = np.concatenate([vectors[::-1], np.ones([1, states]), np.eye(states)])
    found: Array = by_code[rows.codes[:, column] - UNOBSERVED + len(vectors)]
    return found


def _ask_about_one(engine: Engine, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
    """What is too wide among many is noted; of one patient it is an error, which the engine words."""
    answers = engine.answer_many(network, rows, targets)
    return answer_each(engine, network, rows, targets) if answers.cells.any() else answers
