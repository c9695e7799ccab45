"""Variable elimination by pgmpy: the engine of whoever trusts a well-known library most.

pgmpy is asked in a way that avoids what its Bayesian-network queries get wrong: the evidence is folded into
the factors first (soft evidence as one vector a variable), what neither evidence nor targets need is left
out, and the rest goes to pgmpy as a Markov network. Its answers are then not normalised, so that
P(evidence) comes with them and impossible evidence shows as 0 and not as NaN.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import networkx as nx
import numpy as np

from twitchdx.engines.contract import Answer
from twitchdx.errors import EngineError, Issue, Where
from twitchdx.network import Network, Node, Table, load_pgmpy, split_network
from twitchdx.numerics import Array, read_only


@dataclass(frozen=True, slots=True, eq=False)
class _Factor:
    values: Array
    scope: tuple[str, ...]


class PgmpyEngine:
    """Exact posteriors by `pgmpy.inference.VariableElimination`."""

    name = "pgmpy"

    def answer(
        self, network: Network, likelihoods: Mapping[str, Array], targets: Collection[str]
    ) -> Answer:
        """P(target | evidence) for each target, and P(evidence); see `Engine.answer`."""
        tables = split_network(network)
        folded = _FoldedEvidence(tables, likelihoods)
        needed = tables.ancestors(likelihoods)
        log_evidence = folded.log_constant(needed)
        for component in _components(folded.factors(needed)) if log_evidence > -math.inf else ():
            mass = float(_eliminate(component, component[0].scope[0]).sum())
            log_evidence += math.log(mass) if mass > 0.0 else -math.inf
        if log_evidence == -math.inf:
            return Answer(-math.inf, {})
        marginals: dict[str, Array] = {}
        for name in targets:
            if name in folded.certain:
                marginals[name] = read_only(np.eye(tables.cardinality(name))[folded.certain[name]])
                continue
            # What neither the evidence nor this target descends from sums to 1.
            factors = folded.factors(needed | tables.ancestors([name]))
            mass_of_states = _eliminate(_component_of(name, factors), name)
            marginals[name] = read_only(mass_of_states / mass_of_states.sum())
        return Answer(log_evidence, marginals)


class _FoldedEvidence:
    """The tables of a network, sliced and weighted by the evidence."""

    def __init__(self, tables: Network, likelihoods: Mapping[str, Array]) -> None:
        self.order = {name: position for position, name in enumerate(tables)}
        self.certain = {
            name: int(np.argmax(vector))
            for name, vector in likelihoods.items()
            if np.count_nonzero(vector) == 1
        }
        self.pieces = {name: self.fold(node, likelihoods.get(name)) for name, node in tables.items()}

    def fold(self, node: Node, likelihood: Array | None) -> list[_Factor]:
        assert isinstance(node.mechanism, Table)
        scope = (*node.parents, node.name)
        index = tuple(self.certain.get(each, slice(None)) for each in scope)
        pieces = [
            _Factor(node.mechanism.values[index], tuple(each for each in scope if each not in self.certain))
        ]
        if likelihood is not None and node.name in self.certain:
            pieces.append(_Factor(likelihood[self.certain[node.name]], ()))
        elif likelihood is not None:
            pieces.append(_Factor(likelihood, (node.name,)))
        return pieces

    def of(self, names: Iterable[str]) -> list[_Factor]:
        return [piece for name in sorted(names, key=self.order.__getitem__) for piece in self.pieces[name]]

    def factors(self, names: Iterable[str]) -> list[_Factor]:
        """The factors of some nodes that still have a variable."""
        return [piece for piece in self.of(names) if piece.scope]

    def log_constant(self, names: Iterable[str]) -> float:
        """Log of the product of those that have none left."""
        constants = [float(piece.values) for piece in self.of(names) if not piece.scope]
        return sum(math.log(each) if each > 0.0 else -math.inf for each in constants)


def _components(factors: Iterable[_Factor]) -> list[list[_Factor]]:
    """Factors grouped so that no two groups share a variable."""
    graph = nx.Graph()
    for factor in factors:
        graph.add_nodes_from(factor.scope)
        graph.add_edges_from(pairwise(factor.scope))
    owner = {
        name: number for number, names in enumerate(nx.connected_components(graph)) for name in names
    }
    groups: dict[int, list[_Factor]] = {}
    for factor in factors:
        groups.setdefault(owner[factor.scope[0]], []).append(factor)
    return list(groups.values())


def _component_of(name: str, factors: Iterable[_Factor]) -> list[_Factor]:
    for component in _components(factors):
        if any(name in factor.scope for factor in component):
            return component
    message = f"{name} is in no factor"
    raise AssertionError(message)


def _eliminate(factors: list[_Factor], name: str) -> Array:
    """Mass of each state of one variable, everything else in its component summed out."""
    masses: Array = _variable_elimination(factors).query([name], show_progress=False).values
    if masses.sum() == 0.0:
        _refuse_underflow(factors, name)
    return masses


def _variable_elimination(factors: Iterable[_Factor]) -> Any:
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


def _refuse_underflow(factors: list[_Factor], name: str) -> None:
    """Tell evidence of probability 0 from evidence too improbable for a float64."""
    support = [_Factor((factor.values > 0.0).astype(np.float64), factor.scope) for factor in factors]
    if _variable_elimination(support).query([name], show_progress=False).values.sum() > 0.0:
        raise EngineError(
            "The evidence is too improbable for this engine.",
            [
                Issue(
                    "error",
                    "underflow",
                    Where("evidence"),
                    "its probability is above 0 and below 1e-308.",
                    "Enter fewer findings at once.",
                )
            ],
        )
