"""Slopes of the evidence by every number: against differences, sums that must be 1, and enumeration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oracle import Enumeration
from strategies import possible_evidence, small_networks
from twitchdx.engines import Condition, ExactEngine, Slopes, core_status
from twitchdx.network import Network, Node, NoisyMax, Table, numbers_of
from twitchdx.numerics import Array, read_only
from twitchdx.uncertainty.reaching import TooManyTerms, reaching_hypotheses

pytestmark = pytest.mark.skipif(core_status() != "compiled", reason="slopes come from the compiled core")
ENGINE = ExactEngine()


def first_numbers(network: Network) -> dict[str, int]:
    """Where the numbers of each node begin."""
    first, at = {}, 0
    for name, node in network.items():
        first[name] = at
        at += sum(each.size for each in numbers_of(node.mechanism))
    return first


def differentiate(network: Network, evidence: Mapping[str, Array], *hypotheses: list[Condition]) -> Slopes:
    slopes = ENGINE.differentiate(network, evidence, hypotheses)
    assert slopes is not None
    return slopes


def with_node(network: Network, node: Node) -> Network:
    return Network(node if each.name == node.name else each for each in network.values())


@given(st.data())
def test_the_mass_of_a_hypothesis_is_that_of_its_worlds(data: st.DataObject) -> None:
    network = data.draw(small_networks())
    evidence = data.draw(possible_evidence(network))
    names = data.draw(st.lists(st.sampled_from(list(network)), min_size=1, max_size=3, unique=True))
    chosen = {
        name: data.draw(st.sets(st.integers(0, network.cardinality(name) - 1), min_size=1)) for name in names
    }
    slopes = differentiate(network, evidence, [Condition(name, tuple(k)) for name, k in chosen.items()])
    held = {
        name: np.isin(np.arange(network.cardinality(name)), list(k)).astype(float)
        for name, k in chosen.items()
    }
    both = {**evidence, **{name: evidence.get(name, 1.0) * vector for name, vector in held.items()}}
    worlds = Enumeration(network)
    assert math.exp(slopes.log_mass[0]) == pytest.approx(worlds.mass(evidence), rel=1e-12)
    assert math.exp(slopes.log_mass[1]) == pytest.approx(worlds.mass(both), rel=1e-12, abs=1e-300)


@given(st.data())
def test_what_a_table_or_a_contribution_carries_is_all_of_the_mass(data: st.DataObject) -> None:
    # P(evidence) is linear in each of them, so that value times slope of the logarithm adds up to 1.
    network = data.draw(small_networks())
    evidence = data.draw(possible_evidence(network, min_size=1))
    slopes = differentiate(network, evidence).by_number[0]
    first = first_numbers(network)
    # A flat likelihood tells nothing, and what only bears on it is left out.
    for name in network.ancestors(each for each, told in evidence.items() if told.min() < told.max()):
        at = first[name]
        mechanism = network[name].mechanism
        for numbers in numbers_of(mechanism):
            here = slopes[at : at + numbers.size]
            at += numbers.size
            if isinstance(mechanism, NoisyMax) and any(numbers is each for each in mechanism.passes):
                continue  # what is not let pass carries the rest
            assert float(numbers @ here) == pytest.approx(1.0, rel=1e-9)


@given(st.data())
def test_a_slope_is_what_a_small_change_does(data: st.DataObject) -> None:
    network = data.draw(small_networks())
    evidence = data.draw(possible_evidence(network, min_size=1))
    name = data.draw(st.sampled_from(sorted(network.ancestors(evidence))))
    slopes = differentiate(network, evidence).by_number[0]
    at = first_numbers(network)[name]
    node = network[name]
    if isinstance(node.mechanism, Table):
        index = data.draw(st.integers(0, node.mechanism.values.size - 1))
        assume(node.mechanism.values.flat[index] > 0.0)
        expected = slopes[at + index]
    else:
        assume(node.mechanism.producers)
        k = data.draw(st.integers(0, len(node.mechanism.producers) - 1))
        reach = node.mechanism.reach[k]
        index = data.draw(st.integers(0, reach.size - 1))
        state, g = divmod(index, reach.shape[1])
        grades = len(node.states)
        at += sum(each.shape[0] * grades for each in node.mechanism.reach[:k]) + state * grades
        # A rise of P(at least this grade) moves mass to it from the grade below.
        around = np.concatenate([[1.0], reach[state], [0.0]])
        assume(around[g] - around[g + 1] > 1e-3 and around[g + 1] - around[g + 2] > 1e-3)
        expected = slopes[at + g + 1] - slopes[at + g]

    def log_mass(step: float) -> float:
        return ENGINE.answer(with_node(network, moved(node, index, step)), evidence, ()).log_evidence

    def moved(node: Node, index: int, step: float) -> Node:
        mechanism = node.mechanism
        if isinstance(mechanism, Table):
            values = np.array(mechanism.values)
            values.flat[index] += step
            return replace(node, mechanism=Table(mechanism.parents, read_only(values)))
        reach = np.array(mechanism.reach[k])
        reach.flat[index] += step
        changed = (*mechanism.reach[:k], read_only(reach), *mechanism.reach[k + 1 :])
        return replace(node, mechanism=replace(mechanism, reach=changed))

    step = 1e-6
    difference = (log_mass(step) - log_mass(-step)) / (2.0 * step)
    assert difference == pytest.approx(expected, rel=1e-4, abs=1e-4)


@given(st.data())
def test_hypotheses_of_reaching_add_up_to_the_responsibility(data: st.DataObject) -> None:
    network = data.draw(small_networks())
    noisy = [name for name, node in network.items() if isinstance(node.mechanism, NoisyMax)]
    assume(noisy)
    complaint = data.draw(st.sampled_from(noisy))
    evidence = data.draw(possible_evidence(network))
    cause = data.draw(st.sampled_from([name for name in network if name != complaint]))
    worlds = Enumeration(network, mechanisms=True)
    hypotheses = [
        term
        for grade in range(1, network.cardinality(complaint))
        for term in reaching_hypotheses(network, complaint, grade, cause)
    ]
    slopes = differentiate(network, evidence, *hypotheses)
    found = float(np.exp(slopes.log_mass[1:] - slopes.log_mass[0]).sum())
    assert found == pytest.approx(worlds.responsibility(complaint, cause, evidence), rel=1e-9, abs=1e-15)


def test_chains_that_branch_too_often_are_refused() -> None:
    link = read_only([[0.0], [0.5]])
    root = Node("root", ("no", "yes"), Table((), read_only([0.5, 0.5])))
    middle = [Node(f"m{k}", ("no", "yes"), NoisyMax(("root",), (link,), read_only([0.1]))) for k in range(5)]
    names = tuple(each.name for each in middle)
    last = Node("last", ("no", "yes"), NoisyMax(names, (link,) * 5, read_only([0.1])))
    network = Network([root, *middle, last])
    # One way through each, after each of the earlier ones was missed in one of two places.
    assert len(reaching_hypotheses(network, "last", 1, "root", most=100)) == 31
    with pytest.raises(TooManyTerms):
        reaching_hypotheses(network, "last", 1, "root", most=30)


def test_a_hypothesis_below_its_least_share_has_its_mass_and_no_slopes() -> None:
    coin = Network([Node("coin", ("no", "yes"), Table((), read_only([0.999, 0.001])))])
    rare = [Condition("coin", (1,))]
    wanted, unwanted = (ENGINE.differentiate(coin, {}, [rare], [share]) for share in (1e-4, 1e-2))
    assert wanted is not None
    assert unwanted is not None
    assert wanted.log_mass.tolist() == unwanted.log_mass.tolist() == pytest.approx([0.0, math.log(0.001)])
    assert wanted.by_number[1].tolist() == pytest.approx([0.0, 1000.0])
    assert unwanted.by_number[1].tolist() == [0.0, 0.0]
