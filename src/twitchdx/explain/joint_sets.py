"""The most probable sets of causes: which are present and which absent, everything else summed out.

That is the k best solutions of a *marginal MAP* problem over the presence of the causes. It is searched best
first over partial sets, some causes decided and the others open. What makes it exact are masses that only the
engine knows:

    P(e, decided causes) >= P(e, any way to decide the others as well),

since the completions are parts of it. The same answer gives the marginals of the open causes, and so a bound
for every part of a node before that part is computed: no more than the mass of the node times the probability
of what distinguishes it. A node is cut into the set in which each open cause takes its more probable side,
and, for each open cause, the sets in which it is the first to take the other side.

References
----------
Yuan and Hansen, MAP search in Bayesian networks using joint bounds (search with bounds from an exact engine,
and its origin with Park and Darwiche, 2003); Marinescu, Lee, Dechter and Ihler (2018), AND/OR search for
marginal MAP, Journal of Artificial Intelligence Research 63, 875-921 (best-first search).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from twitchdx.engines import UNOBSERVED, Rows
from twitchdx.errors import EngineError, Issue, OptionError, Where
from twitchdx.explain.case import Case, refuse_wide
from twitchdx.explain.verdicts import JointSet, JointSets
from twitchdx.numerics import Array, log_mass

#: Partial masses that may be computed: about a quarter of a minute with the shipped model.
BUDGET = 50_000
# Nodes that are answered at once: enough for the engine to be busy, few enough that little is answered in
# vain.
_TOGETHER = 16
# Bounds and masses are computed in different orders; a difference of rounding must not cut a solution off.
_ROUNDING = 1e-9


def find_joint_sets(
    case: Case, count: int = 5, *, among: Collection[str] | None = None, budget: int = BUDGET
) -> JointSets:
    """The most probable sets of present causes, with their exact probabilities.

    Parameters
    ----------
    case : Case
        Model, evidence and engine.
    count : int, optional
        How many sets.
    among : collection of str, optional
        The causes that sets are made of; the others are summed out. All causes, if left out.
    budget : int, optional
        How many partial masses may be computed.

    Raises
    ------
    UnknownNameError
        Some of `among` are no causes.
    OptionError
        An option is no whole number above 0.
    EngineError
        The budget does not suffice to be sure, as where very many sets are about equally probable; or the
        engine's own does not.
    """
    _check(count=count, budget=budget)
    if among is not None:
        case.require_causes(among)
    causes = tuple(cause for cause in case.causes if among is None or cause in among)
    return _Search(case, causes, count, budget).run()


@dataclass(frozen=True, slots=True, order=True)
class _Part:
    """Sets of causes that agree in what is decided; sorts by the best that any of them can be."""

    cost: float  # minus the log of a bound on P(e, each of these sets)
    number: int  # of two with one bound, the older comes first
    decided: Mapping[str, bool] = field(compare=False)


class _Search:
    def __init__(self, case: Case, causes: tuple[str, ...], count: int, budget: int) -> None:
        self.case, self.causes, self.count, self.budget = case, causes, count, budget
        self.waiting = [_Part(-math.inf, 0, {})]
        self.found: list[tuple[float, int, Mapping[str, bool]]] = []  # complete, the best first
        self.numbered = 0
        self.answers = 0
        self.log_evidence = 0.0

    def run(self) -> JointSets:
        while self.waiting and -self.waiting[0].cost > self.threshold() - _ROUNDING:
            parts = self.take()
            self.answers += len(parts)
            if self.answers > self.budget:
                raise self.beyond()
            for part, mass, sides in zip(parts, *self.masses([part.decided for part in parts]), strict=True):
                if not part.decided:
                    self.log_evidence = mass
                self.cut(part, mass, sides)
        sets = tuple(self.describe(mass, decided) for mass, _, decided in self.found)
        return JointSets(
            sets=sets, covered=math.fsum(each.probability for each in sets), answers=self.answers
        )

    def threshold(self) -> float:
        """The log of what a set must exceed to be among the best."""
        return self.found[-1][0] if len(self.found) == self.count else -math.inf

    def take(self) -> list[_Part]:
        """The most promising parts."""
        together = min(_TOGETHER, len(self.waiting))
        parts = [heapq.heappop(self.waiting) for _ in range(together)]
        return [part for part in parts if -part.cost > self.threshold() - _ROUNDING]

    def cut(self, part: _Part, mass: float, sides: Mapping[str, tuple[float, float]]) -> None:
        """A part of which the mass is known becomes a solution, or is cut into smaller ones."""
        if mass == -math.inf:
            return
        # What is least sure is decided first, so that the masses of what follows are small.
        opened = sorted(
            (cause for cause in self.causes if cause not in part.decided),
            key=lambda cause: max(sides[cause]),
        )
        if not opened:
            self.keep(mass, part)
            return
        decided = dict(part.decided)
        for cause in opened:
            absent, present = sides[cause]
            likely = present > absent
            self.push(mass + log_mass(min(absent, present)), {**decided, cause: not likely})
            decided[cause] = likely
        self.push(mass + log_mass(max(sides[opened[0]])), decided)

    def push(self, bound: float, decided: Mapping[str, bool]) -> None:
        if bound > self.threshold() - _ROUNDING:
            self.numbered += 1
            heapq.heappush(self.waiting, _Part(-bound, self.numbered, decided))

    def keep(self, mass: float, part: _Part) -> None:
        self.found.append((mass, part.number, part.decided))
        self.found.sort(key=lambda each: (-each[0], each[1]))
        del self.found[self.count :]

    def masses(
        self, parts: Sequence[Mapping[str, bool]]
    ) -> tuple[list[float], list[dict[str, tuple[float, float]]]]:
        """The log of P(e, decided) of each part, and P(absent) and P(present) of each cause given that."""
        case, likelihoods = self.case, self.case.evidence.likelihoods
        names = tuple(dict.fromkeys((*likelihoods, *self.causes)))
        codes = np.full([len(parts), len(names)], UNOBSERVED, dtype=np.int32)
        vectors = []
        for column, name in enumerate(names):
            observed = likelihoods.get(name, np.ones(case.network.cardinality(name)))
            rows = [observed]
            if name in likelihoods:
                codes[:, column] = UNOBSERVED - 1
            if name in self.causes:
                rows += [observed * case.absent(name), observed * case.present(name)]
                for row, decided in enumerate(parts):
                    if name in decided:
                        codes[row, column] = UNOBSERVED - 2 - decided[name]
            vectors.append(np.stack(rows))
        answers = case.engine.answer_many(case.network, Rows(names, codes, tuple(vectors)), self.causes)
        refuse_wide(answers)
        sides = [
            {cause: _sides(answers.marginals[cause][row]) for cause in self.causes}
            for row in range(len(parts))
        ]
        return answers.log_evidence.tolist(), sides

    def describe(self, mass: float, decided: Mapping[str, bool]) -> JointSet:
        causes = tuple(cause for cause in self.causes if decided[cause])
        labels = tuple(self.case.spec.causes[cause].label for cause in causes)
        return JointSet(causes=causes, labels=labels, probability=math.exp(mass - self.log_evidence))

    def beyond(self) -> EngineError:
        issue = Issue(
            "error",
            "too-many-sets",
            Where("budget"),
            f"after {self.budget:,} masses {len(self.found)} of {self.count} sets of causes were found, "
            "and others may be as probable: very many sets are about equally likely.",
            "Ask for fewer sets, give a larger `budget`, or observe more of what tells the causes apart.",
        )
        return EngineError("The most probable sets of causes cannot be told within the budget.", [issue])


def _sides(marginal: Array) -> tuple[float, float]:
    return float(marginal[0]), float(marginal[1:].sum())


def _check(*, count: int, budget: int) -> None:
    issues = [
        Issue("error", "wrong-option", Where(name), f"found {value!r}.", "Give a whole number from 1.")
        for name, value in (("count", count), ("budget", budget))
        if isinstance(value, bool) or not isinstance(value, int) or value < 1
    ]
    if issues:
        raise OptionError("An option cannot be understood.", issues)
