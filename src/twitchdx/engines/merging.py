"""Contributions joined two by two, along a tree that keeps every table small.

A noisy node of n parents takes the greatest of n contributions. Compared in a chain they force an order of
elimination on the parents, which can be a bad one. Here elimination and joining are planned together: the
variable that costs least comes next, and the contributions that it brings together are joined there (Zhang
and Poole 1996).
All tables are positive: nothing is ever subtracted, so that a rare cause keeps its digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from twitchdx.engines.folding import Factor, Folded, Joint, join_parts
from twitchdx.network import RESERVED

# A part is either a table that is not yet a factor, with its contribution on the last axis, or the name of a
# variable that holds the contribution joined so far.
Part = Factor | str


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is left to compute: a product of tables to be summed over their variables.

    Attributes
    ----------
    factors : list of Factor
        Positive tables. One that has no variable left is a constant.
    order : list of str
        Every variable of the factors once, in a good order of elimination.
    """

    factors: list[Factor]
    order: list[str]


def plan_elimination(folded: Folded) -> Plan:
    """Join the contributions of every noisy node, and order the elimination.

    Parameters
    ----------
    folded : Folded
        The network given the evidence.
    """
    return _Planner(folded).run()


@dataclass(slots=True, eq=False)
class _Bundle:
    """What has been multiplied together: its unknown variables, and its part of each noisy node."""

    scope: set[str]
    parts: dict[str, Part] = field(default_factory=dict)


def _table(joint: Joint, part: Part) -> Factor:
    """A part as a table; a variable stands for its own value."""
    return Factor(np.eye(joint.classes), (part,)) if isinstance(part, str) else part


class _Planner:
    """Eliminates on paper. A *hub* stands for a noisy node whose contributions are not all joined yet."""

    def __init__(self, folded: Folded) -> None:
        self.joints: dict[str, Joint] = {f"{joint.name}{RESERVED}hub": joint for joint in folded.joints}
        self.sizes = folded.sizes | {hub: joint.classes for hub, joint in self.joints.items()}
        self.factors = list(folded.factors)
        self.order: list[str] = []
        self.made_by: dict[str, int] = {}
        self.holders: dict[str, list[_Bundle]] = {}
        for factor in folded.factors:
            self.hold(_Bundle(set(factor.scope)))
        for hub, joint in self.joints.items():
            for part in joint.parts:
                self.hold(_Bundle(set(part.scope), {hub: part}))
            # The node itself appears once its hub is settled.
            if self.sizes[joint.name] > 1:
                self.holders.setdefault(joint.name, [])

    def hold(self, bundle: _Bundle) -> None:
        for name in (*bundle.scope, *bundle.parts):
            self.holders.setdefault(name, []).append(bundle)

    def release(self, bundle: _Bundle) -> None:
        for name in (*bundle.scope, *bundle.parts):
            self.holders[name].remove(bundle)

    def run(self) -> Plan:
        unsettled = {joint.name: hub for hub, joint in self.joints.items()}
        costs = {name: self.cost(name) for name in self.holders if name not in unsettled}
        while costs:
            name = min(costs, key=costs.__getitem__)
            del costs[name]
            merged = self.eliminate(name)
            self.hold(merged)
            if name in self.joints and self.sizes[self.joints[name].name] > 1:
                unsettled.pop(self.joints[name].name)
                costs[self.joints[name].name] = self.cost(self.joints[name].name)
            for each in (*merged.scope, *merged.parts):
                if each in costs:
                    costs[each] = self.cost(each)
        return Plan(self.factors, self.order)

    def cost(self, name: str) -> tuple[float, str]:
        """Cells of the largest table on the way, and the name, so that no tie is left to chance."""
        touched = self.holders[name]
        scope = set().union(*(bundle.scope for bundle in touched))
        cells = math.prod(self.sizes[each] for each in scope)
        joined: dict[str, int] = {}
        for bundle in touched:
            for hub, part in bundle.parts.items():
                joined[hub] = joined.get(hub, 0) + isinstance(part, str)
        for hub, variables in joined.items():
            # Two variables of one hub stand in the same table until they are joined.
            cells *= self.sizes[hub] ** min(max(variables, 1), 2)
        return float(cells), name

    def eliminate(self, name: str) -> _Bundle:
        touched = sorted(self.holders[name], key=self.cells)
        for bundle in touched:
            self.release(bundle)
        merged = _Bundle(set())
        for bundle in touched:
            merged.scope |= bundle.scope
            for hub, part in bundle.parts.items():
                merged.parts[hub] = self.join(hub, merged.parts[hub], part) if hub in merged.parts else part
        if name in self.joints:
            self.settle(merged, name)
        else:
            merged.scope.discard(name)
            self.order.append(name)
        return merged

    def cells(self, bundle: _Bundle) -> int:
        return math.prod(self.sizes[name] for name in (*bundle.scope, *bundle.parts))

    def join(self, hub: str, first: Part, second: Part) -> str:
        """A new variable for the join of two parts; variables that held one are done with."""
        self.order.extend(part for part in (first, second) if isinstance(part, str))
        joint = self.joints[hub]
        return self.make(hub, join_parts(_table(joint, first), _table(joint, second)))

    def make(self, hub: str, part: Factor) -> str:
        """Turn a part into a factor over a new variable."""
        name = f"{hub}{RESERVED}{len(self.factors)}"
        self.sizes[name] = part.values.shape[-1]
        self.made_by[name] = len(self.factors)
        self.factors.append(Factor(part.values, (*part.scope, name)))
        return name

    def settle(self, bundle: _Bundle, hub: str) -> None:
        """All contributions are joined: what came out is the state of the node."""
        joint = self.joints[hub]
        part = bundle.parts.pop(hub)
        index = self.made_by[part if isinstance(part, str) else self.make(hub, part)]
        made = self.factors[index]
        values = made.values[..., joint.outcome]
        if self.sizes[joint.name] == 1:
            self.factors[index] = Factor(values[..., 0], made.scope[:-1])
        else:
            self.factors[index] = Factor(values, (*made.scope[:-1], joint.name))
            bundle.scope.add(joint.name)
