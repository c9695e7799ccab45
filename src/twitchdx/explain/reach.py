"""Hypotheses: that a source reaches the complaint, or that none of some sources does.

Every variable on a chain of noisy arrows from a source to the complaint has *marked* grades: each grade not
reached by the sources, and each grade reached. The greatest contribution wins with its mark, and of equal
grades one that is reached. That is a maximum over the chain

    0 < (1, not reached) < (1, reached) < (2, not reached) < (2, reached) < ...

so that a marked variable is a noisy-MAX again, and any engine answers for it. That the complaint is reached
at its grade, or is not, is evidence like any other:

    P(reached | evidence) = P(reached, evidence) / P(evidence).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines import UNOBSERVED, Rows
from twitchdx.explain.chains import AT, certain, fill_in, find_chains, resize
from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table
from twitchdx.numerics import Array, read_only

# What follows the name of the complaint in that of the variable for what sources contribute to it.
_APART = f"{RESERVED}from{RESERVED}sources"


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """That the complaint is reached, or that it is not: a network and what is observed in it.

    Attributes
    ----------
    network : Network
        The variables of the original. Summed over the marks, every probability is as before.
    marked : frozenset of str
        The variables that have marked grades; grade g > 0 is state 2 g - 1 not reached, and 2 g reached.
    given : mapping of str to float64 array
        The likelihoods that make up the hypothesis, with those of the complaint among them.
    sources : tuple of str
        Of which one, or of all of which, it is the hypothesis.
    selector : str or None
        The variable that selects one of the sources, its states in their order.
    """

    network: Network
    marked: frozenset[str]
    given: Mapping[str, Array]
    sources: tuple[str, ...]
    selector: str | None

    def expand(self, rows: Rows) -> Rows:
        """The evidence on all variables but the complaint, and the hypothesis, for this network."""
        codes, likelihoods = rows.codes.copy(), list(rows.likelihoods)
        for column, name in enumerate(rows.variables):
            if name in self.marked:
                # A grade is either of its marks: one row of likelihoods for each grade above the first.
                vectors = likelihoods[column]
                grades = np.eye(vectors.shape[1])[1:]
                states = original_states(vectors.shape[1])
                likelihoods[column] = read_only(np.concatenate([vectors, grades]).take(states, axis=1))
                observed = codes[:, column]
                first = UNOBSERVED - len(vectors)
                codes[:, column] = np.where(observed > 0, first - observed, observed)
        return fill_in(Rows(rows.variables, codes, tuple(likelihoods)), self.given)


def suppose_reached(network: Network, complaint: str, sources: Sequence[str]) -> Hypothesis:
    """That the source which is selected reaches the complaint.

    The selector is a root with a state for each source, all equally probable before the evidence. Beside
    each source stands a node that repeats its state, marked where the source is selected.

    Parameters
    ----------
    network : Network
        From `fix_grade`.
    complaint : str
        Where the chains end.
    sources : sequence of str
        Where they begin; from each there is one. A single source needs no selector.
    """
    marked = frozenset().union(*(find_chains(network, complaint, {source}) for source in sources))
    reached = {complaint: certain(2 * network.cardinality(complaint) - 1, 2 * AT)}
    if len(sources) == 1:
        # It cannot reach anything while it is absent.
        present = read_only(np.minimum(np.arange(network.cardinality(sources[0])), 1.0))
        nodes = _mark_nodes(network.values(), {name: network.cardinality(name) for name in marked}, sources)
        return Hypothesis(Network(nodes), marked, {**reached, sources[0]: present}, (sources[0],), None)
    selector = f"{complaint}{RESERVED}source"
    even = read_only(np.full(len(sources), 1.0 / len(sources)))
    beside = {source: f"{source}{RESERVED}selected" for source in sources}
    renamed = [_rename(node, beside) if node.name in marked else node for node in network.values()]
    sizes = {name: network.cardinality(name) for name in marked}
    sizes |= {name: network.cardinality(source) for source, name in beside.items()}
    nodes = _mark_nodes(renamed, sizes)
    nodes.append(Node(selector, tuple(sources), Table((), even)))
    for source, name in beside.items():
        selected = [each == source for each in sources]
        values = _repeat(network.cardinality(source), selected, marked=source in marked)
        nodes.append(Node(name, _marked_states(network[source].states), Table((source, selector), values)))
    return Hypothesis(Network(nodes), marked, reached, tuple(sources), selector)


def suppose_unreached(network: Network, complaint: str, sources: Collection[str]) -> Hypothesis:
    """That none of some sources reaches the complaint.

    Parameters
    ----------
    network : Network
        From `fix_grade`.
    complaint : str
        Where the chains end.
    sources : collection of str
        Where they begin; there may be none.
    """
    marked = find_chains(network, complaint, sources)
    if not marked:
        return Hypothesis(network, marked, {complaint: certain(network.cardinality(complaint), AT)}, (), None)
    # What sources contribute to the complaint itself is less than its grade. So it is told apart: a
    # variable in its first state ties its parents to nothing.
    noisy = network[complaint].mechanism
    assert isinstance(noisy, NoisyMax)
    direct, others = _keep(noisy, sources), _keep(noisy, set(noisy.producers) - set(sources))
    silent = NoisyMax(*direct, read_only(np.zeros_like(noisy.leak)))
    rest = replace(noisy, producers=others[0], reach=others[1])
    states, apart = network[complaint].states, complaint + _APART
    nodes = [each for each in network.values() if each.name != complaint]
    nodes += [Node(complaint, states, rest), Node(apart, states, silent)]
    sizes = {name: network.cardinality(name) for name in marked}
    given = {complaint: certain(2 * len(states) - 1, 2 * AT - 1), apart: certain(len(states), 0)}
    return Hypothesis(Network(_mark_nodes(nodes, sizes, sources)), marked, given, tuple(sources), None)


def original_variable(name: str) -> str:
    """The variable of the original network that one of a hypothesis without selector stands for."""
    return name.removesuffix(_APART)


def _keep(noisy: NoisyMax, parents: Collection[str]) -> tuple[tuple[str, ...], tuple[Array, ...]]:
    """Some of the contributions."""
    kept = [pair for pair in zip(noisy.producers, noisy.reach, strict=True) if pair[0] in parents]
    return tuple(name for name, _ in kept), tuple(reach for _, reach in kept)


def _rename(node: Node, names: Mapping[str, str]) -> Node:
    """A noisy variable with other names of what contributes to it."""
    noisy = node.mechanism
    assert isinstance(noisy, NoisyMax)
    producers = tuple(names.get(each, each) for each in noisy.producers)
    return replace(node, mechanism=replace(noisy, producers=producers))


def _repeat(states: int, selected: Sequence[bool], *, marked: bool) -> Array:
    """The state of a source, marked as reached where it is selected, else as the source is marked."""
    reached = 2 * np.arange(states)
    otherwise = np.maximum(reached - 1, 0)
    if marked:
        reached, otherwise = reached[original_states(states)], np.arange(2 * states - 1)
    state = np.eye(2 * states - 1)
    return read_only(np.stack([state[reached if each else otherwise] for each in selected], axis=1))


def _mark_nodes(nodes: Iterable[Node], sizes: Mapping[str, int], sources: Collection[str] = ()) -> list[Node]:
    """The variables of a network, some of them marked, of which the number of states is stated."""
    states = {name: original_states(size) for name, size in sizes.items()}
    return [_mark_node(resize(node, states), sizes, sources) for node in nodes]


def _mark_node(node: Node, marked: Collection[str], sources: Collection[str]) -> Node:
    """A variable whose parents have their marks, with its own."""
    if node.name not in marked:
        return node
    noisy = node.mechanism
    assert isinstance(noisy, NoisyMax)

    def mark_contribution(parent: str, reach: Array) -> Array:
        # The one source that may be marked is the complaint, and it contributes to nothing on a chain.
        reached = _is_reached(len(reach)) if parent in marked else np.full(len(reach), parent in sources)
        return _mark(reach, reached)

    reach = tuple(map(mark_contribution, noisy.producers, noisy.reach))
    leak = _mark(noisy.leak[None, :], np.zeros(1, dtype=np.bool_))[0]
    return Node(node.name, _marked_states(node.states), replace(noisy, reach=reach, leak=leak))


def original_states(states: int) -> list[int]:
    """Index of the original state of each marked one, for as many original ones: 0, 1, 1, 2, 2, ..."""
    return [0, *(grade for grade in range(1, states) for _ in (False, True))]


def _is_reached(marked: int) -> NDArray[np.bool_]:
    """Which marked states are reached: none of the first, and then every other one."""
    reached = np.zeros(marked, dtype=np.bool_)
    reached[2::2] = True
    return reached


def _marked_states(states: Iterable[str]) -> tuple[str, ...]:
    first, *others = states
    return (first, *(f"{state}{RESERVED}{mark}" for state in others for mark in ("no", "yes")))


def _mark(reach: Array, reached: NDArray[np.bool_]) -> Array:
    """P(contribution >= marked grade), from that of the grades; row i is reached or not by `reached[i]`.

    Each entry is one of the original or zero, so that no digit of a rare grade is lost.
    """
    higher = np.concatenate([reach[:, 1:], np.zeros([len(reach), 1])], axis=1)
    values = np.repeat(reach, 2, axis=1)
    values[:, 1::2] = np.where(reached[:, None], reach, higher)
    return read_only(values)
