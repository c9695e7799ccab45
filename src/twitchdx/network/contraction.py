"""Exact expectations over a network, for the compiler: sums of products of small arrays.

A noisy-MAX enters as rank-one terms (Díez and Galán 2003; Savicky and Vomlel 2007): P(X <= g | parents) is a
product of one factor a parent, so that P(X | parents) = sum_a M[x, a] prod_k F_k[x_k, a], and no table of
2^n cells is ever built. The weights M are signed, which costs digits where a grade is rare: the
compiler solves leaks with it to about 1e-10, and no posterior is computed this way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twitchdx.network.network import RESERVED, Node, NoisyMax, Table, closure
from twitchdx.numerics import Array

Nodes = Mapping[str, Node]
Values = NDArray[Any]  # of float64 or complex128
Factor = tuple[Values, tuple[str, ...]]

# The axis of functions that are averaged side by side.
_CASE = f"{RESERVED}case"


def joint(nodes: Nodes, names: Sequence[str]) -> Array:
    """P(names), with one axis a name in their order, from the part of the network above them.

    Parameters
    ----------
    nodes : mapping of str to Node
        Holds the names and everything upstream of them, parents before children.
    names : sequence of str
        The variables.
    """
    return contract(ancestral_factors(nodes, names), names)


def expectation(nodes: Nodes, functions: Mapping[str, Values]) -> Values:
    """E[prod_k u_k(x_k)] over the joint distribution of some nodes, for several choices of the u_k at once.

    Parameters
    ----------
    nodes : mapping of str to Node
        Holds the nodes and everything upstream of them, parents before children.
    functions : mapping of str to array, each of shape (states, B)
        The B functions of each node; real or complex.

    Returns
    -------
    array, shape (B,)
    """
    factors = ancestral_factors(nodes, functions)
    return contract([*factors, *((values, (name, _CASE)) for name, values in functions.items())], [_CASE])


def ancestral_factors(nodes: Nodes, names: Iterable[str]) -> list[Factor]:
    """The factors whose product, summed over everything else, is the joint of some nodes."""
    above = closure(names, lambda name: nodes[name].parents)
    return [factor for name in nodes if name in above for factor in _factors(nodes[name])]


def _factors(node: Node) -> list[Factor]:
    match node.mechanism:
        case Table(parents=parents, values=values):
            return [(values, (*parents, node.name))]
        case NoisyMax() as noisy:
            return _rank_one(node.name, noisy)


def _rank_one(name: str, noisy: NoisyMax) -> list[Factor]:
    """Terms 0 .. G for P(X <= g) times the pass, then the two of "suppressed": 1 and minus the pass."""
    grades = noisy.leak.size
    terms = grades + (3 if noisy.inhibitors else 1)
    hidden = f"{name}{RESERVED}term"
    weights = np.zeros([grades + 1, terms])
    weights[:, : grades + 1] = np.eye(grades + 1) - np.eye(grades + 1, k=-1)
    weights[0, grades + 1 :] = (1.0, -1.0) if noisy.inhibitors else ()
    factors: list[Factor] = [(weights * _silence(noisy.leak[None, :], terms), (name, hidden))]
    factors.extend(
        (_silence(reach, terms), (parent, hidden))
        for parent, reach in zip(noisy.producers, noisy.reach, strict=True)
    )
    for parent, passes in zip(noisy.inhibitors, noisy.passes, strict=True):
        values = np.repeat(passes[:, None], terms, axis=1)
        values[:, grades + 1] = 1.0
        factors.append((values, (parent, hidden)))
    return factors


def _silence(reach: Array, terms: int) -> Array:
    """P(contribution <= g) = 1 - P(contribution >= g + 1), certain for the highest grade."""
    values = np.ones([reach.shape[0], terms])
    values[:, : reach.shape[1]] = 1.0 - reach
    return values


def contract(factors: Sequence[Factor], kept: Sequence[str]) -> Values:
    """The product of some factors, summed over every axis that is not kept.

    Axes are summed out one by one, always one whose factors have the smallest product.

    Parameters
    ----------
    factors : sequence of (array, tuple of str)
        Arrays and the names of their axes.
    kept : sequence of str
        The axes of the result, in their order.
    """
    work = _Elimination(factors)
    last = {work.axis[name] for name in kept}
    waiting = {axis: work.spread(axis) for axis in work.users if axis not in last}
    while waiting:
        axis = min(waiting, key=waiting.__getitem__)
        del waiting[axis]
        for other in work.sum_out(axis):
            if other in waiting:
                waiting[other] = work.spread(other)
    values, axes = work.product(list(work.factors))
    return values.transpose([axes.index(work.axis[name]) for name in kept])


class _Elimination:
    """Factors that are multiplied and summed, axis by axis.

    Axes are numbered, and those of a factor stand in the order of their numbers, so that factors are
    multiplied without moving one.
    """

    def __init__(self, factors: Sequence[Factor]) -> None:
        names = dict.fromkeys(name for _, own in factors for name in own)
        self.axis = {name: number for number, name in enumerate(names)}
        self.factors: dict[int, tuple[Values, tuple[int, ...]]] = {}
        self.users: dict[int, dict[int, None]] = {axis: {} for axis in self.axis.values()}
        # An axis of s states has ceil(log2 s) bits, so that the bits of some axes together tell the size of
        # their table, and the union of two sets of axes is one operation.
        self.bits: dict[int, int] = {}
        self.scopes: dict[int, int] = {}
        self.bits_given = 0
        self.next = 0
        for values, own in factors:
            axes = [self.axis[name] for name in own]
            order = sorted(range(len(axes)), key=axes.__getitem__)
            for axis, states in zip(axes, values.shape, strict=True):
                self.give_bits(axis, states)
            self.add(values.transpose(order), tuple(axes[place] for place in order))

    def give_bits(self, axis: int, states: int) -> None:
        if axis not in self.bits:
            count = (states - 1).bit_length()
            self.bits[axis] = ((1 << count) - 1) << self.bits_given
            self.bits_given += count

    def add(self, values: Values, axes: tuple[int, ...]) -> None:
        self.factors[self.next] = values, axes
        scope = 0
        for axis in axes:
            scope |= self.bits[axis]
            self.users[axis][self.next] = None
        self.scopes[self.next] = scope
        self.next += 1

    def spread(self, axis: int) -> int:
        """Size of the product of the factors that have an axis, as its logarithm."""
        scope = 0
        for number in self.users[axis]:
            scope |= self.scopes[number]
        return scope.bit_count()

    def sum_out(self, axis: int) -> tuple[int, ...]:
        """Replace the factors that have an axis by their product summed over it; its other axes."""
        numbers = list(self.users[axis])
        values, axes = self.product(numbers)
        for number in numbers:
            for other in self.factors.pop(number)[1]:
                del self.users[other][number]
        place = axes.index(axis)
        rest = axes[:place] + axes[place + 1 :]
        self.add(np.add.reduce(values, axis=place), rest)
        return rest

    def product(self, numbers: Sequence[int]) -> tuple[Values, tuple[int, ...]]:
        chosen = [self.factors[number] for number in numbers]
        axes = tuple(sorted(set().union(*(own for _, own in chosen))))
        product = np.ones(())
        for values, own in chosen:
            size = dict(zip(own, values.shape, strict=True))
            product = product * values.reshape([size.get(axis, 1) for axis in axes])
        return product, axes
