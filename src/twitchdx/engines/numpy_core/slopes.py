"""How P(evidence) depends on the numbers of the network.

P(evidence) is linear in every number by itself. Here the evidence is folded in less far than for an answer:
each contribution to a noisy node stays a factor of its own, and every cell of a factor is a number of the
network, one less a number, or a sum of those. After a pass forward and one backward, value times adjoint of a
cell is the part of P(evidence) that runs through it, up to one scale for the whole table; and all of
P(evidence) runs through the table. So

    d ln P(evidence) / d cell = adjoint / sum over the table of value * adjoint.

A hypothesis turns cells into 0 and leaves all shapes alone, so that one order of elimination serves them all.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twitchdx.engines.contract import Hypothesis, Slopes
from twitchdx.engines.numpy_core.chains import Classes, classes_of, outcomes
from twitchdx.engines.numpy_core.factors import Factors
from twitchdx.engines.numpy_core.folding import cut
from twitchdx.engines.numpy_core.problem import Observed
from twitchdx.engines.numpy_core.scaling import log_product
from twitchdx.network import Network, NoisyMax, Table, numbers_of
from twitchdx.numerics import Array, read_only

_Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A factor that is made of numbers of the network.

    Attributes
    ----------
    values : float64 array
        Probabilities; in a contribution the elements of the chain run along the last axis.
    numbers : int array, of the same shape
        Which number each of them depends on.
    signs : float64 array, of the same shape
        How: 1 where it is the number, -1 where it is one less the number, 0 where it is 0 for good.
    classes : Classes or None
        Of a contribution: the elements that become one.
    """

    values: Array
    numbers: _Numbers
    signs: Array
    classes: Classes | None = None

    def factor(self) -> Array:
        """The factor; a single class has no axis in it."""
        if self.classes is None:
            return self.values
        gathered = self.classes.gather(self.values)
        return gathered if gathered.shape[-1] > 1 else gathered[..., 0]

    def restricted(self, allowed: Collection[int]) -> Leaf:
        """A contribution of which only some elements are allowed."""
        kept = np.isin(np.arange(self.values.shape[-1]), list(allowed))
        return replace(self, values=self.values * kept, signs=self.signs * kept)

    def collect(self, by_cell: Array, by_number: Array) -> None:
        """Add the derivatives by the cells of the factor to those by the numbers."""
        if self.classes is not None:
            by_class = by_cell if by_cell.ndim == self.values.ndim else by_cell[..., None]
            by_cell = self.classes.spread(by_class, self.values.shape[-1])
        np.add.at(by_number, self.numbers, self.signs * by_cell)


def _produced(flat: Array, numbers: _Numbers, classes: Classes, elements: int) -> Leaf:
    """Contributions of a producer or the leak, which never suppress."""
    room = [(0, 0)] * (numbers.ndim - 1) + [(0, elements - numbers.shape[-1])]
    values, signs = np.pad(flat[numbers], room), np.pad(np.ones(numbers.shape), room)
    return Leaf(values, np.pad(numbers, room), signs, classes)


def _suppressed(flat: Array, numbers: _Numbers, classes: Classes, elements: int) -> Leaf:
    """Contributions of an inhibitor: what does not pass is suppressed, the last element of the chain."""
    values, signs = np.zeros([2, *numbers.shape, elements])
    values[..., 0], signs[..., 0] = flat[numbers], 1.0
    values[..., -1], signs[..., -1] = 1.0 - flat[numbers], -1.0
    return Leaf(values, np.repeat(numbers[..., None], elements, axis=-1), signs, classes)


