"""The decision tree of the model of `deciding.py`, over every world of its network.

It goes through all worlds, and through every choice of a level of care and of optional actions, and shares
nothing with the library but the compiled network.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from deciding import ACTIONS, CARE, CAUTION, OUTCOMES, QUESTION, RATE, RULES, TESTS
from oracle import Enumeration
from twitchdx.network import Network
from twitchdx.spec import LEVELS

Evidence = Mapping[str, Any]
Vectors = Mapping[str, np.ndarray]


class DecisionTree:
    """Every world of the model, and what would be chosen with some evidence.

    Parameters
    ----------
    network : Network
        The compiled network, of which the worlds are listed one by one.
    causes : sequence of str
        Its causes.
    stated : collection of str, optional
        The levels of care that can be weighed, the lowest first.
    """

    def __init__(
        self, network: Network, causes: Sequence[str], stated: Collection[str] = tuple(CARE)
    ) -> None:
        self.network, self.causes, self.stated = network, tuple(causes), tuple(stated)
        worlds = Enumeration(network).worlds
        self.chance = np.array([p for p, *_ in worlds])
        self.state = {name: np.array([states[name] for _, states, _ in worlds]) for name in network}
        # What every choice is worth in every world.
        self.by_level = np.stack([self._level_in_worlds(each) for each in self.stated], axis=1)
        self.by_action = np.stack([self._action_in_worlds(each) for each in ACTIONS], axis=1)

    def vectors(self, evidence: Evidence) -> dict[str, np.ndarray]:
        """Evidence as likelihoods of the states."""
        found = {}
        for name, value in evidence.items():
            states = self.network[name].states
            spoken = (
                {True: "present", False: "absent"}.get(value, value) if not isinstance(value, dict) else ""
            )
            given = value if isinstance(value, dict) else {spoken: 1.0}
            found[name] = np.array([given.get(state, 0.0) for state in states])
        return found

    def weights(self, vectors: Vectors) -> np.ndarray:
        """P(world, evidence)."""
        found = self.chance
        for name, vector in vectors.items():
            found = found * vector[self.state[name]]
        return found

    def present(self, weights: np.ndarray) -> dict[str, float]:
        """P(cause not absent | evidence)."""
        return {c: float(weights[self.state[c] > 0].sum() / weights.sum()) for c in self.causes}

    def struck(self, outcome: str, delay: float) -> np.ndarray:
        """Of every world P(outcome | world, delay), or the expected number of causes that bring it about."""
        _, counts, hazards, over = OUTCOMES[outcome]
        exponents = []
        for cause, rates in hazards.items():
            ends, states = over.get(cause, {}), self.network[cause].states
            by_state = [rates.get(each, 0.0) * min(delay, ends.get(each, np.inf)) for each in states]
            exponents.append(np.array(by_state)[self.state[cause]])
        if counts == "each":
            return np.sum([-np.expm1(-each) for each in exponents], axis=0)
        return -np.expm1(-np.sum(exponents, axis=0))

    def _level_in_worlds(self, level: str) -> np.ndarray:
        delay, burden, cost = CARE[level]
        lost = np.sum([loss * self.struck(name, delay) for name, (loss, *_) in OUTCOMES.items()], axis=0)
        return -burden - cost / RATE - lost

    def _action_in_worlds(self, action: str) -> np.ndarray:
        benefit, always, harm, burden, cost, _ = ACTIONS[action]
        gained = np.sum([b * (self.state[c] > 0) for c, b in benefit.items()], axis=0)
        return gained + always - harm - burden - cost / RATE + np.zeros(len(self.chance))

    def levels(self, weights: np.ndarray) -> dict[str, float]:
        """Expected utility of every stated level."""
        means = weights @ self.by_level / weights.sum()
        return dict(zip(self.stated, means.tolist(), strict=True))

    def actions(self, weights: np.ndarray) -> dict[str, float]:
        """Expected utility of every optional action."""
        means = weights @ self.by_action / weights.sum()
        return dict(zip(ACTIONS, means.tolist(), strict=True))

    def observed(self, vectors: Vectors) -> dict[str, str]:
        """The observed states; of soft evidence the best supported one."""
        return {name: self.network[name].states[int(np.argmax(v))] for name, v in vectors.items()}

    def fired(self, vectors: Vectors) -> list[str]:
        """The rules that fire."""
        at, present = self.observed(vectors), self.present(self.weights(vectors))
        wobbling = at.get("wobble") == "present"
        holds = {
            "loud_and_wobbling": at.get("squeak") == "loud" and wobbling,
            "wobbling": wobbling or at.get("annoyed_owner") == "present",
            "likely_rust": present["rust"] >= 0.5,
            "certain_wear": present["wear"] >= 0.9999,
            "likely_screw": present["loose_screw"] >= 0.2,
        }
        return [rule for rule, fires in holds.items() if fires]

    def without_caution(self, vectors: Vectors) -> str:
        """The level of the rules, or the best one where that is higher."""
        asked = [LEVELS.index(RULES[rule][0]) for rule in self.fired(vectors)]
        utilities = self.levels(self.weights(vectors))
        best = max(utilities, key=lambda level: (utilities[level], -LEVELS.index(level)))
        return LEVELS[max([*asked, LEVELS.index(best)])]

    def cautious(self, vectors: Vectors, upper: Mapping[str, float]) -> dict[str, str]:
        """Cause -> level, of each rule of caution that fires and asks for more than rules and utility."""
        level, present = self.without_caution(vectors), self.present(self.weights(vectors))
        found = {}
        for cause, (asked, at_least, least_upper) in CAUTION.items():
            reaches = present[cause] >= at_least and upper[cause] >= least_upper
            if reaches and LEVELS.index(asked) > LEVELS.index(level):
                found[cause] = asked
        return found

    def level(self, vectors: Vectors, upper: Mapping[str, float]) -> str:
        """The level of care; given the upper ends of the intervals of the causes."""
        levels = [self.without_caution(vectors), *self.cautious(vectors, upper).values()]
        return max(levels, key=LEVELS.index)

    def choices(self, vectors: Vectors) -> tuple[list[str], list[str]]:
        """The levels and the actions that are open with some evidence."""
        flags = [LEVELS.index(RULES[rule][0]) for rule in self.fired(vectors) if RULES[rule][1]]
        at = self.observed(vectors)
        levels = [level for level in self.stated if LEVELS.index(level) >= max(flags, default=0)]
        open_ = [
            name
            for name, (*_, forbidden) in ACTIONS.items()
            if not any(at.get(variable) in states for variable, states in forbidden.items())
        ]
        # A red flag above all of them leaves the highest one.
        return levels or [self.stated[-1]], open_

    def utility(self, decision: Collection[str], weights: np.ndarray) -> float:
        """Expected utility of a level of care and the actions that are taken."""
        each = self.levels(weights) | self.actions(weights)
        return sum(each[name] for name in decision)

    def best(self, weights: np.ndarray, choices: tuple[Sequence[str], Sequence[str]]) -> list[str]:
        """The best decision among those that are open: a level of care, and the actions that are worth it."""
        levels, actions = self.levels(weights), self.actions(weights)
        return [
            max(choices[0], key=levels.__getitem__),
            *(each for each in choices[1] if actions[each] > 0.0),
        ]

    def branches(
        self, vectors: Vectors, variables: Sequence[str]
    ) -> Iterator[tuple[tuple[int, ...], float, dict[str, np.ndarray]]]:
        """Every joint result that is possible: its states, its probability, the evidence with it."""
        total = self.weights(vectors).sum()
        for states in product(*(range(self.network.cardinality(name)) for name in variables)):
            # Of what was observed softly, such as a cause, the result is one more observation.
            further = dict(vectors)
            for name, state in zip(variables, states, strict=True):
                told = np.eye(self.network.cardinality(name))[state]
                further[name] = told * vectors.get(name, 1.0)
            chance = float(self.weights(further).sum() / total)
            if chance > 0.0:
                yield states, chance, further

    def gains(self, vectors: Vectors, variables: Sequence[str]) -> list[tuple[float, float]]:
        """Of every joint result its probability, and what its best decision gains over that of now."""
        choices = self.choices(vectors)
        now = self.best(self.weights(vectors), choices)
        found = []
        for _, chance, further in self.branches(vectors, variables):
            weights = self.weights(further)
            then = self.utility(self.best(weights, choices), weights)
            found.append((chance, then - self.utility(now, weights)))
        return found

    def value(self, vectors: Vectors, variables: Sequence[str]) -> float:
        """Value of learning some variables together: the best that can be expected with them, and without."""
        choices = self.choices(vectors)
        then = []
        for _, chance, further in self.branches(vectors, variables):
            weights = self.weights(further)
            then.append(chance * self.utility(self.best(weights, choices), weights))
        now = self.weights(vectors)
        return sum(then) - self.utility(self.best(now, choices), now)

    def perfect(self, vectors: Vectors) -> float:
        """Value of being told every cause."""
        return self.value(vectors, self.causes)

    def price(self, variables: Sequence[str]) -> float:
        """Burden and money of learning some variables together: a sample is taken once."""
        taken: dict[str, float] = {}
        total = 0.0
        for place, name in enumerate(variables):
            sample, burden, cost = TESTS.get(name, ("", QUESTION, 0.0))
            total += cost / RATE
            key = sample or str(place)
            taken[key] = max(taken.get(key, 0.0), burden)
        return total + sum(taken.values())


@st.composite
def deciding_evidence(draw: st.DrawFn, tree: DecisionTree) -> dict[str, Any]:
    """Hard and soft evidence that some world of the tree fits; causes may be observed, processes not."""
    world = draw(st.integers(0, len(tree.chance) - 1))
    names = draw(
        st.lists(st.sampled_from([n for n in tree.network if n != "friction"]), unique=True, max_size=6)
    )
    found: dict[str, Any] = {}
    for name in names:
        states = tree.network[name].states
        at = states[int(tree.state[name][world])]
        if draw(st.booleans()):
            found[name] = at
        else:
            chances = {state: draw(st.sampled_from((0.0, 0.2, 0.5, 1.0))) for state in states}
            found[name] = {**chances, at: 1.0}
    return found
