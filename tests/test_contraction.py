"""Expectations and joints that the compiler needs, against enumeration of all worlds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle import Enumeration
from strategies import small_networks
from twitchdx.network import Network, Node, NoisyMax, Table, joint
from twitchdx.network.contraction import contract, expectation
from twitchdx.numerics import read_only


@given(small_networks(), st.data())
def test_a_joint_is_that_of_all_worlds(network: Network, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(list(network)), min_size=1, max_size=3, unique=True))
    expected = np.zeros([network.cardinality(name) for name in names])
    for probability, states, _ in Enumeration(network).worlds:
        expected[tuple(states[name] for name in names)] += probability
    assert joint(network, names) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(small_networks(), st.integers(1, 4), st.data())
def test_an_expectation_is_that_over_all_worlds(network: Network, cases: int, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(list(network)), min_size=1, max_size=4, unique=True))
    random = data.draw(st.randoms(use_true_random=False))
    functions = {
        name: np.array(
            [[complex(random.random(), random.random()) for _ in range(cases)] for _ in node.states]
        )
        for name, node in network.items()
        if name in names
    }
    expected = np.zeros(cases, complex)
    for probability, states, _ in Enumeration(network).worlds:
        expected += probability * math.prod(functions[name][states[name]] for name in names)
    assert expectation(network, functions) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_axes_of_any_size_are_summed_in_any_order() -> None:
    random = np.random.default_rng(1)
    a, b, c = random.random([1, 5, 3]), random.random([3, 7]), random.random([7, 1, 2])
    found = contract([(a, ("i", "j", "k")), (b, ("k", "l")), (c, ("l", "i", "m"))], ["m", "j"])
    assert found == pytest.approx(np.einsum("ijk,kl,lim->mj", a, b, c), rel=1e-12)


def test_sixty_parents_of_one_noisy_node_stay_small() -> None:
    shares = [0.3 / (1 + k) for k in range(60)]
    roots = [Node(f"p{k}", ("a", "b"), Table((), read_only([1 - s, s]))) for k, s in enumerate(shares)]
    reach = tuple(read_only([[0.0], [0.5]]) for _ in shares)
    child = Node("x", ("a", "b"), NoisyMax(tuple(root.name for root in roots), reach, read_only([0.1])))
    silent = 0.9 * math.prod(1.0 - 0.5 * share for share in shares)
    assert joint(Network([*roots, child]), ["x"]) == pytest.approx([silent, 1.0 - silent], rel=1e-12)