class ByNumbers:
    """Part of a network with some evidence, in factors that are made of its numbers.

    Parameters
    ----------
    network : Network
        The network.
    observed : Observed
        The evidence.
    relevant : collection of str
        The variables, with all their ancestors; the others are summed out, to 1.
    asked : collection of str
        Variables among them that hypotheses are about.

    Attributes
    ----------
    factors : Factors
        Their product.
    """

    def __init__(
        self, network: Network, observed: Observed, relevant: Collection[str], asked: Collection[str]
    ) -> None:
        self.factors = Factors()
        self._observed = observed
        blocks = {name: numbers_of(node.mechanism) for name, node in network.items()}
        self._numbers = np.concatenate([np.zeros(0), *(each for some in blocks.values() for each in some)])
        self._edge = self._numbers == 0.0
        self._states: dict[str, tuple[int, ...]] = {}
        self._index: dict[str, int] = {}
        self._leaves: dict[int, Leaf] = {}
        # What a condition changes: the factor of a variable by itself (-1), or of what a parent contributes.
        self._places: dict[tuple[str, int], int] = {}
        first = 0
        for name, node in network.items():
            if name in relevant:
                self._add_variable(name, len(node.states), asked=name in asked)
                if isinstance(node.mechanism, Table):
                    self._add_table(name, node.mechanism, first)
                else:
                    self._add_noisy(name, node.mechanism, first)
            first += sum(each.size for each in blocks[name])

    def _add_variable(self, name: str, size: int, *, asked: bool) -> None:
        states = self._states[name] = self._observed.possible.get(name, tuple(range(size)))
        if len(states) > 1:
            self._index[name] = self.factors.axis(name, len(states))
        if asked or name in self._observed.weights:
            own = self._observed.weights.get(name, np.ones(len(states)))
            shape = [len(states)] if len(states) > 1 else []
            self._places[name, -1] = self.factors.add(self._scope(name), own.reshape(shape))

    def _add_table(self, name: str, mechanism: Table, first: int) -> None:
        names = (*mechanism.parents, name)
        numbers = first + np.arange(mechanism.values.size).reshape(mechanism.values.shape)
        numbers = cut(numbers, [self._states[each] for each in names])
        self._add_leaf(self._scope(*names), Leaf(self._numbers[numbers], numbers, np.ones(numbers.shape)))

    def _add_noisy(self, name: str, mechanism: NoisyMax, first: int) -> None:
        """The cap, and a factor for each contribution; see `chains`."""
        outcome = outcomes(mechanism.leak.size + 1, suppressed=bool(mechanism.inhibitors))
        classes = classes_of(outcome, self._states[name])
        hub: tuple[int, ...] = ()
        # With a single class nothing can be contributed: every parent by itself, and none of them interact.
        if len(classes.starts) > 1:
            hub = (self.factors.axis(f"the contributions to {name}", len(classes.starts), hub=True),)
            self.factors.add((*hub, *self._scope(name)), classes.cap)
        parents = (*mechanism.producers, *mechanism.inhibitors)
        for place, block in enumerate(numbers_of(mechanism)):  # that of the leak comes last
            parent = parents[place : place + 1]
            known = [self._states[each] for each in parent] or [(0,)]
            numbers = first + np.arange(block.size)
            first += block.size
            if len(mechanism.producers) <= place < len(parents):
                self._edge[numbers] |= block == 1.0
                leaf = _suppressed(self._numbers, cut(numbers, known), classes, len(outcome))
            else:
                rows = numbers.reshape(-1, mechanism.leak.size + 1)
                leaf = _produced(self._numbers, cut(rows, known), classes, len(outcome))
            self._places[name, place] = self._add_leaf((*self._scope(*parent), *hub), leaf)

    def _scope(self, *names: str) -> tuple[int, ...]:
        return tuple(self._index[name] for name in names if name in self._index)

    def _add_leaf(self, scope: tuple[int, ...], leaf: Leaf) -> int:
        number = self.factors.add(scope, leaf.factor())
        self._leaves[number] = leaf
        return number

    def differentiate(self, hypotheses: Sequence[Hypothesis], max_cells: int) -> Slopes:
        """Masses and slopes of the evidence, and of each hypothesis with it; see `Differentiating`.

        Parameters
        ----------
        hypotheses : sequence of sequence of Condition
            About variables that are among those asked about.
        max_cells : int
            Budget: see `planning.MAX_CELLS`.

        Raises
        ------
        TooWide
            The products have more terms than are allowed.
        EngineError
            Numbers left the range of a float on the way.
        """
        steps = self.factors.plan(self._leaves, max_cells)
        given = log_product(self._observed.constants, 0)
        masses = np.full(1 + len(hypotheses), -np.inf)
        slopes = np.zeros([1 + len(hypotheses), len(self._numbers)])
        for row, hypothesis in enumerate([(), *hypotheses]):
            values, leaves = self._suppose(hypothesis)
            done, total = self.factors.forward(steps, values)
            masses[row] = total + given
            if masses[row] == -math.inf:
                continue
            for number, by_cell in self.factors.backward(steps, values, done):
                if number in leaves:
                    leaves[number].collect(by_cell, slopes[row])
        # The compiled core leaves zeros out on its way, so that neither tells of them.
        slopes[:, self._edge] = 0.0
        return Slopes(read_only(masses), read_only(slopes))

    def _suppose(self, hypothesis: Hypothesis) -> tuple[list[Array], dict[int, Leaf]]:
        """The factors where a hypothesis holds, and the leaves among them."""
        values, leaves = list(self.factors.values), dict(self._leaves)
        for each in hypothesis:
            number = self._places[each.variable, each.parent]
            if each.parent >= 0:
                leaves[number] = leaves[number].restricted(each.allowed)
                values[number] = leaves[number].factor()
            else:
                held = np.isin(self._states[each.variable], each.allowed)
                values[number] = values[number] * held.reshape(values[number].shape)
        return values, leaves
