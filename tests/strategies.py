"""Hypothesis strategies: small random networks, and what may be observed in them.

Hypothesis draws the structure, so that a failure shrinks to few nodes and states; the numbers come from a
generator whose seed it draws, since drawing each cell of a table would be most of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
from hypothesis import strategies as st

from twitchdx.network import Network, Node, NoisyMax, Table
from twitchdx.numerics import Array, read_only

# 0 and 1 are frequent on purpose: zeros and certainties are where inference goes wrong.
ORDINARY = (0.0, 0.0, 0.02, 0.1, 0.3, 0.5, 0.75, 0.9, 1.0)
RARE = (0.0, 1e-6, 3e-6, 1e-4, 0.02, 0.4, 0.9, 0.999, 1.0)
MAX_WORLDS = 1500
STATES = ("none", "some", "much", "most")


def _distribution(random: Random, states: int, *, rare: bool) -> list[float]:
    if rare and random.random() < 0.7:
        tail = [random.choice((1e-6, 2e-6, 5e-5)) for _ in range(states - 1)]
        return [1.0 - sum(tail), *tail]
    weights = [random.choice((0, 0, 1, 2, 3, 7)) for _ in range(states)]
    if not any(weights):
        weights[random.randrange(states)] = 1
    return [weight / sum(weights) for weight in weights]


def _table(random: Random, parents: Sequence[str], sizes: Sequence[int], states: int, *, rare: bool) -> Table:
    cells = int(np.prod(sizes)) if sizes else 1
    rows = [_distribution(random, states, rare=rare) for _ in range(cells)]
    return Table(tuple(parents), read_only(np.reshape(rows, [*sizes, states])))


def _cumulative(random: Random, grades: int, *, rare: bool) -> list[float]:
    return sorted((random.choice(RARE if rare else ORDINARY) for _ in range(grades)), reverse=True)


def _reach(random: Random, states: int, grades: int, *, rare: bool) -> Array:
    rows = [[0.0] * grades, *(_cumulative(random, grades, rare=rare) for _ in range(states - 1))]
    return read_only(rows)


@st.composite
def small_networks(
    draw: st.DrawFn, *, rare: bool = False, max_nodes: int = 6, names: str = "abcdefg"
) -> Network:
    """Networks of 3 to `max_nodes` nodes with 2 to 4 states and up to 3 parents each.

    Tables have zeros and certainties; noisy nodes have producers, inhibitors, or parents that are both; parts
    may be disconnected. The number of worlds is bounded, so that enumeration stays quick.
    """
    random = Random(draw(st.integers(0, 2**32 - 1)))
    nodes: list[Node] = []
    worlds = 1
    for name in names[: draw(st.integers(3, max_nodes))]:
        room = MAX_WORLDS // (worlds * 2 ** (max_nodes - len(nodes) - 1))
        states = draw(st.integers(2, max(2, min(4, room))))
        worlds *= states
        nodes.append(Node(name, STATES[:states], _mechanism(draw, random, nodes, states, rare=rare)))
    return Network(draw(st.permutations(nodes)))


def _mechanism(
    draw: st.DrawFn, random: Random, above: Sequence[Node], states: int, *, rare: bool
) -> Table | NoisyMax:
    size_of = {node.name: len(node.states) for node in above}
    kind = draw(st.sampled_from(("table", "noisy", "noisy with inhibitors")))
    chosen = st.lists(st.sampled_from(list(size_of)), max_size=3, unique=True) if above else st.just([])
    parents = draw(chosen)
    if kind == "table":
        return _table(random, parents, [size_of[each] for each in parents], states, rare=rare)
    inhibitors = draw(chosen)[:2] if kind == "noisy with inhibitors" else []
    # At most four different parents: the oracle tries every combination of contributions.
    return NoisyMax(
        tuple(parents),
        tuple(_reach(random, size_of[each], states - 1, rare=rare) for each in parents),
        read_only(_cumulative(random, states - 1, rare=rare)),
        tuple(inhibitors),
        tuple(read_only([random.choice(ORDINARY) for _ in range(size_of[each])]) for each in inhibitors),
    )


def _vector(draw: st.DrawFn, states: int, possible: int) -> Array:
    """A likelihood vector that leaves one state possible: certain, or soft with some zeros."""
    if draw(st.booleans()):
        return read_only(np.eye(states)[possible])
    weights = draw(st.lists(st.sampled_from((0.0, 1e-3, 0.2, 0.5, 1.0)), min_size=states, max_size=states))
    weights[possible] = weights[possible] or 1.0
    return read_only(np.array(weights) / max(weights))


@st.composite
def possible_evidence(
    draw: st.DrawFn, network: Network, *, min_size: int = 0, must: Sequence[str] = ()
) -> dict[str, Array]:
    """Hard and soft evidence that at least one world fits."""
    world = draw(st.sampled_from(_possible_worlds(network)))
    names = draw(st.lists(st.sampled_from(list(network)), unique=True, min_size=min_size))
    names.extend(each for each in must if each not in names)
    return {name: _vector(draw, network.cardinality(name), world[name]) for name in names}


@st.composite
def any_evidence(draw: st.DrawFn, network: Network) -> dict[str, Array]:
    """Hard and soft evidence that may be impossible."""
    names = draw(st.lists(st.sampled_from(list(network)), unique=True, min_size=1))
    return {
        name: _vector(draw, network.cardinality(name), draw(st.integers(0, network.cardinality(name) - 1)))
        for name in names
    }


def _possible_worlds(network: Network) -> list[dict[str, int]]:
    from oracle import Enumeration

    return [states for probability, states, _ in Enumeration(network).worlds if probability > 0.0]
