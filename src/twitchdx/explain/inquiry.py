"""What is asked of an engine about a complaint of a certain grade."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from twitchdx.engines import Rows
from twitchdx.engines.contract import Answers
from twitchdx.explain.chains import AT, certain, fill_in, find_chains, fix_grade
from twitchdx.explain.indicators import IndicatorNetwork, add_indicators
from twitchdx.explain.reach import Hypothesis, suppose_reached, suppose_unreached
from twitchdx.network import Network
from twitchdx.numerics import Array

#: Asks an engine about many patients, or about one after another.
Ask = Callable[[Network, Rows, Collection[str]], Answers]

# A cause whose chains run through more variables than this before the complaint is not asked for by an
# indicator: in its network the indicators of all of these would stand in one table.
_SHORT = 2
# Causes with long chains that are selected from in one network; its tables grow with every one.
_SELECTED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What an engine says about patients whose complaint has a certain grade.

    Attributes
    ----------
    log_evidence : float64 array, shape (B,)
        As in `Answers`, the grade being part of the evidence.
    reached : float64 array, shape (C, B)
        P(the cause reaches the complaint | evidence).
    unreached : float64 array, shape (B,)
        P(no cause reaches the complaint | evidence).
    cells : float64 array, shape (B,)
        As in `Answers`.
    """

    log_evidence: Array
    reached: Array
    unreached: Array
    cells: Array


@dataclass(frozen=True, slots=True, eq=False)
class Inquiry:
    """The networks that tell which causes reach a complaint of a certain grade.

    Attributes
    ----------
    complaint : str
        The finding to explain.
    causes : tuple of str
        The variables with the role of a cause.
    plain : Network
        From `fix_grade`.
    indicated : tuple of IndicatorNetwork
        Each tells of several causes with short chains.
    selected : tuple of Hypothesis
        They tell of the others.
    unreached : Hypothesis
        That no cause reaches the complaint.
    """

    complaint: str
    causes: tuple[str, ...]
    plain: Network
    indicated: tuple[IndicatorNetwork, ...]
    selected: tuple[Hypothesis, ...]
    unreached: Hypothesis

    def answer(self, rows: Rows, ask: Ask, *, unreached: bool = True) -> Found:
        """What an engine says; what the rows say about the complaint does not count."""
        asking = _Asking(_without(rows, self.complaint), ask)
        of: dict[str, Array] = {}
        for group in self.indicated:
            of |= asking.indicated(group)
        if not self.indicated:
            at = certain(self.plain.cardinality(self.complaint), AT)
            asking.given_grade(self.plain, {self.complaint: at}, ())
        for hypothesis in self.selected:
            of |= asking.selected(hypothesis)
        reached = np.zeros([len(self.causes), len(rows.codes)])
        for index, cause in enumerate(self.causes):
            if cause in of:
                reached[index] = of[cause]
        rest = asking.probability(self.unreached) if unreached else np.zeros(len(rows.codes))
        return Found(asking.log_evidence, reached, rest, asking.cells)


@functools.lru_cache(maxsize=64)
def inquire(
    network: Network, complaint: str, grade: int, causes: tuple[str, ...], questions_at_once: int
) -> Inquiry:
    """The networks for one grade of the complaint.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        A variable; nothing reaches one that is not noisy.
    grade : int
        Index of its state, above the first.
    causes : tuple of str
        The variables with the role of a cause.
    questions_at_once : int
        See `Engine`.
    """
    plain = fix_grade(network, complaint, grade)
    through = {cause: find_chains(plain, complaint, {cause}) for cause in causes}
    chained = [cause for cause in causes if through[cause]]
    short = [cause for cause in chained if questions_at_once > 1 and len(through[cause]) <= _SHORT + 1]
    long = [cause for cause in chained if cause not in short]
    return Inquiry(
        complaint,
        causes,
        plain,
        tuple(add_indicators(plain, complaint, group) for group in _groups(short, questions_at_once)),
        tuple(
            suppose_reached(plain, complaint, group)
            for group in _groups(long, min(questions_at_once, _SELECTED))
        ),
        suppose_unreached(plain, complaint, chained),
    )


def _groups(causes: list[str], size: int) -> list[list[str]]:
    return [causes[start : start + size] for start in range(0, len(causes), size)]


class _Asking:
    """One round of questions about some patients."""

    def __init__(self, rows: Rows, ask: Ask) -> None:
        self.rows, self.ask = rows, ask
        self.cells = np.zeros(len(rows.codes))
        self.log_evidence = np.zeros(len(rows.codes))

    def answers(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        answers = self.ask(network, rows, targets)
        self.cells = np.maximum(self.cells, answers.cells)
        return answers

    def given_grade(
        self, network: Network, given: Mapping[str, Array], targets: Collection[str]
    ) -> Mapping[str, Array]:
        answers = self.answers(network, fill_in(self.rows, given), targets)
        self.log_evidence = answers.log_evidence
        return answers.marginals

    def indicated(self, group: IndicatorNetwork) -> dict[str, Array]:
        """P(indicator is not in its first state | evidence)."""
        marginals = self.given_grade(group.network, group.given, group.indicator_of.values())
        return {cause: _above_first(marginals[name]) for cause, name in group.indicator_of.items()}

    def selected(self, hypothesis: Hypothesis) -> dict[str, Array]:
        """P(selected one reaches the complaint | evidence) = n P(selected, hypothesis | evidence)."""
        if hypothesis.selector is None:
            return {hypothesis.sources[0]: self.probability(hypothesis)}
        rows = hypothesis.expand(self.rows)
        answers = self.answers(hypothesis.network, rows, [hypothesis.selector])
        whole = self.relative(answers.log_evidence) * len(hypothesis.sources)
        selected = answers.marginals[hypothesis.selector]
        return {source: whole * selected[:, index] for index, source in enumerate(hypothesis.sources)}

    def probability(self, hypothesis: Hypothesis) -> Array:
        """P(hypothesis | evidence)."""
        answers = self.answers(hypothesis.network, hypothesis.expand(self.rows), ())
        return self.relative(answers.log_evidence)

    def relative(self, log_evidence: Array) -> Array:
        """P(evidence and hypothesis) / P(evidence), or 0 where both are."""
        possible = np.where(self.log_evidence > -np.inf, self.log_evidence, np.inf)
        ratio: Array = np.exp(log_evidence - possible)
        return ratio


def _above_first(marginal: Array) -> Array:
    # State by state, so that the bits do not depend on the number of patients.
    total = marginal[:, 1]
    for state in range(2, marginal.shape[1]):
        total = total + marginal[:, state]
    return total


def _without(rows: Rows, name: str) -> Rows:
    """The evidence on all other variables."""
    kept = [column for column, each in enumerate(rows.variables) if each != name]
    return Rows(
        tuple(rows.variables[column] for column in kept),
        rows.codes[:, kept],
        tuple(rows.likelihoods[column] for column in kept),
    )
