"""Chains of noisy arrows to the complaint, and the network in which the complaint has a certain grade."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from twitchdx.engines import UNOBSERVED, Rows
from twitchdx.network import Network, Node, NoisyMax, Table, closure
from twitchdx.numerics import Array, read_only

#: Index of the state in which the complaint of `fix_grade` is.
AT = 1


def find_chains(network: Network, complaint: str, sources: Collection[str]) -> frozenset[str]:
    """The noisy variables downstream of the sources and upstream of the complaint, by noisy arrows.

    The complaint is one of them, and a source is none unless it is the complaint. Empty where no chain leads
    from a source to the complaint.
    """
    upstream = closure([complaint], lambda name: producers(network[name]))
    reached: set[str] = set()
    for name in network:  # parents before children
        if name in upstream and any(each in sources or each in reached for each in producers(network[name])):
            reached.add(name)
    reached -= set(sources) - {complaint}
    return frozenset(reached) if complaint in reached else frozenset()


def producers(node: Node) -> tuple[str, ...]:
    """The parents that contribute to a variable; none to a table."""
    return node.mechanism.producers if isinstance(node.mechanism, NoisyMax) else ()


def certain(states: int, state: int) -> Array:
    """The likelihoods of an observed state."""
    return read_only(np.eye(states)[state])


def fix_grade(network: Network, complaint: str, grade: int) -> Network:
    """The network for patients whose complaint certainly has a grade above the first.

    What is contributed to the complaint need only be told as less, that grade, or more. What the complaint
    contributes to others is what that grade does.

    Parameters
    ----------
    network : Network
        The compiled network.
    complaint : str
        A noisy variable.
    grade : int
        Index of its state.

    Returns
    -------
    Network
        The complaint has the states `below`, `at` and, unless the grade is the last, `above`. With `at`
        observed, every probability is as in the original with the grade observed.
    """
    last = network.cardinality(complaint) - 1
    kept = [grade - 1, *([grade] if grade < last else [])]
    states = ("below", "at", "above")[: 1 + len(kept)]
    seen = [grade] * len(states)
    nodes = []
    for name, node in network.items():
        match node.mechanism:
            case NoisyMax() as noisy if name == complaint:
                reach = tuple(read_only(each[:, kept]) for each in noisy.reach)
                leak = read_only(noisy.leak[kept])
                nodes.append(Node(name, states, replace(noisy, reach=reach, leak=leak)))
            case _:
                nodes.append(resize(node, {complaint: seen}))
    return Network(nodes)


def resize(node: Node, states: dict[str, list[int]]) -> Node:
    """A variable whose parents have other states: for each of them, which of the former it counts as."""
    if not any(parent in states for parent in node.parents):
        return node

    def rows(parent: str, values: Array, axis: int = 0) -> Array:
        return read_only(values.take(states[parent], axis=axis)) if parent in states else values

    match node.mechanism:
        case NoisyMax() as noisy:
            reach = tuple(map(rows, noisy.producers, noisy.reach))
            passes = tuple(map(rows, noisy.inhibitors, noisy.passes))
            return replace(node, mechanism=replace(noisy, reach=reach, passes=passes))
        case Table(parents=parents, values=values):
            for axis, parent in enumerate(parents):
                values = rows(parent, values, axis)
            return replace(node, mechanism=Table(parents, values))


def fill_in(rows: Rows, likelihoods: Mapping[str, Array]) -> Rows:
    """The evidence, and the same about further variables for everybody of whom they are not observed."""
    variables = [*rows.variables, *(name for name in likelihoods if name not in rows.variables)]
    more = np.full([len(rows.codes), len(variables) - len(rows.variables)], UNOBSERVED, dtype=np.int32)
    codes, vectors = np.hstack([rows.codes, more]), list(rows.likelihoods)
    vectors += [np.empty([0, len(likelihoods[name])]) for name in variables[len(rows.variables) :]]
    for name, vector in likelihoods.items():
        column = variables.index(name)
        codes[codes[:, column] == UNOBSERVED, column] = UNOBSERVED - 1 - len(vectors[column])
        vectors[column] = np.concatenate([vectors[column], vector[None, :]])
    return Rows(tuple(variables), codes, tuple(vectors))
