"""Variable elimination by pgmpy: the engine of whoever trusts a well-known library most.

pgmpy is asked in a way that avoids what its Bayesian-network queries get wrong. The evidence is folded in first
(soft evidence as one vector a variable), what neither evidence nor targets need is left out, and the rest goes to
pgmpy as a Markov network. Its answers are then not normalised, so that P(evidence) comes with them, and impossible
evidence shows as 0 and not as NaN.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from twitchdx.engines.contract import Answer
from twitchdx.engines.folding import Factor, fold_evidence
from twitchdx.engines.merging import plan_elimination
from twitchdx.errors import EngineError, Issue, Where
from twitchdx.network import Network, load_pgmpy
from twitchdx.numerics import Array, read_only


class PgmpyEngine:
    """Exact posteriors by `pgmpy.inference.VariableElimination`."""

    name = "pgmpy"

    def answer(
        self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]
    ) -> Answer:
        """P(target | evidence) for each target, and P(evidence); see `Engine.answer`."""
        needed = network.ancestors(likelihoods)
        evidence = _Problem(network, likelihoods, needed)
        log_evidence = evidence.constant
        for component in evidence.components if log_evidence > -math.inf else ():
            log_evidence += component.log_mass(targets)
        if log_evidence == -math.inf:
            return Answer(-math.inf, {})
        marginals = {}
        for name in targets:
            # What neither the evidence nor this target descends from sums to 1.
            problem = evidence
            if name not in needed:
                problem = _Problem(network, likelihoods, needed | network.ancestors([name]))
            marginals[name] = problem.marginal(name)
        return Answer(log_evidence, marginals)


class _Problem:
    """The factors for some evidence, in groups that share no variable."""

    def __init__(self, network: Network, likelihoods: Mapping[str, Array], needed: frozenset[str]) -> None:
        folded = fold_evidence(network, likelihoods, needed)
        self.possible = folded.possible
        self.states = {name: network.cardinality(name) for name in needed}
        self.constant = folded.constant
        plan = plan_elimination(folded)
        factors = []
        for factor in plan.factors:
            if factor.scope:
                factors.append(factor)
            else:
                weight = float(factor.values)
                self.constant += math.log(weight) if weight > 0.0 else -math.inf
        self.components = _components(factors, plan.order)

    def marginal(self, name: str) -> Array:
        states = self.possible[name]
        marginal = np.zeros(self.states[name])
        if len(states) == 1:
            marginal[states] = 1.0
            return read_only(marginal)
        (component,) = (each for each in self.components if name in each.sizes)
        masses = component.masses(name)
        marginal[states] = masses / masses.sum()
        return read_only(marginal)


@dataclass(frozen=True, slots=True, eq=False)
class _Component:
    factors: Sequence[Factor]
    sizes: Mapping[str, int]
    order: Sequence[str]
    elimination: Any
    found: dict[str, Array] = field(default_factory=dict)

    def masses(self, name: str) -> Array:
        """Mass of each state of one variable, everything else summed out."""
        if name not in self.found:
            self.found[name] = _query(self.elimination, self.order, name)
        return self.found[name]

    def log_mass(self, wanted: Iterable[str]) -> float:
        """Log of the whole mass; what was computed for it serves the first of the wanted variables."""
        name = next((each for each in wanted if each in self.sizes), next(iter(self.sizes)))
        mass = float(self.masses(name).sum())
        if mass > 0.0:
            return math.log(mass)
        self.refuse_underflow(name)
        return -math.inf

    def refuse_underflow(self, name: str) -> None:
        """Tell evidence of probability 0 from evidence too improbable for a float64."""
        support = [Factor((each.values > 0.0).astype(np.float64), each.scope) for each in self.factors]
        if _query(_variable_elimination(support), self.order, name).sum() == 0.0:
            return
        message = "its probability is above 0 and below 1e-308."
        issue = Issue("error", "underflow", Where("evidence"), message, "Enter fewer findings at once.")
        raise EngineError("The evidence is too improbable for this engine.", [issue])


def _components(factors: Sequence[Factor], order: Sequence[str]) -> list[_Component]:
    """Factors grouped so that no two groups share a variable."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for factor in factors:
        for name in factor.scope:
            leader[find(name)] = find(factor.scope[0])
    groups: dict[str, list[Factor]] = {}
    for factor in factors:
        groups.setdefault(find(factor.scope[0]), []).append(factor)
    components = []
    for group in groups.values():
        combined = _combine(group)
        sizes = {name: size for each in group for name, size in zip(each.scope, each.values.shape, strict=True)}
        within = [name for name in order if name in sizes]
        components.append(_Component(combined, sizes, within, _variable_elimination(combined)))
    return components


def _combine(factors: Sequence[Factor]) -> list[Factor]:
    """Multiply each factor into the first one that holds all its variables.

    Fewer tables, and no two over the same variables: pgmpy keeps factors in a set, where two equal
    ones would count as one.
    """
    combined: list[Factor] = []
    for factor in sorted(factors, key=lambda each: -len(each.scope)):
        for index, larger in enumerate(combined):
            if set(factor.scope) <= set(larger.scope):
                order = [factor.scope.index(name) for name in larger.scope if name in factor.scope]
                shape = [
                    size if name in factor.scope else 1
                    for name, size in zip(larger.scope, larger.values.shape, strict=True)
                ]
                values = larger.values * np.transpose(factor.values, order).reshape(shape)
                combined[index] = Factor(values, larger.scope)
                break
        else:
            combined.append(factor)
    return combined


def _query(elimination: Any, order: Sequence[str], name: str) -> Array:
    others = [each for each in order if each != name]
    result = elimination.query([name], elimination_order=others, show_progress=False)
    values: Array = np.asarray(result.values, dtype=np.float64)
    return values


def _variable_elimination(factors: Iterable[Factor]) -> Any:
    models, discrete, inference = (
        load_pgmpy(each) for each in ("models", "factors.discrete", "inference")
    )
    network = models.DiscreteMarkovNetwork()
    for factor in factors:
        network.add_nodes_from(factor.scope)
        network.add_edges_from(combinations(factor.scope, 2))
        network.add_factors(
            discrete.DiscreteFactor(list(factor.scope), list(factor.values.shape), factor.values)
        )
    return inference.VariableElimination(network)
