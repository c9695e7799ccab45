"""One question to a network: its tables, and the answer from one elimination."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from twitchdx.engines.numpy_core.folding import Compiled, Prepared, fold_node
from twitchdx.engines.numpy_core.planning import Plan, Structure, plan
from twitchdx.engines.numpy_core.propagation import backward, forward
from twitchdx.engines.numpy_core.scaling import log_product, product
from twitchdx.numerics import Array


@dataclass(slots=True, eq=False)
class Observed:
    """The evidence of one patient.

    Attributes
    ----------
    possible : dict of str to tuple of int
        Variable -> the states that its evidence leaves.
    weights : dict of str to float64 array
        Variable -> likelihood of these states.
    constants : list of float
        Likelihoods that are the same in every state, and so say nothing.
    """

    possible: dict[str, tuple[int, ...]]
    weights: dict[str, Array] = field(default_factory=dict)
    constants: list[float] = field(default_factory=list)


def observe(network: Compiled, likelihoods: Mapping[str, Array]) -> Observed:
    """Sort the evidence, whatever order it comes in."""
    observed = Observed(dict(network.certain))
    for name in sorted(likelihoods, key=network.position.__getitem__):
        values = likelihoods[name].tolist()
        if min(values) == max(values):
            observed.constants.append(values[0])
            continue
        states = tuple(state for state, value in enumerate(values) if value > 0.0)
        observed.possible[name] = states
        observed.weights[name] = likelihoods[name][list(states)]
    return observed


class Problem:
    """Part of a network with some evidence.

    Parameters
    ----------
    network : Compiled
        The network.
    observed : Observed
        The evidence.
    relevant : collection of str
        The variables, with all their ancestors; the others are summed out, to 1.
    targets : collection of str
        Variables among them whose marginals are wanted.
    """

    def __init__(
        self, network: Compiled, observed: Observed, relevant: Collection[str], targets: Collection[str]
    ) -> None:
        self.constants: list[float] = []
        self.exponent = 0
        self.index: dict[str, int] = {}
        self.axes: list[tuple[str, int]] = []
        self.tables: list[Array] = []
        self.scopes: list[tuple[int, ...]] = []
        self.caps: dict[int, int] = {}
        self.unary: dict[int, list[Array]] = {}
        for name in sorted(relevant, key=network.position.__getitem__):
            states = observed.possible.get(name)
            count = network.sizes[name] if states is None else len(states)
            if count > 1:
                self.index[name] = self._axis(name, count)
            if name in observed.weights:
                self._add((name,) if count > 1 else (), observed.weights[name])
            self._fold(network.nodes[name], observed)
        self.targets = [name for name in targets if name in self.index]
        self.slots = self._add_unaries()

    def _axis(self, label: str, size: int) -> int:
        self.axes.append((label, size))
        return len(self.axes) - 1

    def _fold(self, node: Prepared, observed: Observed) -> None:
        piece = fold_node(node, tuple(map(observed.possible.get, node.scope)))
        self.exponent += piece.exponent
        for scope, table in piece.tables:
            self._add(scope, table)
        if piece.hub is None:
            return
        hub = self._axis(f"the contributions to {node.name}", len(piece.hub.cap))
        for parent, part in piece.hub.parts:
            self._put((self.index[parent], hub), part)
        self.caps[len(self.tables)] = hub
        self._put((hub,) if piece.hub.cap.ndim == 1 else (hub, self.index[node.name]), piece.hub.cap)

    def _add(self, scope: tuple[str, ...], table: Array) -> None:
        if not scope:
            self.constants.append(table.item())
        elif len(scope) == 1:
            self.unary.setdefault(self.index[scope[0]], []).append(table)
        else:
            self._put(tuple(self.index[name] for name in scope), table)

    def _put(self, scope: tuple[int, ...], table: Array) -> None:
        self.scopes.append(scope)
        self.tables.append(table)

    def _add_unaries(self) -> dict[str, int]:
        """One vector for each variable that has some, or is a target; the slots of the targets."""
        for name in self.targets:
            index = self.index[name]
            self.unary.setdefault(index, [np.ones(self.axes[index][1])])
        slots: dict[int, int] = {}
        for index in sorted(self.unary):
            vector, exponent = product(self.unary[index])
            self.exponent += exponent
            slots[index] = len(self.tables)
            self._put((index,), vector)
        return {name: slots[self.index[name]] for name in self.targets}

    def plan(self, max_cells: int) -> Plan:
        """The order of the work.

        Raises
        ------
        TooWide
            The products have more terms than are allowed.
        """
        structure = Structure(
            tuple(size for _, size in self.axes),
            tuple(self.scopes),
            tuple(self.caps.get(slot, -1) for slot in range(len(self.tables))),
            frozenset(self.caps.values()),
            frozenset(self.slots.values()),
        )
        return plan(structure, max_cells)

    def solve(self, max_cells: int) -> Solution:
        """Log of the total, and the masses of the targets.

        Raises
        ------
        TooWide
            The products have more terms than are allowed.
        """
        steps = self.plan(max_cells)
        done = forward(steps, self.tables)
        log_mass = log_product([*self.constants, *done.factors], self.exponent + done.exponent)
        if log_mass == -math.inf:
            return Solution(log_mass, {})
        adjoints = backward(steps, done, len(self.tables))
        masses = {name: self.tables[slot] * adjoints[slot] for name, slot in self.slots.items()}
        return Solution(log_mass, {name: each / each.sum() for name, each in masses.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Natural log of the total, and target -> P(target | evidence) over its possible states."""

    log_mass: float
    marginals: Mapping[str, Array]
