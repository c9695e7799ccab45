"""Which causes explain the complaint: responsibility, on the network augmented by contributions.

In a noisy-MAX each parent makes a contribution, and the variable takes the greatest. A cause *reaches* a
variable when its contribution, directly or along a chain of such arrows, equals the grade that the variable
takes.

Each cause is a question to the network of `twitchdx.explain.reach`, and so is whether any cause reaches the
complaint. How many questions one network answers is for the engine to say. Only sums of positive terms occur,
so that a rare cause keeps its digits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import UNOBSERVED, Engine, Rows
from twitchdx.explain.reach import MarkedNetwork, has_chain, mark_reach
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
    inquiry = _inquire(network, complaint, tuple(causes), engine.questions_at_once)
    observed = (vector for name, vector in likelihoods.items() if name in inquiry.below)
    if not any(_tells(vector[None, :])[0] for vector in observed):
        return None
    if complaint in likelihoods and not _leaves_present(likelihoods[complaint][None, :])[0]:
        return None
    marginals = []
    for each in inquiry.networks:
        answer = engine.answer(each.network, each.expand(likelihoods), [each.target])
        marginals.append(answer.marginals[each.target][None, :])
    shares = inquiry.shares(marginals)
    if not shares[0].any():
        return None
    reached = shares[:, 0, 1].tolist()
    return Responsibility(
        {cause: 0.0 if index is None else reached[index] for cause, index in inquiry.question_of.items()},
        float(shares[0, 0, 0]),
    )


def responsibilities(
    network: Network,
    complaint: str,
    causes: Collection[str],
    rows: Rows,
    engine: Engine,
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
    """
    inquiry = _inquire(network, complaint, tuple(causes), engine.questions_at_once)
    asked = inquiry.applies(rows)
    chosen = Rows(rows.variables, rows.codes[asked], rows.likelihoods)
    marginals, cells = [], np.zeros(len(asked))
    for each in inquiry.networks:
        marginal = np.zeros([len(asked), each.network.cardinality(each.target)])
        if asked.any():
            answers = engine.answer_many(each.network, each.expand_rows(chosen), [each.target])
            marginal[asked] = answers.marginals[each.target]
            cells[asked] = np.maximum(cells[asked], answers.cells)
        marginals.append(marginal)
    shares = inquiry.shares(marginals)
    shares[:, cells > 0.0] = 0.0  # one network may fit where another does not
    nothing = read_only(np.zeros(len(asked)))
    return Responsibilities(
        {
            cause: nothing if index is None else read_only(shares[index, :, 1])
            for cause, index in inquiry.question_of.items()
        },
        read_only(shares[0, :, 0]),
        np.asarray(shares[0].any(axis=-1)),
        read_only(cells),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Inquiry:
    """What is asked of an engine about one complaint.

    Attributes
    ----------
    complaint : str
        The finding to explain.
    below : frozenset of str
        The complaint and everything downstream of it.
    question_of : mapping of str to int or None
        Cause -> index of its question, the first being whether any cause reaches the complaint; None
        where no chain leads from it to the complaint.
    networks : tuple of MarkedNetwork
        They answer the questions, in their order.
    """

    complaint: str
    below: frozenset[str]
    question_of: Mapping[str, int | None]
    networks: tuple[MarkedNetwork, ...]

    def shares(self, marginals: Sequence[Array]) -> Array:
        """`MarkedNetwork.shares` of all networks, shape (questions, B, 2)."""
        shares = [each.shares(marginal) for each, marginal in zip(self.networks, marginals, strict=True)]
        return np.concatenate(shares, axis=1).transpose(1, 0, 2)

    def applies(self, rows: Rows) -> NDArray[np.bool_]:
        """Of which patients something is observed below the complaint, and not that it is absent."""
        told = np.zeros(len(rows.codes), dtype=np.bool_)
        present = np.ones(len(rows.codes), dtype=np.bool_)
        for column, name in enumerate(rows.variables):
            if name in self.below:
                told |= _of_each(rows, column, _tells, unobserved=False)
            if name == self.complaint:
                present &= _of_each(rows, column, _leaves_present, unobserved=True)
        return told & present


@functools.lru_cache(maxsize=32)
def _inquire(network: Network, complaint: str, causes: tuple[str, ...], at_once: int) -> _Inquiry:
    chained = [cause for cause in causes if has_chain(network, complaint, frozenset([cause]))]
    # A single cause is the same question as any of it.
    questions = list(dict.fromkeys([frozenset(chained), *(frozenset([cause]) for cause in chained)]))
    return _Inquiry(
        complaint,
        network.descendants([complaint]),
        {cause: questions.index(frozenset([cause])) if cause in chained else None for cause in causes},
        tuple(
            mark_reach(network, complaint, questions[start : start + at_once])
            for start in range(0, len(questions), at_once)
        ),
    )


def _of_each(
    rows: Rows, column: int, holds: Callable[[Array], NDArray[np.bool_]], *, unobserved: bool
) -> NDArray[np.bool_]:
    """Whether something holds of each patient's likelihoods of one variable."""
    vectors = rows.likelihoods[column]
    grades = np.eye(vectors.shape[1])
    by_code = np.concatenate([holds(vectors)[::-1], [unobserved], holds(grades)])
    found: NDArray[np.bool_] = by_code[rows.codes[:, column] - UNOBSERVED + len(vectors)]
    return found


def _tells(vectors: Array) -> NDArray[np.bool_]:
    """Whether likelihoods say anything: a flat likelihood does not."""
    return np.asarray(vectors.min(axis=1) < vectors.max(axis=1))


def _leaves_present(vectors: Array) -> NDArray[np.bool_]:
    """Whether likelihoods leave a state above the first possible."""
    return np.asarray(vectors[:, 1:].any(axis=1))
