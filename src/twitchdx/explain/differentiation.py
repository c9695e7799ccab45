"""How every probability of an answer depends on the numbers of the network: exact slopes of log-odds.

With P = P(h | e), the rarer of a hypothesis and its opposite being asked for,

    d logit P / d number = (d ln P(h, e) / d number - d ln P(e) / d number) / (1 - P).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from twitchdx.engines import Condition, Differentiating, Hypothesis, Slopes
from twitchdx.explain.origins import Origins
from twitchdx.explain.reached import expand_evidence, possible_grades, reach_questions
from twitchdx.network import Network
from twitchdx.numerics import Array

# From this many hypotheses on a second thread pays.
_SHARED = 24


@dataclass(frozen=True, slots=True, eq=False)
class LogOddsSlopes:
    """How the log-odds of some probabilities depend on the numbers of the network.

    Attributes
    ----------
    names : tuple of str
        What they are the probabilities of, K of them.
    value : float64 array, shape (K,)
        The probabilities.
    log_odds : float64 array, shape (K,)
        Their natural log-odds; infinite where one is certain.
    by_number : float64 array, shape (K, N)
        Derivative of the log-odds by every number of the network, in the order of `numbers_of`; 0 where the
        probability is certain.
    """

    names: tuple[str, ...]
    value: Array
    log_odds: Array
    by_number: Array


@dataclass(frozen=True, slots=True, eq=False)
class AnswerSlopes:
    """The slopes of everything that an answer says of causes.

    Attributes
    ----------
    probability : LogOddsSlopes
        Of P(cause not absent | evidence).
    responsibility : LogOddsSlopes or None
        Of the responsibilities above 0; None where there is nothing to explain.
    unexplained : LogOddsSlopes or None
        Of P(no cause reaches the complaint | evidence).
    """

    probability: LogOddsSlopes
    responsibility: LogOddsSlopes | None
    unexplained: LogOddsSlopes | None


def differentiate_answer(
    network: Network,
    likelihoods: Mapping[str, Array],
    states: Mapping[str, Array],
    complaint: str | None,
    engine: Differentiating,
) -> AnswerSlopes:
    """Slopes of all probabilities and responsibilities of one patient.

    Parameters
    ----------
    network : Network
        The compiled network.
    likelihoods : mapping of str to float64 array
        The evidence; it must be possible.
    states : mapping of str to float64 array
        Cause -> P(state | evidence).
    complaint : str or None
        What responsibilities are for; None where there are none.
    engine : Differentiating
        Gives slopes.

    Raises
    ------
    EngineError
        The hypotheses tie together more than the engine can compute.
    """
    causes = tuple(states)
    present = np.array([each[1:].sum() for each in states.values()])
    absent = np.array([each[0] for each in states.values()])
    asked = _Asked(network, likelihoods, len(causes))
    for row, (cause, common) in enumerate(zip(causes, present > 0.5, strict=True)):
        asked.suppose(row, (Condition(cause, (0,) if common else _above_first(network, cause)),))
    if complaint is not None:
        asked.suppose_reached(complaint, causes)
    share, by_number = asked.answer(engine)
    with np.errstate(divide="ignore"):
        log_odds = np.log(present) - np.log(absent)
    slopes = by_number[: len(causes)] * np.where(present > 0.5, -1.0, 1.0)[:, None]
    slopes /= np.maximum(present, absent)[:, None]
    probability = LogOddsSlopes(causes, present, log_odds, slopes)
    if complaint is None:
        return AnswerSlopes(probability, None, None)
    reached = [k for k in range(len(causes)) if share[len(causes) + k] > 0.0]
    rows = [len(causes) + k for k in reached]
    return AnswerSlopes(
        probability,
        _of_shares(tuple(causes[k] for k in reached), share[rows], by_number[rows]),
        _of_shares((complaint,), share[-1:], by_number[-1:]),
    )


def _above_first(network: Network, name: str) -> tuple[int, ...]:
    return tuple(range(1, network.cardinality(name)))


def _of_shares(names: tuple[str, ...], share: Array, by_number: Array) -> LogOddsSlopes:
    """From slopes of ln P to those of the log-odds."""
    value = np.minimum(share, 1.0)  # a sum of probabilities exceeds 1 by its rounding
    certain = (value == 0.0) | (value == 1.0)
    with np.errstate(divide="ignore"):
        log_odds = np.log(value) - np.log1p(-value)
    slopes = np.where(certain[:, None], 0.0, by_number) / np.where(certain, 1.0, 1.0 - value)[:, None]
    return LogOddsSlopes(names, value, log_odds, slopes)


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """Hypotheses in one network, and the row of the result that each adds to.

    In a network with marks there is one, which is part of the evidence; its probability there, times
    exp(`log_weight`), is what is wanted.
    """

    network: Network
    likelihoods: Mapping[str, Array]
    rows: tuple[int, ...]
    hypotheses: tuple[Hypothesis, ...] = ()
    origins: Origins | None = None
    log_weight: float = 0.0


class _Asked:
    """What is asked about one patient: a row for each cause, each responsibility, and for none."""

    def __init__(self, network: Network, likelihoods: Mapping[str, Array], causes: int) -> None:
        self.network, self.likelihoods, self.causes = network, likelihoods, causes
        self.own: list[tuple[int, Hypothesis]] = []
        self.marked: list[_Question] = []

    def suppose(self, row: int, hypothesis: Hypothesis) -> None:
        """A hypothesis in the network itself."""
        self.own.append((row, hypothesis))

    def suppose_reached(self, complaint: str, causes: tuple[str, ...]) -> None:
        """For each grade that the complaint may have, which causes reach it."""
        told = self.likelihoods.get(complaint)
        for grade in possible_grades(self.network, complaint, self.likelihoods):
            questions = reach_questions(self.network, complaint, grade, causes)
            log_weight = 0.0 if told is None else float(np.log(told[grade]))
            for cause, hypotheses in questions.plain.items():
                for hypothesis in hypotheses:
                    self.suppose(self.causes + causes.index(cause), hypothesis)
            marked = [(self.causes + causes.index(cause), each) for cause, each in questions.marked.items()]
            for row, (network, origins) in [*marked, (2 * self.causes, questions.unreached)]:
                likelihoods = expand_evidence(network, complaint, self.likelihoods)
                self.marked.append(
                    _Question(network.network, likelihoods, (row,), origins=origins, log_weight=log_weight)
                )

    def answer(self, engine: Differentiating) -> tuple[Array, Array]:
        """P(row | evidence), and the slopes of its natural log."""
        questions = [*self.in_two(), *self.marked]
        answers = _ask_all(engine, questions)
        log_evidence, evidence = answers[0].log_mass[0], answers[0].by_number[0]
        terms = [
            (row, weight, each)
            for question, answer in zip(questions, answers, strict=True)
            for row, weight, each in _terms(question, answer, log_evidence)
        ]
        share = np.zeros(2 * self.causes + 1)
        for row, weight, _ in terms:
            share[row] += weight
        slopes = np.zeros([len(share), len(evidence)])
        for row, weight, each in terms:
            if weight > 0.0:
                slopes[row] += weight / share[row] * each
        slopes[share > 0.0] -= evidence
        return share, slopes

    def in_two(self) -> Iterator[_Question]:
        """The hypotheses in the network itself, where there are many in two parts."""
        middle = len(self.own) // 2 if len(self.own) >= _SHARED else len(self.own)
        for part in (self.own[:middle], self.own[middle:]):
            if part:
                rows, hypotheses = zip(*part, strict=True)
                yield _Question(self.network, self.likelihoods, rows, hypotheses)


def _terms(question: _Question, answer: Slopes, log_evidence: float) -> Iterator[tuple[int, float, Array]]:
    """Of each hypothesis its row, its probability given the evidence, and the slopes of its natural log."""
    weights = np.exp(answer.log_mass + question.log_weight - log_evidence)
    if question.origins is not None:
        yield question.rows[0], float(weights[0]), question.origins.apply(answer.by_number[0])
    else:
        yield from zip(question.rows, weights[1:].tolist(), answer.by_number[1:], strict=True)


def _ask_all(engine: Differentiating, questions: Sequence[_Question]) -> list[Slopes]:
    """The slopes for each question, some in a second thread: the engine lets others run meanwhile."""

    def ask(question: _Question) -> Slopes:
        return engine.differentiate(question.network, question.likelihoods, question.hypotheses)

    if sum(len(each.rows) for each in questions) < _SHARED or (os.cpu_count() or 1) < 2:
        return list(map(ask, questions))
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(ask, questions))
