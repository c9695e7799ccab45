"""What every result of a question, a test or a bundle would do: level of care, and the value of knowing it.

With the levels between which a red flag leaves the choice, and the optional actions that nothing forbids,

    V(T) = sum over t of P(t | e) max EU(decision | e, t) - max EU(decision | e)
         = sum over t of P(t | e) (max EU(decision | e, t) - EU(decision chosen now | e, t)),

since the mean of EU(decision | e, t) is EU(decision | e). The second form is summed: it has no term below 0,
and terms of results that leave the decision as it is are 0 and need not be computed.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.care import (
    SLACK,
    Situations,
    explained_situations,
    get_care,
    levels_of_care,
    unexplained_situations,
)
from twitchdx.engines import Rows
from twitchdx.explain import responsibilities
from twitchdx.numerics import Array
from twitchdx.plan.results import Bundle, Results, find_results, suppose
from twitchdx.plan.standing import Standing
from twitchdx.spec import Condition
from twitchdx.steps import NEGLIGIBLE, Slack, compare_levels
from twitchdx.whatif import Subject


@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """The joint results of one bundle, R of them, and what each of them would do.

    Attributes
    ----------
    results : Results
        The results with their probabilities and posteriors.
    levels : int array, shape (R,)
        Place in `LEVELS` of the level of care after each result.
    responsibility : mapping of str to float64 array, shape (R,), or None
        Cause -> responsibility after each result; None where it was not asked for, or there is nothing to
        explain.
    care_gain : float64 array, shape (R,)
        By how much the best level of care after the result is better than the one that is the best now; 0
        where the model states no utilities.
    action_gain : float64 array, shape (R,)
        The same of the optional actions.
    turned : bool array, shape (R,)
        Whether another level of care, or another optional action, is then the best.
    """

    results: Results
    levels: NDArray[np.intp]
    responsibility: Mapping[str, Array] | None
    care_gain: Array
    action_gain: Array
    turned: NDArray[np.bool_]

    @property
    def value(self) -> float:
        """Value of information, before what it costs to learn it."""
        return float(self.results.probability @ (self.care_gain + self.action_gain))

    def share(self, which: NDArray[np.bool_]) -> float:
        """The probability of some of the results."""
        share = float(self.results.probability[which].sum())
        return 1.0 if which.all() else min(share, 1.0)


def foresee(
    subject: Subject,
    standing: Standing,
    bundles: Iterable[Bundle],
    *,
    explain: bool = False,
    tolerance: float = NEGLIGIBLE,
) -> tuple[list[Foreseen], list[Bundle]]:
    """The joint results of some bundles of variables that are not observed, and what they would do.

    Parameters
    ----------
    subject : Subject
        The patient.
    standing : Standing
        The decision as it is.
    bundles : iterable of tuple of str
        The bundles.
    explain : bool, optional
        Whether responsibilities are wanted: they cost the most.
    tolerance : float, optional
        What may be left out of each value of information.

    Returns
    -------
    list of Foreseen, list of tuple of str
        In the order of the bundles; and those that tie too many causes together for an exact answer.
    """
    batch, found, refused = find_results(subject, bundles)
    if not found:
        return [], refused
    rows = suppose(subject, [each for results in found for each in results.supposed()])
    marginals = {cause: np.concatenate([each.marginals[cause] for each in found]) for cause in subject.causes}
    chance = np.concatenate([each.probability for each in found])
    floor, explained, wide = levels_by_rules(subject, rows, marginals, chance, explain=explain)
    care = get_care(subject.spec, subject.network)
    care_gain = np.zeros(len(chance))
    level = floor
    if care.weighing is not None:
        measure = functools.partial(batch.measure, subject.engine, care.weighing, found, tolerance)
        slack = Slack(chance, tolerance)
        compared = compare_levels(care.weighing, marginals, floor, measure, standing.choice, slack)
        care_gain, wide = compared.gain, wide | compared.wide
        level = np.maximum(level, compared.best)
    _, level = care.cautious(subject.engine, rows, marginals, level)
    present = {cause: each[:, 1:].sum(axis=1) for cause, each in marginals.items()}
    action_gain = standing.action_gains(present)
    turned = (care_gain > 0.0) | (action_gain > 0.0)
    whole = _Whole(level, explained, care_gain, action_gain, turned)
    return _split(found, whole, wide, refused), refused


@dataclass(frozen=True, slots=True, eq=False)
class _Whole:
    """The same as `Foreseen`, of all bundles one after another."""

    levels: NDArray[np.intp]
    responsibility: Mapping[str, Array] | None
    care_gain: Array
    action_gain: Array
    turned: NDArray[np.bool_]


def _split(
    found: Sequence[Results], whole: _Whole, wide: NDArray[np.bool_], refused: list[Bundle]
) -> list[Foreseen]:
    foreseen = []
    start = 0
    for results in found:
        part = slice(start, start + len(results.probability))
        start = part.stop
        if wide[part].any():
            refused.append(results.bundle)
            continue
        explained = None
        if whole.responsibility is not None:
            explained = {cause: each[part] for cause, each in whole.responsibility.items()}
        foreseen.append(
            Foreseen(
                results,
                whole.levels[part],
                explained,
                whole.care_gain[part],
                whole.action_gain[part],
                whole.turned[part],
            )
        )
    return foreseen


def _narrowed(subject: Subject, situations: Situations, chance: Array) -> Situations:
    """The same with closer bounds of responsibilities, from those that hold now.

    With R = P(reached | e) and p = P(t | e), P(reached | e, t) is at most R / p and at least 1 - (1 - R) / p.
    """
    of = subject.outcome.responsibility
    if of is None:
        return situations
    least = {
        cause: np.maximum(each, 1.0 - (1.0 - of[cause]) / chance - SLACK)
        for cause, each in situations.least.items()
    }
    greatest = {
        cause: np.minimum(each, of[cause] / chance + SLACK) for cause, each in situations.greatest.items()
    }
    return dataclasses.replace(situations, least=least, greatest=greatest)


def _named_by_rules(subject: Subject) -> tuple[str, ...]:
    """The causes whose responsibility some rule looks at."""
    named = {cause for rule in subject.spec.triage_rules.values() for cause in _explaining(rule.when)}
    return tuple(cause for cause in subject.causes if cause in named)


def _explaining(condition: Condition) -> Iterator[str]:
    yield from condition.responsibility
    for each in (*condition.all, *condition.any):
        yield from _explaining(each)


def levels_by_rules(
    subject: Subject, rows: Rows, marginals: Mapping[str, Array], chance: Array, *, explain: bool
) -> tuple[NDArray[np.intp], Mapping[str, Array] | None, NDArray[np.bool_]]:
    """What the rules ask for after each result; responsibilities where wanted; and what is too wide.

    Parameters
    ----------
    subject : Subject
        The patient.
    rows : Rows
        The evidence with each result, R of them.
    marginals : mapping of str to float64 array, shape (R, states)
        P(cause | evidence, result) of every cause.
    chance : float64 array, shape (R,)
        P(result | evidence).
    explain : bool
        Whether responsibilities of all causes are wanted.

    Returns
    -------
    int array, shape (R,); mapping of str to float64 array, shape (R,), or None; bool array, shape (R,)
    """
    present = {cause: np.ascontiguousarray(each[:, 1:]).sum(axis=1) for cause, each in marginals.items()}
    situations = unexplained_situations(rows, present, subject.complaint)
    situations = _narrowed(subject, situations, chance)
    rules = subject.spec.triage_rules.values()
    levels, greatest = levels_of_care(rules, situations, subject.variables)
    explain = explain and subject.complaint is not None and subject.outcome.responsibility is not None
    asked = (levels < greatest) | explain
    wide = np.zeros(len(levels), dtype=np.bool_)
    explained: Mapping[str, Array] | None = None
    if subject.complaint is not None and asked.any():
        chosen = Rows(rows.variables, rows.codes[asked], rows.likelihoods)
        # Without a wish for all of them, those that rules look at are enough.
        causes = subject.causes if explain else _named_by_rules(subject)
        found = responsibilities(
            subject.network, subject.complaint, causes, chosen, subject.engine, unexplained=explain
        )
        told = explained_situations(situations, asked, found)
        levels[asked], _ = levels_of_care(rules, told, subject.variables)
        wide[asked] = found.cells > 0.0
        explained = found.of if explain else None
    return levels.astype(np.intp), explained, wide
