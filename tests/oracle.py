"""An oracle that cannot be wrong in an interesting way: every world of a small network, one by one.

A world says the state of every variable and, where mechanisms are asked for, which variables *reach* it: in a
noisy-MAX each producer, and the leak, makes a contribution, each inhibitor lets the outcome pass or
not, and the variable takes the greatest contribution. A variable reaches X when its contribution equals the
grade above the first that X takes, or when it reaches a producer of which that is true.

Nothing here is shared with the library but the classes that hold the numbers. All terms are positive, so that
rare worlds keep their digits.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np

from twitchdx.network import Network, NoisyMax, Table

Likelihoods = Mapping[str, Sequence[float]]
NOBODY: frozenset[str] = frozenset()


class Enumeration:
    """All worlds of a network with their probabilities.

    Parameters
    ----------
    network : Network
        A small one: the number of worlds is the product of the numbers of states.
    mechanisms : bool
        Whether worlds tell who reaches whom.
    """

    def __init__(self, network: Network, *, mechanisms: bool = False) -> None:
        self.network = network
        self.order = _parents_first(network)
        self.mechanisms = mechanisms
        self.worlds = self._all_worlds()

    def _all_worlds(self) -> list[tuple[float, dict[str, int], dict[str, frozenset[str]]]]:
        worlds: dict[tuple[tuple[int, frozenset[str]], ...], float] = {(): 1.0}
        for name in self.order:
            parents = [self.order.index(parent) for parent in self.network[name].parents]
            known: dict[tuple[int, ...], dict[tuple[int, frozenset[str]], float]] = {}
            longer: defaultdict[tuple[tuple[int, frozenset[str]], ...], float] = defaultdict(float)
            for world, probability in worlds.items():
                states = tuple(world[parent][0] for parent in parents)
                if states not in known:
                    known[states] = self._outcomes(name, states)
                for (grade, winners), share in known[states].items():
                    reached = winners.union(*(world[self.order.index(winner)][1] for winner in winners))
                    longer[(*world, (grade, reached))] += probability * share
            worlds = dict(longer)
        return [
            (
                probability,
                dict(zip(self.order, (state for state, _ in world), strict=True)),
                dict(zip(self.order, (reached for _, reached in world), strict=True)),
            )
            for world, probability in worlds.items()
        ]

    def _outcomes(self, name: str, states: tuple[int, ...]) -> dict[tuple[int, frozenset[str]], float]:
        """(grade, producers whose contribution is that grade) -> probability, given the parents' states."""
        mechanism = self.network[name].mechanism
        if isinstance(mechanism, Table):
            row = mechanism.values[states]
            return {(grade, NOBODY): float(p) for grade, p in enumerate(row) if p > 0.0}
        found: defaultdict[tuple[int, frozenset[str]], float] = defaultdict(float)
        state_of = dict(zip(mechanism.parents, states, strict=True))
        for probability, contributions, opened in _contributions(mechanism, state_of):
            grade = max(contributions.values()) if opened else 0
            winners = NOBODY
            if self.mechanisms and grade > 0:
                winners = frozenset(k for k, c in contributions.items() if c == grade and k != "the leak")
            found[grade, winners] += probability
        return dict(found)

    def mass(self, likelihoods: Likelihoods) -> float:
        """P(evidence)."""
        return math.fsum(weight for weight, *_ in self._weighted(likelihoods))

    def marginal(self, name: str, likelihoods: Likelihoods) -> list[float]:
        """P(variable | evidence)."""
        masses: list[list[float]] = [[] for _ in self.network[name].states]
        for weight, states, _ in self._weighted(likelihoods):
            masses[states[name]].append(weight)
        total = self.mass(likelihoods)
        return [math.fsum(each) / total for each in masses]

    def responsibility(self, complaint: str, cause: str, likelihoods: Likelihoods) -> float:
        """P(cause reaches the complaint | evidence)."""
        reached = (w for w, _, reach in self._weighted(likelihoods) if cause in reach[complaint])
        return math.fsum(reached) / self.mass(likelihoods)

    def unexplained(self, complaint: str, causes: Iterable[str], likelihoods: Likelihoods) -> float:
        """P(complaint present, and no cause reaches it | evidence)."""
        named = frozenset(causes)
        left = (
            weight
            for weight, states, reach in self._weighted(likelihoods)
            if states[complaint] > 0 and not named & reach[complaint]
        )
        return math.fsum(left) / self.mass(likelihoods)

    def _weighted(
        self, likelihoods: Likelihoods
    ) -> Iterable[tuple[float, dict[str, int], dict[str, frozenset[str]]]]:
        for probability, states, reached in self.worlds:
            weight = probability
            for name, vector in likelihoods.items():
                weight *= float(vector[states[name]])
            if weight > 0.0:
                yield weight, states, reached


def _contributions(
    mechanism: NoisyMax, state_of: Mapping[str, int]
) -> Iterable[tuple[float, dict[str, int], bool]]:
    """Every combination of contributions and of what the inhibitors do: probability, grades, passed."""
    sources = ["the leak", *mechanism.producers]
    rows = [
        mechanism.leak,
        *(r[state_of[k]] for k, r in zip(mechanism.producers, mechanism.reach, strict=True)),
    ]
    passes = [float(p[state_of[j]]) for j, p in zip(mechanism.inhibitors, mechanism.passes, strict=True)]
    chances = [{grade: _exactly(row, grade) for grade in range(len(row) + 1)} for row in rows]
    for chosen in product(*([grade for grade, chance in each.items() if chance > 0.0] for each in chances)):
        chance = math.prod(each[grade] for each, grade in zip(chances, chosen, strict=True))
        for opened in product((False, True), repeat=len(passes)):
            gate = math.prod(p if o else 1.0 - p for p, o in zip(passes, opened, strict=True))
            if gate > 0.0:
                yield chance * gate, dict(zip(sources, chosen, strict=True)), all(opened)


def _exactly(at_least: np.ndarray, grade: int) -> float:
    """P(contribution = grade) from P(contribution >= g) for g = 1, 2, ..."""
    cumulative = [1.0, *(float(each) for each in at_least), 0.0]
    return cumulative[grade] - cumulative[grade + 1]


def _parents_first(network: Network) -> list[str]:
    order: list[str] = []
    while len(order) < len(network):
        order.extend(n for n in network if n not in order and all(p in order for p in network[n].parents))
    return order
