"""Parent divorcing and the way to pgmpy leave every marginal as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle import Enumeration
from strategies import small_networks
from twitchdx.network import (
    RESERVED,
    Network,
    Node,
    NoisyMax,
    Table,
    from_pgmpy,
    joint,
    split_network,
    to_pgmpy,
)
from twitchdx.network.splitting import MAX_CELLS
from twitchdx.numerics import read_only

limits = st.sampled_from((1, 8, 16, 40, 100, MAX_CELLS))
# Wide noisy nodes over a few roots: enough parents for a chain of helper nodes.
GRADES = ("none", "some", "much")


@st.composite
def wide_networks(draw: st.DrawFn) -> Network:
    """One noisy node of 4 or 5 parents, of which up to 2 are inhibitors too, and a child of it."""
    share = st.sampled_from((0.0, 1e-6, 0.2, 0.5, 0.9, 1.0))
    names = "abcde"[: draw(st.integers(4, 5))]
    roots = [
        Node(n, ("absent", "present"), Table((), read_only([1.0 - p, p])))
        for n, p in ((n, draw(st.sampled_from((1e-6, 0.1, 0.5)))) for n in names)
    ]
    grades = draw(st.integers(1, 2))

    def cumulative() -> list[float]:
        return sorted((draw(share) for _ in range(grades)), reverse=True)

    inhibitors = tuple(draw(st.lists(st.sampled_from(names), max_size=2, unique=True)))
    noisy = NoisyMax(
        tuple(names),
        tuple(read_only([[0.0] * grades, cumulative()]) for _ in names),
        read_only(cumulative()),
        inhibitors,
        tuple(read_only([draw(share), draw(share)]) for _ in inhibitors),
    )
    child = Node("z", ("no", "yes"), Table(("x", "a"), read_only(np.full([grades + 1, 2, 2], 0.5))))
    return Network([*roots, Node("x", GRADES[: grades + 1], noisy), child])


def largest(network: Network, node: Node) -> int:
    assert isinstance(node.mechanism, Table)
    assert node.mechanism.values.shape == (*(network.cardinality(p) for p in node.parents), len(node.states))
    return node.mechanism.values.size


@given(st.one_of(small_networks(), small_networks(rare=True), wide_networks()), limits)
def test_every_marginal_is_unchanged(network: Network, max_cells: int) -> None:
    tables = split_network(network, max_cells)
    before, after = Enumeration(network), Enumeration(tables)
    for name in network:
        assert tables[name].states == network[name].states
        assert after.marginal(name, {}) == pytest.approx(before.marginal(name, {}), rel=1e-9, abs=0.0)


@given(wide_networks(), st.sampled_from((1, 8, 16, 40)))
def test_the_joint_with_the_parents_is_unchanged(network: Network, max_cells: int) -> None:
    # Marginals alone would not see a helper node that forgets which parent spoke.
    before, after = Enumeration(network), Enumeration(split_network(network, max_cells))
    for name in network["x"].mechanism.producers:
        for grade in range(network.cardinality("x")):
            evidence = {"x": np.eye(network.cardinality("x"))[grade], name: [0.0, 1.0]}
            assert after.mass(evidence) == pytest.approx(before.mass(evidence), rel=1e-9, abs=0.0)


@given(st.one_of(small_networks(), wide_networks()), limits)
def test_helper_nodes_are_named_so_and_no_noisy_table_exceeds_the_limit(
    network: Network, max_cells: int
) -> None:
    tables = split_network(network, max_cells)
    helpers = [name for name in tables if name not in network]
    assert all(RESERVED in name for name in helpers)
    assert set(network) <= set(tables)
    for name, node in tables.items():
        if name in network and isinstance(network[name].mechanism, Table):
            assert node is network[name]
            continue
        # What is carried over, one parent and the node itself stand together at the least.
        original = name.partition(RESERVED)[0]
        states = len(network[original].states)
        least = max(
            [
                states * states * 2,
                *(states * states * network.cardinality(p) for p in network[original].parents),
            ]
        )
        assert largest(tables, node) <= max(max_cells, least)


@given(st.one_of(small_networks(), wide_networks()), limits)
def test_pgmpy_takes_it_and_gives_it_back(network: Network, max_cells: int) -> None:
    model = to_pgmpy(network, max_cells)
    assert model.check_model()
    back = from_pgmpy(model)
    before, after = Enumeration(network), Enumeration(back)
    for name in network:
        assert back[name].states == network[name].states
        assert after.marginal(name, {}) == pytest.approx(before.marginal(name, {}), rel=1e-9, abs=0.0)


@given(small_networks(), st.data())
def test_the_joint_of_some_nodes_agrees_with_enumeration(network: Network, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(list(network)), unique=True, min_size=1, max_size=3))
    table = joint(network, names)
    oracle = Enumeration(network)
    for cell in np.ndindex(table.shape):
        evidence = {n: np.eye(network.cardinality(n))[i] for n, i in zip(names, cell, strict=True)}
        # The compiler's own sums have signed terms, good to about 1e-10 of the whole.
        assert table[cell] == pytest.approx(oracle.mass(evidence), abs=1e-12)


def test_a_node_of_thirty_parents_becomes_small_tables() -> None:
    roots = [Node(f"c{i}", ("absent", "present"), Table((), read_only([0.9, 0.1]))) for i in range(30)]
    noisy = NoisyMax(
        tuple(node.name for node in roots), tuple(read_only([[0.0], [0.5]]) for _ in roots), read_only([0.2])
    )
    network = Network([*roots, Node("x", ("absent", "present"), noisy)])
    tables = split_network(network)
    assert max(largest(tables, node) for node in tables.values()) <= MAX_CELLS
    # P(absent) = 0.8 (1 - 0.1 * 0.5)^30
    model = to_pgmpy(network)
    assert model.check_model()
    from twitchdx.engines import ENGINES

    for engine in ENGINES.values():
        marginal = engine.answer(network, {}, ["x"]).marginals["x"]
        assert marginal[0] == pytest.approx(0.8 * math.pow(0.95, 30), rel=1e-10, abs=0.0)


def test_a_rare_grade_beside_a_common_one_keeps_its_digits() -> None:
    # `a` makes both grades or none, so that only `b` can make the lower one: (1 - 1/2) (1e-9 - 1e-12).
    # A difference of cumulative probabilities (0.5000000005 - 0.5000000000005) lost nine of sixteen digits.
    noisy = NoisyMax(
        ("a", "b"),
        (read_only([[0.0, 0.0], [0.5, 0.5]]), read_only([[0.0, 0.0], [1e-9, 1e-12]])),
        read_only([0.0, 0.0]),
    )
    certain = [Node(n, ("absent", "present"), Table((), read_only([0.0, 1.0]))) for n in "ab"]
    network = Network([*certain, Node("x", GRADES, noisy)])
    for max_cells in (1, MAX_CELLS):
        table = Enumeration(split_network(network, max_cells)).marginal("x", {})
        assert table[1] == pytest.approx(0.5 * (1e-9 - 1e-12), rel=1e-9, abs=0.0)
