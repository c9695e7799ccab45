"""Factors, of which some change from one question to the next: one plan, and a derivative by every factor."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from twitchdx.engines.numpy_core.planning import Plan, Structure, plan
from twitchdx.engines.numpy_core.propagation import Pass, backward, forward
from twitchdx.engines.numpy_core.scaling import log_product, product
from twitchdx.errors import EngineError, Issue, Where
from twitchdx.numerics import Array

# Where all of the total in a table is less than this beside the adjoint of a cell that is 0, it lacks digits.
_LEAST = 2.0**-1000


class Factors:
    """Factors whose product is summed over all axes.

    Attributes
    ----------
    axes : list of (str, int)
        Each axis: what it stands for, and its size.
    values : list of float64 array
        The factors.
    """

    def __init__(self) -> None:
        self.axes: list[tuple[str, int]] = []
        self.values: list[Array] = []
        self._scopes: list[tuple[int, ...]] = []
        # Which factors make up each table: one, but vectors of the same variable are multiplied beforehand.
        self._members: list[list[int]] = []
        self._vectors: dict[int, list[int]] = {}
        self._constants: list[int] = []
        self._hubs: set[int] = set()
        self._caps: dict[int, int] = {}

    def axis(self, label: str, size: int, *, hub: bool = False) -> int:
        """One more axis, by its number; of a hub the next factor is the cap."""
        number = len(self.axes)
        self.axes.append((label, size))
        if hub:
            self._hubs.add(number)
            self._caps[len(self._scopes)] = number
        return number

    def add(self, scope: tuple[int, ...], factor: Array) -> int:
        """One more factor, by its number."""
        number = len(self.values)
        self.values.append(factor)
        if not scope:
            self._constants.append(number)
            return number
        members = [number]
        if len(scope) == 1 and scope[0] not in self._hubs:
            members = self._vectors.setdefault(scope[0], [])
            members.append(number)
        if len(members) == 1:
            self._scopes.append(scope)
            self._members.append(members)
        return number

    def plan(self, wanted: Collection[int], max_cells: int) -> Plan:
        """The order of the work, given the factors whose derivatives are wanted."""
        structure = Structure(
            tuple(size for _, size in self.axes),
            tuple(self._scopes),
            tuple(self._caps.get(slot, -1) for slot in range(len(self._scopes))),
            frozenset(self._hubs),
            frozenset(k for k, each in enumerate(self._members) if any(one in wanted for one in each)),
        )
        return plan(structure, max_cells)

    def forward(self, steps: Plan, values: list[Array]) -> tuple[Pass, float]:
        """The pass forward with these values of the factors, and the log of the total."""
        made = [product([values[number] for number in members]) for members in self._members]
        done = forward(steps, [table for table, _ in made])
        constants = (float(values[number]) for number in self._constants)
        exponent = sum(each for _, each in made) + done.exponent
        return done, log_product([*constants, *done.factors], exponent)

    def backward(self, steps: Plan, values: list[Array], done: Pass) -> Iterator[tuple[int, Array]]:
        """Derivatives of the log of the total by the cells of the factors that are wanted, and of others."""
        adjoints = backward(steps, done, len(self._members))
        for slot, members in enumerate(self._members):
            if slot not in adjoints:
                continue
            masses = done.tables[slot] * adjoints[slot]
            total = masses.sum()
            if not total >= _LEAST:
                raise _out_of_range()
            if len(members) == 1:
                yield members[0], adjoints[slot] / total
                continue
            for number in members:
                by_cell = np.zeros(masses.shape)
                np.divide(masses / total, values[number], out=by_cell, where=values[number] > 0.0)
                yield number, by_cell
        for number in self._constants:
            yield number, 1.0 / values[number]


def _out_of_range() -> EngineError:
    found = "numbers left the range of a float on the way."
    fix = "Withdraw observations that are all but impossible."
    issue = Issue("error", "out-of-range", Where("evidence"), found, fix)
    return EngineError("The evidence is too improbable to be computed with.", [issue])
