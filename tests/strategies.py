"""Random networks, and what may be observed in them.

Of small networks hypothesis draws the structure, so that a failure shrinks to few nodes and states; the
numbers come from a generator whose seed it draws, since drawing each cell of a table would be most of the
work. Larger networks come from a generator altogether.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
from hypothesis import strategies as st

from oracle import Enumeration, TwoLayers, exact_table
from twitchdx.engines import UNOBSERVED, Rows
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
    return [states for probability, states, _ in Enumeration(network).worlds if probability > 0.0]


seeds = st.integers(0, 2**32 - 1).map(Random)


def _between(random: Random, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(low * (high / low) ** random.random())


def two_layers(random: Random, causes: int, findings: int, *, density: float = 0.6) -> TwoLayers:
    """Priors from 1e-7, leaks from 1e-5, links of any strength; no finding without a parent."""
    links = [
        [random.uniform(0.02, 0.99) * (random.random() < density) for _ in range(findings)]
        for _ in range(causes)
    ]
    for finding in range(findings):
        if causes and not any(row[finding] for row in links):
            random.choice(links)[finding] = random.random()
    most = random.choice((0.4, 1e-3, 1e-5))
    return TwoLayers(
        tuple(_between(random, 1e-7, most) for _ in range(causes)),
        tuple(map(tuple, links)),
        tuple(_between(random, 1e-5, 0.2) for _ in range(findings)),
    )


def clinical_network(random: Random, causes: int, findings: int) -> Network:
    """Two risk factors, rare causes, processes between causes and findings, and a test of some findings.

    Noisy nodes have two to four states, and inhibitors, some of which are producers as well.
    """
    nodes = [
        Node("r0", STATES[:3], _table(random, (), (), 3, rare=False)),
        Node("r1", STATES[:2], _table(random, (), (), 2, rare=False)),
    ]
    for k in range(causes):
        parents = random.sample(("r0", "r1"), random.choice((0, 0, 1, 2)))
        sizes = [3 if parent == "r0" else 2 for parent in parents]
        states = random.choice((2, 2, 3))
        rows = []
        for _ in range(int(np.prod(sizes))):
            tail = [_between(random, 1e-7, 0.3) for _ in range(states - 1)]
            rows.append([1.0 - sum(tail), *tail])
        values = read_only(np.reshape(rows, [*sizes, states]))
        nodes.append(Node(f"c{k}", STATES[:states], Table(tuple(parents), values)))
    for k in range(2):
        nodes.append(Node(f"p{k}", STATES[:3], _rare_noisy(random, nodes[2 : 2 + causes], 3)))
    for k in range(findings):
        states = random.choice((2, 2, 3, 4))
        nodes.append(Node(f"f{k}", STATES[:states], _rare_noisy(random, nodes[2 : 4 + causes], states)))
        if random.random() < 0.2:
            nodes.append(Node(f"t{k}", STATES[:3], _table(random, [f"f{k}"], [states], 3, rare=False)))
    return Network(nodes)


def _rare_noisy(random: Random, above: Sequence[Node], states: int) -> NoisyMax:
    producers = random.sample(above, random.randint(1, min(5, len(above))))
    inhibitors = random.sample(above, random.choice((0, 0, 1, min(2, len(above)))))

    def row(low: float, high: float) -> list[float]:
        return sorted((_between(random, low, high) for _ in range(states - 1)), reverse=True)

    return NoisyMax(
        tuple(node.name for node in producers),
        tuple(
            read_only([[0.0] * (states - 1), *(row(0.01, 1.0) for _ in node.states[1:])])
            for node in producers
        ),
        read_only(row(1e-5, 0.1)),
        tuple(node.name for node in inhibitors),
        tuple(read_only([1.0, *(random.random() for _ in node.states[1:])]) for node in inhibitors),
    )


def random_network(random: Random, size: int, *, reach: int = 4) -> Network:
    """A network of any size: tables, noisy nodes and inhibitors mixed, parents among the last `reach` nodes.

    Every number is above 0 and below 1, so that any evidence is possible.
    """
    nodes: list[Node] = []
    for k in range(size):
        near = nodes[-reach:]
        states = random.choice((2, 2, 3, 4))
        parents = random.sample(near, min(len(near), random.choice((0, 1, 1, 2, 3))))
        if random.random() < 0.5:
            sizes = [len(node.states) for node in parents]
            weights = [random.uniform(0.01, 1.0) for _ in range(int(np.prod(sizes)) * states)]
            values = np.reshape(weights, [*sizes, states])
            table = Table(tuple(n.name for n in parents), read_only(values / values.sum(-1, keepdims=True)))
            nodes.append(Node(f"n{k}", STATES[:states], table))
        else:
            noisy = _rare_noisy(random, near, states) if near else _rootless(random, states)
            nodes.append(Node(f"n{k}", STATES[:states], noisy))
    return Network(random.sample(nodes, size))


def _rootless(random: Random, states: int) -> NoisyMax:
    leak = sorted((random.uniform(0.01, 0.99) for _ in range(states - 1)), reverse=True)
    return NoisyMax((), (), read_only(leak))


def sampled_evidence(random: Random, network: Network, share: float) -> dict[str, Array]:
    """Evidence on a share of the variables, taken from one world; every fourth finding is soft."""
    world: dict[str, int] = {}
    for name, node in network.items():
        values, denominator = exact_table(network, name)
        row = values[tuple(world[parent] for parent in node.parents)]
        world[name] = random.choices(range(len(row)), [float(each / denominator) for each in row])[0]
    found = {}
    for name in random.sample(list(network), round(share * len(network))):
        vector = np.eye(network.cardinality(name))[world[name]]
        if random.random() < 0.25:
            vector = np.maximum(vector, [random.random() for _ in vector])
        found[name] = read_only(vector)
    return found


def as_rows(network: Network, patients: Sequence[Mapping[str, Array]]) -> Rows:
    """The evidence of many patients as an engine takes it; whatever is certain is given as a state."""
    variables = tuple(dict.fromkeys(name for each in patients for name in each))
    codes = np.full([len(patients), len(variables)], UNOBSERVED, dtype=np.int32)
    vectors: list[list[Array]] = [[] for _ in variables]
    for row, patient in enumerate(patients):
        for column, name in enumerate(variables):
            if name not in patient:
                continue
            if np.count_nonzero(patient[name]) == 1 and patient[name].max() == 1.0:
                codes[row, column] = patient[name].argmax()
            else:
                codes[row, column] = UNOBSERVED - 1 - len(vectors[column])
                vectors[column].append(patient[name])
    likelihoods = tuple(
        read_only(np.reshape(each, [len(each), network.cardinality(name)]))
        for name, each in zip(variables, vectors, strict=True)
    )
    return Rows(variables, codes, likelihoods)
