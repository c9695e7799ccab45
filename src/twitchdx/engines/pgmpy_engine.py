"""Variable elimination in pgmpy's factors: the engine of whoever trusts a well-known library most.

Every product and every sum is done by `pgmpy.factors.discrete.DiscreteFactor`. Only what pgmpy's own queries
get wrong is done here. The evidence is folded in first, soft evidence as one vector a variable; nothing is
normalised on the way, so that P(evidence) comes with the answer and impossible evidence shows as 0 and not as
NaN; the order of elimination is planned with the joins of noisy nodes, and all marginals come from one pass
up and one pass down (Shafer and Shenoy 1990). `pgmpy.inference.VariableElimination` keeps its factors in
sets, whose order changes the last bits of an answer from one process to the next; here the same input gives
the same bits.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from twitchdx.engines.contract import Answer, Answers, Rows, answer_each
from twitchdx.engines.folding import Factor, fold_evidence
from twitchdx.engines.merging import plan_elimination
from twitchdx.errors import EngineError, Issue, Where
from twitchdx.network import Network, load_pgmpy
from twitchdx.numerics import Array, log_mass, read_only

#: Cells that one table may have: two gigabytes, and as much again for what it is made of.
MOST_CELLS = 2**28


class PgmpyEngine:
    """Exact posteriors by variable elimination in pgmpy's factors."""

    name = "pgmpy"
    questions_at_once = 1

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        """P(target | evidence) for each target, and P(evidence); see `Engine.answer`."""
        needed = network.ancestors(likelihoods)
        evidence = _Problem(network, likelihoods, needed)
        if evidence.log_mass == -math.inf:
            return Answer(-math.inf, {})
        marginals = {}
        for name in targets:
            problem = evidence
            if name not in needed:
                # What neither the evidence nor this target descends from sums to 1, and evidence that
                # shares no ancestor with the target does not bear on it.
                above = network.ancestors([name])
                problem = _Problem(network, likelihoods, above | needed if above & needed else above)
            marginals[name] = problem.marginal(name)
        return Answer(evidence.log_mass, marginals)

    def answer_many(self, network: Network, rows: Rows, targets: Collection[str]) -> Answers:
        """One patient after another; see `Engine.answer_many`."""
        patient = _Patient()
        answers = answer_each(patient, network, rows, targets)
        return replace(answers, cells=read_only(patient.cells))


class _Patient(PgmpyEngine):
    """Notes what was too wide, where `PgmpyEngine` raises an error."""

    def __init__(self) -> None:
        self.cells: list[float] = []

    def answer(self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]) -> Answer:
        try:
            answer, cells = super().answer(network, likelihoods, targets), 0.0
        except _TooWideError as error:
            answer, cells = Answer(-math.inf, {}), error.cells
        self.cells.append(cells)
        return answer


class _TooWideError(EngineError):
    """What the largest table would need."""

    cells: float


def _require_narrow(factors: Sequence[Factor], order: Sequence[str]) -> None:
    """That no table of an elimination is too large, which is told from the scopes alone."""
    position = {name: index for index, name in enumerate(order)}
    sizes = {name: size for each in factors for name, size in zip(each.scope, each.values.shape, strict=True)}
    scopes: list[set[str]] = [set() for _ in order]
    for each in factors:
        if each.scope:
            scopes[min(position[name] for name in each.scope)].update(each.scope)
    for index, name in enumerate(order):
        cells = math.prod(float(sizes[each]) for each in scopes[index])
        if cells > MOST_CELLS:
            raise _too_wide(cells)
        rest = scopes[index] - {name}
        if rest:
            scopes[min(position[each] for each in rest)].update(rest)


def _too_wide(cells: float) -> _TooWideError:
    issue = Issue(
        "error",
        "too-wide",
        Where("evidence"),
        f"variable elimination needs a table of {cells:.2g} cells, and {MOST_CELLS:.2g} are the limit.",
        "Observe more of what the findings have in common, leave out some of the positive findings, or use "
        "the engine `exact`, which needs much smaller tables.",
    )
    error = _TooWideError("The evidence ties too many variables together for this engine.", [issue])
    error.cells = cells
    return error


