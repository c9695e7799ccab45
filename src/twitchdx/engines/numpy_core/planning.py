"""The order of elimination, and the list of small contractions that it comes to.

A plan depends on which tables there are and on their sizes, not on what is in them: patients of the same
pattern share it.
"""

from __future__ import annotations

import functools
import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from operator import itemgetter

import numpy as np

from twitchdx.engines.numpy_core.contraction import Contraction, Meeting, Operand
from twitchdx.numerics import Array

#: Terms of all products of one plan together; a hub at which two tables are joined counts 2 L - 1 for its L
#: classes. All results are kept for the pass backward, as float64: with those of a contraction at work, up to
#: 3 GiB, as much as a laptop can spare.
MAX_CELLS = 2**27


@dataclass(frozen=True, slots=True)
class Structure:
    """What a plan depends on. Variables and hubs are numbered together.

    Attributes
    ----------
    sizes : tuple of int
        States of each variable, classes of each hub.
    scopes : tuple of tuple of int
        The axes of each table.
    caps : tuple of int
        For each table the hub that it is the cap of, or -1.
    hubs : frozenset of int
        Which numbers are hubs.
    wanted : frozenset of int
        The tables by which the total is to be differentiated.
    """

    sizes: tuple[int, ...]
    scopes: tuple[tuple[int, ...], ...]
    caps: tuple[int, ...]
    hubs: frozenset[int]
    wanted: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Two tables become one.

    Attributes
    ----------
    first, second : int
        Their slots; the second is -1 where the constant stands for it. The result goes into the next slot.
    constant : float64 array or None
        What a bucket of a single table is contracted with.
    forward : Contraction
        (first, second) -> result.
    to_first, to_second : Contraction or None
        (adjoint of the result, the other table) -> adjoint; None where no target needs it.
    """

    first: int
    second: int
    constant: Array | None
    forward: Contraction
    to_first: Contraction | None
    to_second: Contraction | None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A program of contractions.

    Attributes
    ----------
    steps : tuple of Step
        In order; no table is used twice.
    roots : tuple of int
        Slots of the scalars whose product is the total.
    """

    steps: tuple[Step, ...]
    roots: tuple[int, ...]


class TooWide(Exception):  # noqa: N818 - a signal inside the engine; who catches it raises the error
    """The order that was found takes more or larger tables than the budget allows.

    Attributes
    ----------
    cells : int
        Cells that are needed, at least.
    clique : tuple of int
        The variables and hubs of the largest table.
    """

    def __init__(self, cells: int, clique: Iterable[int]) -> None:
        super().__init__(cells)
        self.cells = cells
        self.clique = tuple(sorted(clique))


@functools.lru_cache(maxsize=1024)
def plan(structure: Structure, max_cells: int) -> Plan:
    """Order the elimination and write it out.

    Raises
    ------
    TooWide
        The products have more terms than are allowed.
    """
    return _Planner(structure, max_cells).run(elimination_order(structure, max_cells))


def elimination_order(structure: Structure, max_cells: int) -> list[int]:
    """Variables and hubs, each time the one whose clique has the fewest cells; of equals, the first.

    Raises
    ------
    TooWide
        The cheapest clique that is left has more cells than are allowed.
    """
    near = [{index} for index in range(len(structure.sizes))]
    for scope in structure.scopes:
        for index in scope:
            near[index].update(scope)
    cells = [_cells(structure, clique) for clique in near]
    queue = [(cost, index) for index, cost in enumerate(cells)]
    heapq.heapify(queue)
    order: list[int] = []
    while queue:
        cost, index = heapq.heappop(queue)
        if cost != cells[index]:  # it has changed since, or is gone
            continue
        clique = near[index]
        if cost > max_cells:
            raise TooWide(cost, clique)
        order.append(index)
        cells[index] = 0
        clique.discard(index)
        for other in clique:
            near[other] |= clique
            near[other].discard(index)
            cells[other] = _cells(structure, near[other])
            heapq.heappush(queue, (cells[other], other))
    return order


