"""What an engine with slopes is asked to learn how responsibilities depend on the numbers of the network.

That a cause reaches the complaint is a hypothesis in the network itself, or a few that exclude each other;
see `twitchdx.explain.branching`. A cause whose chains branch more often, and that none reaches, have a
network with marks; see `twitchdx.explain.reach`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twitchdx.engines import Hypothesis
from twitchdx.engines.contract import likelihoods_of, one_patient
from twitchdx.explain.branching import reaching_hypotheses
from twitchdx.explain.chains import find_chains, fix_grade
from twitchdx.explain.origins import Origins, find_origins
from twitchdx.explain.reach import Hypothesis as Marked
from twitchdx.explain.reach import suppose_reached, suppose_unreached
from twitchdx.network import Network
from twitchdx.numerics import Array

# More hypotheses than this about one cause take longer than a network with marks.
_FEW = 4


@dataclass(frozen=True, slots=True, eq=False)
class ReachQuestions:
    """How it is asked for one grade of the complaint which causes reach it.

    Attributes
    ----------
    plain : mapping of str to tuple of Hypothesis
        Cause -> hypotheses in the network itself that together say that it reaches the complaint.
    marked : mapping of str to pair
        Cause -> the same as a network with marks, and where its numbers come from.
    unreached : pair
        That no cause reaches the complaint.
    """

    plain: Mapping[str, tuple[Hypothesis, ...]]
    marked: Mapping[str, tuple[Marked, Origins]]
    unreached: tuple[Marked, Origins]


@functools.lru_cache(maxsize=64)
def reach_questions(network: Network, complaint: str, grade: int, causes: tuple[str, ...]) -> ReachQuestions:
    """The questions about one grade of the complaint.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        The finding to explain.
    grade : int
        Index of its state, above the first.
    causes : tuple of str
        The variables with the role of a cause.
    """
    fixed = fix_grade(network, complaint, grade)
    reaching = [cause for cause in causes if find_chains(fixed, complaint, {cause})]
    branches = {cause: reaching_hypotheses(network, complaint, grade, cause, _FEW) for cause in reaching}

    def with_origins(marked: Marked) -> tuple[Marked, Origins]:
        return marked, find_origins(network, complaint, grade, marked)

    marked = {
        cause: with_origins(suppose_reached(fixed, complaint, [cause]))
        for cause, each in branches.items()
        if each is None
    }
    plain = {cause: each for cause, each in branches.items() if each is not None}
    return ReachQuestions(plain, marked, with_origins(suppose_unreached(fixed, complaint, reaching)))


def possible_grades(network: Network, complaint: str, likelihoods: Mapping[str, Array]) -> Iterator[int]:
    """The grades above the first that the complaint may have."""
    told = likelihoods.get(complaint)
    return (g for g in range(1, network.cardinality(complaint)) if told is None or told[g] > 0.0)


def expand_evidence(marked: Marked, complaint: str, likelihoods: Mapping[str, Array]) -> dict[str, Array]:
    """The evidence but for the complaint, and the hypothesis, in a network with marks."""
    others = {name: each for name, each in likelihoods.items() if name != complaint}
    rows = marked.expand(one_patient(others))
    return likelihoods_of(marked.network, rows, rows.codes[0])