class _Problem:
    """Part of a network with some evidence."""

    def __init__(self, network: Network, likelihoods: Mapping[str, Array], needed: frozenset[str]) -> None:
        folded = fold_evidence(network, likelihoods, needed)
        self.possible = folded.possible
        self.states = {name: network.cardinality(name) for name in needed}
        plan = plan_elimination(folded)
        _require_narrow(plan.factors, plan.order)
        self.tree = _BucketTree(plan.factors, plan.order)
        self.log_mass = folded.constant + self.tree.log_mass if folded.constant > -math.inf else -math.inf

    def marginal(self, name: str) -> Array:
        """P(name | evidence), with 0 for the states that the evidence excludes."""
        states = self.possible[name]
        masses = self.tree.masses(name) if len(states) > 1 else np.ones(1)
        marginal = np.zeros(self.states[name])
        marginal[states] = masses / masses.sum()
        return read_only(marginal)


class _BucketTree:
    """Factors in the order of elimination, with the messages between the variables.

    Each variable has a bucket: the factors, and the messages from variables eliminated before it, in
    which it is the first to go. Its message to the bucket that comes next is their product, summed over
    it. A second pass sends messages back, as far as a marginal needs them.

    Messages are scaled by powers of two, which loses no digit, so that no product of many small numbers
    vanishes.
    """

    def __init__(self, factors: Sequence[Factor], order: Sequence[str]) -> None:
        self.position = {name: index for index, name in enumerate(order)}
        self.parts: list[list[Any]] = [[] for _ in order]
        self.receiver: list[int | None] = [None] * len(order)
        self.place: list[int] = [0] * len(order)
        self.beyond: dict[int, Any | None] = {}
        self.log_mass = 0.0
        for factor in factors:
            self.take(factor)
        for index in range(len(order)):
            if self.log_mass == -math.inf:  # impossible evidence: what is left may lack a message
                return
            self.send(index)

    def take(self, factor: Factor) -> None:
        if not factor.scope:
            self.log_mass += log_mass(float(factor.values))
            return
        # Numbers for names: pgmpy orders variables by their hash, and that of a number never changes.
        scope = [self.position[name] for name in factor.scope]
        self.parts[min(scope)].append(_pgmpy_factor()(scope, list(factor.values.shape), factor.values))

    def send(self, index: int) -> None:
        """Eliminate one variable."""
        message = _product(self.parts[index])
        message.marginalize([index], inplace=True)
        greatest = float(np.max(message.values))
        if greatest == 0.0 or not message.variables:
            self.log_mass += log_mass(greatest)
            return
        exponent = math.frexp(greatest)[1]
        message.values = np.ldexp(message.values, -exponent)
        self.log_mass += exponent * math.log(2.0)
        receiver = min(message.variables)
        self.receiver[index], self.place[index] = receiver, len(self.parts[receiver])
        self.parts[receiver].append(message)

    def back(self, index: int) -> Any | None:
        """What everything beyond its message says about the variables of that message; None for nothing."""
        way = [index]
        while way[-1] not in self.beyond:
            receiver = self.receiver[way[-1]]
            if receiver is None:
                self.beyond[way[-1]] = None
            else:
                way.append(receiver)
        for sender in reversed(way[:-1]):
            self.beyond[sender] = self.send_back(sender)
        return self.beyond[index]

    def send_back(self, index: int) -> Any | None:
        receiver, place = self.receiver[index], self.place[index]
        assert receiver is not None
        others = [part for other, part in enumerate(self.parts[receiver]) if other != place]
        if self.beyond[receiver] is not None:
            others.append(self.beyond[receiver])
        if not others:
            return None
        kept = self.parts[receiver][place].variables
        message = _product(others)
        message.marginalize([name for name in message.variables if name not in kept], inplace=True)
        return message

    def masses(self, name: str) -> Array:
        """Mass of each state of a variable, up to one factor."""
        index = self.position[name]
        beyond = self.back(index)
        product = _product([*self.parts[index], *([] if beyond is None else [beyond])])
        product.marginalize([other for other in product.variables if other != index], inplace=True)
        masses: Array = np.asarray(product.values, dtype=np.float64)
        return masses


@functools.cache
def _pgmpy_factor() -> Any:
    return load_pgmpy("factors.discrete").DiscreteFactor


def _product(factors: Iterable[Any]) -> Any:
    """The product, smallest tables first, so that the large ones are walked through least often."""
    first, *others = sorted(factors, key=lambda factor: factor.values.size)
    product = first.copy()
    for factor in others:
        product.product(factor, inplace=True)
    return product
