"""The network that tells for each of several causes whether it reaches the complaint.

Every noisy arrow on a chain has its contribution made explicit, and every variable with such an arrow has an
*indicator*: the grade of that variable, where what it contributes reaches the complaint, and else 0 (1 for
any grade will do where nobody's chain runs through the variable). Upwards from the complaint, whose grade is
certain,

    z_p = x_p [some arrow of p reaches],
    an arrow p -> complaint reaches where its contribution is the grade of the complaint,
    an arrow p -> y reaches where its contribution is z_y > 0.

All of them are marginals of one network.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from twitchdx.explain.chains import AT, certain, find_chains, producers
from twitchdx.network import RESERVED, Network, Node, NoisyMax, Table, contribution
from twitchdx.numerics import Array, read_only

_NO_YES = ("no", "yes")


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorNetwork:
    """A network with indicators.

    Attributes
    ----------
    network : Network
        The variables of the original, contributions and indicators.
    indicator_of : mapping of str to str
        Cause -> its indicator: the cause reaches the complaint unless that is in its first state.
    given : mapping of str to float64 array
        Likelihoods that say that the complaint has the grade.
    """

    network: Network
    indicator_of: Mapping[str, str]
    given: Mapping[str, Array]


def add_indicators(network: Network, complaint: str, causes: Collection[str]) -> IndicatorNetwork:
    """The network with what tells whether each of the causes reaches the complaint.

    Parameters
    ----------
    network : Network
        From `fix_grade`.
    complaint : str
        Where the chains end.
    causes : collection of str
        Where they begin; from each there is one.
    """
    return _Indicating(network, complaint, causes).run()


class _Indicating:
    """The chains of some causes to one complaint, and the nodes that are added."""

    def __init__(self, network: Network, complaint: str, causes: Collection[str]) -> None:
        self.network, self.complaint, self.causes = network, complaint, causes
        self.chains = frozenset().union(*(find_chains(network, complaint, {each}) for each in causes))
        self.tell = (self.chains - {complaint}) | set(causes)
        self.nodes: list[Node] = []
        self.indicator_of: dict[str, str] = {}

    def run(self) -> IndicatorNetwork:
        for name in reversed(list(self.network)):  # children before parents
            node = self.network[name]
            self.nodes.append(self.open(node) if name in self.chains else node)
            if name in self.tell:
                self.indicator_of[name] = self.indicate(name)
        given = {self.complaint: certain(self.network.cardinality(self.complaint), AT)}
        if self.network.cardinality(self.complaint) > AT + 1:
            self.nodes.append(self.not_above())
            given[self.nodes[-1].name] = certain(2, 0)
        indicator_of = {cause: self.indicator_of[cause] for cause in self.causes}
        return IndicatorNetwork(Network(self.nodes), indicator_of, given)

    def open(self, node: Node) -> Node:
        """A variable on a chain, with the contributions along chains made explicit."""
        noisy = node.mechanism
        assert isinstance(noisy, NoisyMax)
        parents, reaches = [], []
        for parent, reach in zip(noisy.producers, noisy.reach, strict=True):
            if parent in self.tell:
                explicit = self.contribute(parent, node, reach)
                self.nodes.append(explicit)
                parents.append(explicit.name)
                reaches.append(read_only(np.tri(len(explicit.states), len(node.states) - 1, k=-1)))
            else:
                parents.append(parent)
                reaches.append(reach)
        opened = replace(noisy, producers=tuple(parents), reach=tuple(reaches))
        return replace(node, mechanism=opened)

    def contribute(self, parent: str, node: Node, reach: Array) -> Node:
        """What a parent contributes; to the complaint, given that it is not above the grade."""
        name = _contribution(parent, node.name)
        if node.name != self.complaint:
            return Node(name, node.states, NoisyMax((parent,), (reach,), read_only(np.zeros(reach.shape[1]))))
        masses = contribution(reach)[:, : AT + 1].copy()
        masses[~masses.any(axis=1), 0] = 1.0  # certainly above: impossible, whatever stands here
        values = read_only(masses / masses.sum(axis=1, keepdims=True))
        return Node(name, node.states[: AT + 1], Table((parent,), values))

    def not_above(self) -> Node:
        """Whether some explicit contribution to the complaint is above its grade."""
        noisy = self.network[self.complaint].mechanism
        assert isinstance(noisy, NoisyMax)
        told = [pair for pair in zip(noisy.producers, noisy.reach, strict=True) if pair[0] in self.tell]
        reach = tuple(read_only(each[:, AT:]) for _, each in told)
        mechanism = NoisyMax(tuple(name for name, _ in told), reach, read_only(np.zeros(1)))
        return Node(f"{self.complaint}{RESERVED}above", _NO_YES, mechanism)

    def indicate(self, name: str) -> str:
        """The indicator of one variable, from those of its children."""
        children = [each for each in self.network.children[name] if each in self.chains]
        arrows = [each for each in children if name in producers(self.network[each])]
        found: str | None = None
        if self.complaint in arrows:
            arrows.remove(self.complaint)
            found = _contribution(name, self.complaint)
        for child in arrows:
            found = self.also(found, name, child)
        assert found is not None
        if name in self.chains and self.network.cardinality(name) > 2:
            found = self.with_grade(found, name)
        return found

    def also(self, found: str | None, name: str, child: str) -> str:
        """Whether an arrow reaches, or an earlier one does."""
        grades = np.arange(self.network.cardinality(child))
        yes = np.equal.outer(grades, grades) & (grades > 0)
        parents: tuple[str, ...] = (_contribution(name, child), self.indicator_of[child])
        if found is not None:
            yes = np.stack([yes, np.ones_like(yes)])
            parents = (found, *parents)
        values = np.stack([~yes, yes], axis=-1).astype(np.float64)
        indicator = f"{name}{RESERVED}by{RESERVED}{child}"
        self.nodes.append(Node(indicator, _NO_YES, Table(parents, read_only(values))))
        return indicator

    def with_grade(self, found: str, name: str) -> str:
        """The grade of a variable where it reaches, else the first."""
        states = self.network[name].states
        values = np.eye(len(states))[np.multiply.outer(np.arange(len(states)), (0, 1))]
        indicator = f"{name}{RESERVED}reaches"
        self.nodes.append(Node(indicator, states, Table((name, found), read_only(values))))
        return indicator


def _contribution(parent: str, child: str) -> str:
    return f"{parent}{RESERVED}to{RESERVED}{child}"
