"""Networks of more than a thousand nodes, whose answers have a closed form, and of too great a width."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import exact_table, log_of
from strategies import as_rows, possible_evidence, sampled_evidence, small_networks, two_layers
from twitchdx.engines import Engine
from twitchdx.errors import EngineError
from twitchdx.network import Network, Node, NoisyMax, Table
from twitchdx.numerics import Array

PRESENT, ABSENT = np.array([0.0, 1.0]), np.array([1.0, 0.0])
STATES = ("none", "some", "much")


def _rows(random: Random, count: int, states: int) -> Array:
    values = np.array([[random.uniform(0.01, 1.0) for _ in range(states)] for _ in range(count)])
    return values / values.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(2))
def test_a_long_chain_is_a_product_of_matrices(engine: Engine, seed: int) -> None:
    # Tables and noisy nodes in turn; some are observed, some softly, the last one always.
    random = Random(seed)
    length = 300 if engine.name == "pgmpy" else 3000
    nodes = [Node("n0", STATES, Table((), _rows(random, 1, 3)[0]))]
    for k in range(1, length):
        above = f"n{k - 1}"
        reach = np.sort([[random.uniform(0.01, 0.99) for _ in range(2)] for _ in range(3)], axis=1)[:, ::-1]
        noisy = NoisyMax((above,), (np.vstack([[0.0, 0.0], reach[1:]]),), reach[0] / 10.0)
        table = Table((above,), _rows(random, 3, 3))
        nodes.append(Node(f"n{k}", STATES, table if random.random() < 0.5 else noisy))
    network = Network(nodes)
    evidence = sampled_evidence(random, network, 0.02) | {f"n{length - 1}": np.array([0.0, 0.0, 1.0])}

    matrices = []
    for node in nodes:
        values, denominator = exact_table(network, node.name)
        matrix = np.array([[float(each / denominator) for each in row] for row in np.atleast_2d(values)])
        matrices.append(matrix * evidence.get(node.name, 1.0))
    forward, logs = [matrices[0][0]], []
    for matrix in matrices[1:]:
        logs.append(math.log(forward[-1].sum()))
        forward.append(forward[-1] / forward[-1].sum() @ matrix)
    logs.append(math.log(forward[-1].sum()))
    backward = [np.ones(3)]
    for matrix in reversed(matrices[1:]):
        backward.append(matrix @ backward[-1])
        backward[-1] /= backward[-1].sum()

    answer = engine.answer(network, evidence, list(network))
    assert answer.log_evidence == pytest.approx(math.fsum(logs), rel=1e-12, abs=0.0)
    for node, here, beyond in zip(nodes, forward, reversed(backward), strict=True):
        expected = here * beyond / (here @ beyond)
        assert answer.marginals[node.name].tolist() == pytest.approx(expected.tolist(), rel=1e-10, abs=0.0)


def test_a_wide_naive_bayes_is_a_product(engine: Engine) -> None:
    random = Random(3)
    # The pgmpy engine multiplies all findings of a variable before it rescales.
    count, unobserved = (200, 20) if engine.name == "pgmpy" else (1500, 300)
    root = Node("class", ("a", "b", "c", "d"), Table((), _rows(random, 1, 4)[0]))
    tables = [_rows(random, 4, 3) for _ in range(count)]
    nodes = [root, *(Node(f"f{k}", STATES, Table(("class",), each)) for k, each in enumerate(tables))]
    seen = {f"f{k}": np.eye(3)[random.randrange(3)] for k in range(unobserved, count)}
    answer = engine.answer(Network(nodes), seen, ["class", *(f"f{k}" for k in range(unobserved))])
    masses = []
    for state in range(4):
        mass = Decimal(float(root.mechanism.values[state]))  # type: ignore[union-attr]
        for k in range(unobserved, count):
            mass *= Decimal(float(tables[k][state] @ seen[f"f{k}"]))
        masses.append(mass)
    assert answer.log_evidence == pytest.approx(log_of(sum(masses, Decimal(0))), rel=1e-12, abs=0.0)
    posterior = np.array([float(mass / sum(masses)) for mass in masses])
    assert answer.marginals["class"].tolist() == pytest.approx(posterior.tolist(), rel=1e-10, abs=0.0)
    for k in range(unobserved):
        expected = posterior @ tables[k]
        assert answer.marginals[f"f{k}"].tolist() == pytest.approx(expected.tolist(), rel=1e-10, abs=0.0)


@pytest.mark.parametrize("present", [0, 1, 3])
def test_hundreds_of_causes_and_a_thousand_findings(engine: Engine, present: int) -> None:
    # Negative findings leave the causes independent: without positive ones, the posterior is a product.
    causes, findings, absent = (60, 100, 80) if engine.name == "pgmpy" else (300, 1200, 900)
    layers = two_layers(Random(present), causes, findings, density=12 / causes)
    evidence = {f"f{k}": PRESENT if k < present else ABSENT for k in range(present + absent)}
    names = [f"c{k}" for k in range(causes)]
    answer = engine.answer(layers.network(), evidence, names)
    mass, posteriors = layers.quickscore(range(present), range(present, present + absent))
    assert answer.log_evidence == pytest.approx(log_of(mass), rel=1e-12, abs=1e-12)
    for name, expected in zip(names, posteriors, strict=True):
        assert answer.marginals[name].tolist() == pytest.approx(
            [float(each) for each in expected], rel=1e-10, abs=0.0
        )


@settings(max_examples=5)
@given(small_networks(max_nodes=5), st.data())
def test_copies_of_a_network_answer_as_it_does(engine: Engine, network: Network, data: st.DataObject) -> None:
    copies = 13 if engine.name == "pgmpy" else 350
    evidences = [data.draw(possible_evidence(network)) for _ in range(3)]
    alone = [engine.answer(network, evidence, list(network)) for evidence in evidences]
    whole = Network(
        node for copy in range(copies) for node in (_renamed(each, f"{copy}.") for each in network.values())
    )
    assert engine.name == "pgmpy" or len(whole) > 1000
    seen = {f"{copy}.{name}": v for copy in range(copies) for name, v in evidences[copy % 3].items()}
    answer = engine.answer(whole, seen, list(whole))
    expected = math.fsum(alone[copy % 3].log_evidence for copy in range(copies))
    assert answer.log_evidence == pytest.approx(expected, rel=1e-11, abs=1e-11)
    for copy in range(copies):
        for name, marginal in alone[copy % 3].marginals.items():
            assert answer.marginals[f"{copy}.{name}"].tolist() == pytest.approx(
                marginal.tolist(), rel=1e-11, abs=0.0
            )


def _renamed(node: Node, prefix: str) -> Node:
    def names(old: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(prefix + each for each in old)

    match node.mechanism:
        case Table(parents=parents, values=values):
            return Node(prefix + node.name, node.states, Table(names(parents), values))
        case NoisyMax() as noisy:
            mechanism = NoisyMax(
                names(noisy.producers), noisy.reach, noisy.leak, names(noisy.inhibitors), noisy.passes
            )
            return Node(prefix + node.name, node.states, mechanism)
    raise AssertionError(node)


def _grid(side: int) -> Network:
    """A square of binary nodes, each with the two neighbours above and to the left as parents."""
    random = Random(side)
    nodes = []
    for i in range(side):
        for j in range(side):
            parents = [f"{a}.{b}" for a, b in ((i - 1, j), (i, j - 1)) if min(a, b) >= 0]
            values = _rows(random, 2 ** len(parents), 2).reshape([2] * (len(parents) + 1))
            nodes.append(Node(f"{i}.{j}", ("absent", "present"), Table(tuple(parents), values)))
    return Network(nodes)


def _dense(size: int) -> tuple[Network, dict[str, Array]]:
    """Noisy-ORs all of whose parents are shared, and that are all present."""
    layers = two_layers(Random(size), size, size, density=1.0)
    return layers.network(), {f"f{k}": PRESENT for k in range(size)}


@pytest.mark.parametrize("kind", ["grid", "noisy"])
def test_too_wide_is_an_error_that_names_the_width(engine: Engine, kind: str) -> None:
    network, evidence = (_grid(40), {"39.39": PRESENT}) if kind == "grid" else _dense(60)
    with pytest.raises(EngineError) as caught:
        engine.answer(network, evidence, [next(iter(network))])
    (issue,) = caught.value.issues
    assert issue.code == "too-wide"
    assert issue.fix
    cells = engine.answer_many(network, as_rows(network, [evidence]), []).cells[0]
    assert math.isfinite(cells)
    # Both networks need about 2^40 cells; an engine may stop counting where it is sure that it cannot.
    assert cells > 2**25
    # The message says how wide: the number of cells, or its power of two or ten.
    said = [float(each) for each in re.findall(r"\d+(?:\.\d+)?(?:e\+?\d+)?", issue.message.replace(",", ""))]
    wanted = (cells, math.log2(cells), math.log10(cells))
    assert any(number == pytest.approx(each, rel=0.1) for number in said for each in wanted)


def test_rows_that_are_too_wide_do_not_stop_the_others(engine: Engine) -> None:
    network = _grid(40)
    everything = {name: np.eye(2)[k % 2] for k, name in enumerate(network)}
    # The whole grid is needed; a chain along its edge; nothing is left open; the prior of a corner.
    patients = [{"39.39": PRESENT}, {"0.30": PRESENT}, everything, {}]
    answers = engine.answer_many(network, as_rows(network, patients), ["0.0"])
    assert answers.cells[0] > 0
    assert answers.log_evidence[0] == -math.inf
    assert not answers.marginals["0.0"][0].any()
    for row in (1, 2, 3):
        alone = engine.answer(network, patients[row], ["0.0"])
        assert answers.cells[row] == 0
        assert answers.log_evidence[row] == alone.log_evidence > -math.inf
        assert answers.marginals["0.0"][row].tolist() == alone.marginals["0.0"].tolist()


def test_observing_everything_makes_the_widest_network_a_product(engine: Engine) -> None:
    network = _grid(40)
    world = {name: k % 2 for k, name in enumerate(network)}
    answer = engine.answer(network, {name: np.eye(2)[state] for name, state in world.items()}, ["5.5"])
    logs = [
        math.log(node.mechanism.values[tuple(world[each] for each in (*node.parents, name))])  # type: ignore[union-attr]
        for name, node in network.items()
    ]
    assert answer.log_evidence == pytest.approx(math.fsum(logs), rel=1e-12, abs=0.0)
    assert answer.marginals["5.5"].tolist() == np.eye(2)[world["5.5"]].tolist()


@pytest.mark.parametrize(("children", "rare"), [(60, 1e-6), (174, 0.01), (400, 0.1)])
def test_hundreds_of_messages_to_one_variable_do_not_underflow(
    engine: Engine, children: int, rare: float
) -> None:
    # Each child of x is hidden, and has a rare child that is present: P(z | x) = rare (1 + P(y | x)).
    states, seen = ("absent", "present"), {}
    nodes = [Node("x", states, Table((), np.array([0.3, 0.7])))]
    for k in range(children):
        nodes.append(Node(f"y{k}", states, Table(("x",), np.array([[0.6, 0.4], [0.55, 0.45]]))))
        rows = np.array([[1.0 - rare, rare], [1.0 - 2.0 * rare, 2.0 * rare]])
        nodes.append(Node(f"z{k}", states, Table((f"y{k}",), rows)))
        seen[f"z{k}"] = PRESENT
    answer = engine.answer(Network(nodes), seen, ["x"])
    logs = [math.log(0.3) + children * math.log(1.4), math.log(0.7) + children * math.log(1.45)]
    whole = float(np.logaddexp(*logs))
    expected = children * math.log(rare) + whole
    assert answer.log_evidence == pytest.approx(expected, rel=1e-13, abs=0.0)
    posterior = [math.exp(each - whole) for each in logs]
    assert answer.marginals["x"].tolist() == pytest.approx(posterior, rel=1e-11, abs=0.0)
