"""The network in which grades say whether given sources reach them; see `twitchdx.explain.responsibility`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twitchdx.network import RESERVED, Network, Node, NoisyJoin, NoisyMax, Table, as_join, closure
from twitchdx.numerics import Array, read_only

Widen = Callable[[Array, str, int], Array]


@dataclass(frozen=True, slots=True, eq=False)
class MarkedNetwork:
    """A network with marked grades.

    Attributes
    ----------
    network : Network
        The variables of the original. Those that the sources can reach have the states: first state, then for
        each grade "not reached" and "reached"; summed over the marks, every probability is as before.
    marked : frozenset of str
        The variables that have marked grades.
    """

    network: Network
    marked: frozenset[str]

    def expand(self, name: str, vector: Array) -> Array:
        """A vector over the states of the original, over the states here."""
        return read_only(vector[_unmarked(len(vector))]) if name in self.marked else vector


@functools.lru_cache(maxsize=256)
def mark_reach(network: Network, complaint: str, sources: frozenset[str]) -> MarkedNetwork | None:
    """Mark the grades of every variable on a chain of noisy arrows from the sources to the complaint.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        Where the chains end.
    sources : frozenset of str
        Where they begin.

    Returns
    -------
    MarkedNetwork or None
        None where no chain leads from the sources to the complaint.
    """
    chains = _chains(network, complaint, sources)
    if complaint not in chains:
        return None

    def widen(values: Array, parent: str, axis: int) -> Array:
        """A table or vector over the states of a parent, over its marked states."""
        if parent not in chains:
            return values
        return read_only(values.take(_unmarked(network.cardinality(parent)), axis=axis))

    nodes = []
    for name, node in network.items():
        if name in chains:
            nodes.append(_mark(node, chains, sources, widen))
        elif chains.intersection(node.parents):
            nodes.append(_adapt(node, widen))
        else:
            nodes.append(node)
    return MarkedNetwork(Network(nodes), chains)


def _chains(network: Network, complaint: str, sources: frozenset[str]) -> frozenset[str]:
    """The noisy variables downstream of the sources and upstream of the complaint, by noisy arrows.

    A source needs no marks of its own: whatever it contributes is reached by it. Only as the complaint
    itself it has them.
    """

    def producers(name: str) -> tuple[str, ...]:
        mechanism = network[name].mechanism
        return mechanism.producers if isinstance(mechanism, NoisyMax) else ()

    upstream = closure([complaint], producers)
    reached: set[str] = set()
    for name in network:  # parents before children
        if name in upstream and any(each in sources or each in reached for each in producers(name)):
            reached.add(name)
    return frozenset(reached - (sources - {complaint}))


def _unmarked(states: int) -> list[int]:
    """Index of the original state of each marked one: 0, 1, 1, 2, 2, ..."""
    return [0, *(grade for grade in range(1, states) for _ in (False, True))]


def _marked(grade: int, *, reached: bool) -> int:
    return 2 * grade - 1 + reached if grade else 0


def _adapt(node: Node, widen: Widen) -> Node:
    """A variable on no chain: its parents may have marks, to which it is indifferent."""
    match node.mechanism:
        case NoisyMax() as noisy:
            reach = tuple(
                widen(each, name, 0) for name, each in zip(noisy.producers, noisy.reach, strict=True)
            )
            passes = _widen_passes(noisy, widen)
            adapted = NoisyMax(noisy.producers, reach, noisy.leak, noisy.inhibitors, passes)
            return Node(node.name, node.states, adapted)
        case Table(parents=parents, values=values):
            for axis, parent in enumerate(parents):
                values = widen(values, parent, axis)
            return Node(node.name, node.states, Table(parents, values))
        case NoisyJoin():
            message = "a compiled network has no joins"
            raise TypeError(message)


def _widen_passes(noisy: NoisyMax, widen: Widen) -> tuple[Array, ...]:
    return tuple(widen(each, name, 0) for name, each in zip(noisy.inhibitors, noisy.passes, strict=True))


def _mark(node: Node, chains: frozenset[str], sources: frozenset[str], widen: Widen) -> Node:
    """A variable on a chain: contributions carry the marks, and their join keeps the winner's.

    A contribution is marked when its parent is a source, or is itself reached.
    """
    assert isinstance(node.mechanism, NoisyMax)
    noisy, plain = node.mechanism, as_join(node.mechanism)
    contributions = []
    for parent, given in zip(plain.producers, plain.contributions, strict=True):
        values = widen(given, parent, 0)
        # States of a parent on a chain alternate between not reached and reached.
        reached = [
            parent in sources or (parent in chains and state > 0 and state % 2 == 0)
            for state in range(len(values))
        ]
        contributions.append(_mark_grades(values, reached))
    marked = NoisyJoin(
        noisy.producers,
        tuple(contributions),
        _mark_grades(plain.leak[None, :], [False])[0],
        _join_of_marked(len(node.states)),
        noisy.inhibitors,
        _widen_passes(noisy, widen),
    )
    states = (node.states[0], *(f"{g}{RESERVED}{mark}" for g in node.states[1:] for mark in ("no", "yes")))
    return Node(node.name, states, marked)


def _mark_grades(contribution: Array, reached: list[bool]) -> Array:
    """P(contribution) over marked grades; row i is marked as reached or not by `reached[i]`."""
    grades = contribution.shape[1]
    values = np.zeros([len(contribution), 2 * grades - 1])
    for row, mark in enumerate(reached):
        values[row, [_marked(g, reached=mark) for g in range(grades)]] = contribution[row]
    return read_only(values)


def _join_of_marked(grades: int) -> NDArray[np.intp]:
    """The greater grade wins with its mark; equal grades above the first are marked if either is."""
    elements = [(g, mark) for g in range(grades) for mark in ((False, True) if g else (False,))]
    join = np.zeros([len(elements), len(elements)], dtype=np.intp)
    for i, first in enumerate(elements):
        for j, second in enumerate(elements):
            # As pairs, (grade, mark) are ordered so that the maximum is just this.
            grade, mark = max(first, second)
            join[i, j] = _marked(grade, reached=mark)
    return join
