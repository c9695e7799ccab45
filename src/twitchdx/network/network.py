"""The compiled network: immutable nodes with index arrays, ready for any engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from types import MappingProxyType

import numpy as np

from twitchdx.numerics import Array, read_only

#: Stands in the names of nodes that the compiler adds, and in no other name.
RESERVED = "__"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """P(X | parents) spelled out.

    Attributes
    ----------
    parents : tuple of str
        Names of the parents.
    values : float64 array, shape (*states of the parents, states of X)
        Probabilities; each last axis sums to 1.
    """

    parents: tuple[str, ...]
    values: Array


@dataclass(frozen=True, slots=True, eq=False)
class NoisyMax:
    """A leaky noisy-MAX with inhibitors, in cumulative form; with two states, a noisy-OR.

    For grades g = 1 .. G above the first state,

    P(X >= g | parents) = I * (1 - (1 - leak[g]) * prod_k (1 - reach[k][x_k, g])),
    I = prod_j passes[j][x_j].

    Attributes
    ----------
    producers : tuple of str
        Parents that contribute.
    reach : tuple of float64 array, each of shape (states of the parent, G)
        P(contribution >= g | state of the parent); row 0 is zero, never rising along g.
    leak : float64 array, shape (G,)
        P(leak >= g), never rising along g.
    inhibitors : tuple of str
        Parents that suppress.
    passes : tuple of float64 array, each of shape (states of the parent,)
        Probability that the outcome is not suppressed.

    References
    ----------
    Pearl (1988), section 4.3.2; Díez (1993); Heckerman and Breese (1996).
    """

    producers: tuple[str, ...]
    reach: tuple[Array, ...]
    leak: Array
    inhibitors: tuple[str, ...] = ()
    passes: tuple[Array, ...] = ()

    @property
    def parents(self) -> tuple[str, ...]:
        """Producers, then inhibitors; one that is both stands once."""
        return tuple(dict.fromkeys((*self.producers, *self.inhibitors)))


def contribution(reach: Array) -> Array:
    """P(contribution = g) from P(contribution >= g), grade 0 first; shape (states, G) to (states, G + 1)."""
    upper = np.concatenate([np.ones([len(reach), 1]), reach], axis=1)
    lower = np.concatenate([reach, np.zeros([len(reach), 1])], axis=1)
    return read_only(upper - lower)


def numbers_of(mechanism: Table | NoisyMax) -> list[Array]:
    """All numbers of a mechanism, flat, in the order in which the core of the exact engine reads them.

    Of a table its values; of a noisy-MAX the contributions of each producer (state after state, grade 0
    first), what each inhibitor lets pass, and the contributions of the leak.
    """
    if isinstance(mechanism, Table):
        return [mechanism.values.ravel()]
    numbers = [contribution(reach).ravel() for reach in mechanism.reach]
    return [*numbers, *mechanism.passes, contribution(mechanism.leak[None, :]).ravel()]


def count_numbers(mechanism: Table | NoisyMax) -> int:
    """How many numbers `numbers_of` a mechanism gives."""
    if isinstance(mechanism, Table):
        return int(mechanism.values.size)
    contributions = 1 + sum(map(len, mechanism.reach))
    return contributions * (mechanism.leak.size + 1) + sum(map(len, mechanism.passes))


Mechanism = Table | NoisyMax


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One variable of the network.

    Attributes
    ----------
    name : str
        Its name.
    states : tuple of str
        Its states, the normal one first.
    mechanism : Table or NoisyMax
        P(X | parents).
    """

    name: str
    states: tuple[str, ...]
    mechanism: Mechanism

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of the parents."""
        return self.mechanism.parents


class Network(Mapping[str, Node]):
    """An immutable mapping of name to node, parents before children.

    Parameters
    ----------
    nodes : iterable of Node
        The nodes in any order; every parent is among them, and there is no cycle.
    """

    __slots__ = ("__weakref__", "_children", "_nodes")

    def __init__(self, nodes: Iterable[Node]) -> None:
        given = {node.name: node for node in nodes}
        order = TopologicalSorter({name: node.parents for name, node in given.items()}).static_order()
        self._nodes = {name: given[name] for name in order}
        children: dict[str, list[str]] = {name: [] for name in self._nodes}
        for name, node in self._nodes.items():
            for parent in node.parents:
                children[parent].append(name)
        self._children = {name: tuple(each) for name, each in children.items()}

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __hash__(self) -> int:  # by identity: a network is compiled once and never changes
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Name -> names of its children."""
        return MappingProxyType(self._children)

    def cardinality(self, name: str) -> int:
        """Number of states."""
        return len(self._nodes[name].states)

    def ancestors(self, names: Iterable[str]) -> frozenset[str]:
        """The names given and everything upstream of them."""
        return closure(names, lambda name: self._nodes[name].parents)

    def descendants(self, names: Iterable[str]) -> frozenset[str]:
        """The names given and everything downstream of them."""
        return closure(names, self._children.__getitem__)


def closure(names: Iterable[str], step: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """The names given and everything that steps lead to."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(step(name))
    return frozenset(seen)


def noisy_table(node: NoisyMax, parents: Sequence[str], cardinalities: Sequence[int]) -> Array:
    """Write a noisy-MAX out as a table.

    Parameters
    ----------
    node : NoisyMax
        The mechanism.
    parents : sequence of str
        The order of the axes.
    cardinalities : sequence of int
        Number of states of each parent.

    Returns
    -------
    float64 array, shape (*cardinalities, G + 1)
        P(X | parents).
    """
    axes = {name: axis for axis, name in enumerate(parents)}

    def along(values: Array, parent: str) -> Array:
        shape = [1] * len(parents) + [values.shape[1]]
        shape[axes[parent]] = len(values)
        return values.reshape(shape)

    # P(greatest contribution so far = g) and P(it < g). Differences are taken of single contributions
    # only, never of products, so that a rare grade beside a common one keeps its digits.
    at = contribution(node.leak[None, :])[0]
    below = _below(node.leak[None, :])[0]
    for parent, reach in zip(node.producers, node.reach, strict=True):
        up_to = np.concatenate([1.0 - reach, np.ones([len(reach), 1])], axis=1)
        at = at * along(up_to, parent) + below * along(contribution(reach), parent)
        below = below * along(_below(reach), parent)
    opened = np.ones(1)
    for parent, passes in zip(node.inhibitors, node.passes, strict=True):
        opened = opened * along(passes[:, None], parent)
    at = np.array(np.broadcast_to(at * opened, [*cardinalities, node.leak.size + 1]))
    at[..., 0] += (1.0 - opened)[..., 0]
    return read_only(at)


def _below(reach: Array) -> Array:
    """P(contribution < g) for g = 0 .. G."""
    return np.concatenate([np.zeros([len(reach), 1]), 1.0 - reach], axis=1)
