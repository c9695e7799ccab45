"""What every result of a question or a test would do: all of them in one pass through the batch engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import Answers, Rows
from twitchdx.evidence import Observation
from twitchdx.explain import responsibilities
from twitchdx.explain.case import suppose_results
from twitchdx.numerics import Array, read_only
from twitchdx.spec import Level
from twitchdx.steps import Weighing, usable_decision
from twitchdx.whatif.subject import Subject

# A result less probable than this, given the evidence, does not happen: its posterior would be rounding.
_NEVER = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """The results that one unobserved variable may have, S of them, and the answer to each.

    Attributes
    ----------
    variable : str
        The variable.
    states : tuple of str
        Its possible states.
    probability : float64 array, shape (S,)
        P(state | evidence); they sum to 1.
    marginals : tuple of float64 array, each of shape (S, states of the cause)
        For each cause P(cause | evidence, state).
    responsibility : float64 array, shape (S, causes), or None
        Responsibilities given the state; None where there is nothing to explain.
    levels : tuple of Level
        The level of care that the rules then ask for.
    best : float64 array, shape (S,), or None
        The highest expected utility of a level of care given the state; None where the model states none.
    """

    variable: str
    states: tuple[str, ...]
    probability: Array
    marginals: tuple[Array, ...]
    responsibility: Array | None
    levels: tuple[Level, ...]
    best: Array | None


@dataclass(frozen=True, slots=True, eq=False)
class Foresight:
    """The results of some unobserved variables.

    Attributes
    ----------
    foreseen : tuple of Foreseen
        In the order in which they were asked for.
    not_judged : tuple of str
        Variables of which a result ties too many causes together for an exact answer.
    best : float or None
        The highest expected utility of a level of care as things are; None where the model states none.
    """

    foreseen: tuple[Foreseen, ...]
    not_judged: tuple[str, ...]
    best: float | None


def foresee(subject: Subject, variables: Sequence[str]) -> Foresight:
    """Every possible result of some unobserved variables, one at a time.

    Parameters
    ----------
    subject : Subject
        The patient.
    variables : sequence of str
        Variables that are not observed.
    """
    results = [(name, k) for name in variables for k in range(subject.network.cardinality(name))]
    rows = suppose_results(subject.network, subject.evidence.likelihoods, results)
    answers = subject.engine.answer_many(subject.network, rows, subject.causes)
    with np.errstate(invalid="ignore"):
        chance = np.exp(answers.log_evidence[1:] - answers.log_evidence[0])
    wide = answers.cells[1:] > 0.0
    explained: Array | None = None
    if subject.complaint is not None and subject.outcome.responsibility is not None:
        found = responsibilities(subject.network, subject.complaint, subject.causes, rows, subject.engine)
        explained = np.stack([found.of[cause] for cause in subject.causes], axis=1)[1:]
        wide |= found.cells[1:] > 0.0
    best, too_wide = _best_utilities(subject, rows, answers)
    wide |= too_wide[1:]
    foreseen, not_judged = [], []
    for name in variables:
        places = np.array([place for place, (each, _) in enumerate(results) if each == name], dtype=np.intp)
        if wide[places].any():
            not_judged.append(name)
            continue
        kept = places[chance[places] > _NEVER]
        marginals = tuple(answers.marginals[cause][1 + kept] for cause in subject.causes)
        of = None if explained is None else explained[kept]
        states = tuple(tuple(subject.variables[name].states)[results[place][1]] for place in kept.tolist())
        levels = tuple(
            _level(subject, name, state, [each[row] for each in marginals], None if of is None else of[row])
            for row, state in enumerate(states)
        )
        # Rounding of single answers must not leave them off their sum.
        probability = read_only(chance[kept] / chance[kept].sum())
        utility = None if best is None else best[1 + kept]
        foreseen.append(Foreseen(name, states, probability, marginals, of, levels, utility))
    return Foresight(tuple(foreseen), tuple(not_judged), None if best is None else float(best[0]))


def _best_utilities(subject: Subject, rows: Rows, answers: Answers) -> tuple[Array | None, NDArray[np.bool_]]:
    """The highest expected utility of each row, and which rows are too wide for it."""
    if not usable_decision(subject.spec):
        return None, np.zeros(len(rows.codes), dtype=np.bool_)
    weighing = Weighing(subject.spec, subject.network)
    everything = np.ones([len(rows.codes), len(weighing.levels)], dtype=np.bool_)
    bounds = weighing.bounds(answers.marginals)
    chances, wide = weighing.measure(subject.engine, rows, answers.log_evidence, bounds, everything)
    best: Array = weighing.utilities(chances).max(axis=1)
    return best, wide


def _level(subject: Subject, name: str, state: str, marginals: Sequence[Array], of: Array | None) -> Level:
    variable = subject.variables[name]
    likelihood = tuple(float(each == state) for each in variable.states)
    observation = Observation(name, variable.states[state], state, likelihood)
    present = {
        cause: float(np.add.reduce(each[1:])) for cause, each in zip(subject.causes, marginals, strict=True)
    }
    explains = None if of is None else dict(zip(subject.causes, of.tolist(), strict=True))
    return subject.level_by_rules({**subject.evidence, name: observation}, present, explains)