def _cells(structure: Structure, scope: Iterable[int]) -> int:
    return math.prod(structure.sizes[index] for index in scope)


class _Planner:
    """Goes through the buckets on paper."""

    def __init__(self, structure: Structure, max_cells: int) -> None:
        self.max_cells = max_cells
        self.sizes = structure.sizes
        self.hubs = structure.hubs
        self.operands: list[Operand] = []
        self.wanted: list[bool] = []
        self.steps: list[Step] = []
        self.total = 0
        self.widest: tuple[int, tuple[int, ...]] = (0, ())
        for slot, (scope, cap) in enumerate(zip(structure.scopes, structure.caps, strict=True)):
            self.operands.append(Operand(scope, frozenset([cap] if cap >= 0 else [])))
            self.wanted.append(slot in structure.wanted)

    def run(self, order: list[int]) -> Plan:
        place = {index: position for position, index in enumerate(order)}
        buckets: list[list[int]] = [[] for _ in order]
        roots: list[int] = []
        for slot, operand in enumerate(self.operands):
            buckets[min(place[index] for index in operand.scope)].append(slot)
        for position, index in enumerate(order):
            slot = self.eliminate(index, buckets[position])
            scope = self.operands[slot].scope
            (buckets[min(place[each] for each in scope)] if scope else roots).append(slot)
        return Plan(tuple(self.steps), tuple(roots))

    def eliminate(self, index: int, bucket: list[int]) -> int:
        """Combine a bucket two by two, the cheapest pair first; the last contraction sums."""
        members = list(bucket)
        costs = {pair: self.cost(*pair) for pair in combinations(members, 2)}
        while len(members) > 2:
            pair = min(costs, key=costs.__getitem__)
            members = [slot for slot in members if slot not in pair]
            costs = {each: cost for each, cost in costs.items() if not set(each) & set(pair)}
            merged = self.combine(*pair, gone=None)
            costs.update(((slot, merged), self.cost(slot, merged)) for slot in members)
            members.append(merged)
        return self.combine(members[0], members[1] if len(members) > 1 else -1, gone=index)

    def cost(self, first: int, second: int) -> tuple[int, int, int]:
        """Terms of the product; of equals, the first pair."""
        return self.terms(self.operands[first], self.operands[second], None), first, second

    def terms(self, a: Operand, b: Operand, gone: int | None) -> int:
        joined = self.hubs.intersection(a.scope).intersection(b.scope) - {gone}
        return math.prod(
            2 * self.sizes[index] - 1 if index in joined else self.sizes[index]
            for index in {*a.scope, *b.scope}
        )

    def spend(self, terms: int, scope: Iterable[int]) -> None:
        self.total += terms
        self.widest = max(self.widest, (terms, tuple(scope)), key=itemgetter(0))
        if self.total > self.max_cells:
            raise TooWide(self.total, self.widest[1])

    def combine(self, first: int, second: int, gone: int | None) -> int:
        """The product of two tables, summed over what is gone."""
        a = self.operands[first]
        constant = None
        if second >= 0:
            b = self.operands[second]
        else:
            assert gone is not None
            b = Operand((gone,), frozenset())
            # Of a cap alone, what it is worth if nothing is contributed.
            constant = np.eye(self.sizes[gone])[0] if gone in self.hubs else np.ones(self.sizes[gone])
        self.spend(self.terms(a, b, gone), {*a.scope, *b.scope})
        scope = tuple(sorted({*a.scope, *b.scope} - {gone}))
        out = Operand(scope, (a.caps | b.caps).intersection(scope))
        meeting = Meeting(a, b, out, self.sizes, self.hubs)
        wanted = self.wanted[first], second >= 0 and self.wanted[second]
        self.steps.append(
            Step(
                first,
                second,
                constant,
                meeting.forward(),
                meeting.to_first() if wanted[0] else None,
                meeting.to_second() if wanted[1] else None,
            )
        )
        self.operands.append(out)
        self.wanted.append(any(wanted))
        return len(self.operands) - 1
