"""Responsibility against the enumeration of contributions, leaks and suppressions."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oracle import Enumeration
from strategies import possible_evidence, small_networks
from twitchdx.engines import Engine
from twitchdx.explain import responsibility
from twitchdx.network import Network, Node, NoisyMax, Table


@st.composite
def questions(draw: st.DrawFn, *, rare: bool = False) -> tuple[Network, str, list[str], Mapping]:
    """A network, a noisy complaint in it, some causes, and evidence from which responsibility follows."""
    network = draw(small_networks(rare=rare, max_nodes=5))
    noisy = [
        name
        for name, node in network.items()
        if isinstance(node.mechanism, NoisyMax) and node.mechanism.producers
    ]
    assume(noisy)
    complaint = draw(st.sampled_from(noisy))
    others = [name for name in network if name != complaint]
    causes = draw(st.lists(st.sampled_from(others), unique=True, min_size=1))
    observed = draw(st.sampled_from(sorted(network.descendants([complaint]))))
    evidence = draw(possible_evidence(network, must=[observed]))
    assume(
        any(
            vector.min() < vector.max()
            for name, vector in evidence.items()
            if name in network.descendants([complaint])
        )
    )
    assume(any(Enumeration(network).marginal(complaint, evidence)[1:]))
    return network, complaint, causes, evidence


@given(questions())
def test_it_agrees_with_enumeration_over_the_mechanisms(engine: Engine, question: tuple) -> None:
    network, complaint, causes, evidence = question
    _agrees(engine, network, complaint, causes, evidence)


@given(questions(rare=True))
def test_it_agrees_where_causes_are_rare(engine: Engine, question: tuple) -> None:
    network, complaint, causes, evidence = question
    _agrees(engine, network, complaint, causes, evidence)


def _agrees(engine: Engine, network: Network, complaint: str, causes: list[str], evidence: Mapping) -> None:
    oracle = Enumeration(network, mechanisms=True)
    found = responsibility(network, complaint, causes, evidence, engine)
    assert found is not None
    assert set(found.of) == set(causes)
    for cause in causes:
        expected = oracle.responsibility(complaint, cause, evidence)
        assert found.of[cause] == pytest.approx(expected, rel=1e-9, abs=0.0)
    expected = oracle.unexplained(complaint, causes, evidence)
    assert found.unexplained == pytest.approx(expected, rel=1e-9, abs=0.0)


@given(questions())
def test_it_never_exceeds_the_probability_of_cause_and_complaint(engine: Engine, question: tuple) -> None:
    network, complaint, causes, evidence = question
    found = responsibility(network, complaint, causes, evidence, engine)
    assert found is not None
    posterior = engine.answer(network, evidence, [complaint, *causes]).marginals
    rounding = 1e-12
    for cause in causes:
        assert 0.0 <= found.of[cause] <= posterior[cause][1:].sum() + rounding
        assert found.of[cause] <= posterior[complaint][1:].sum() + rounding
    # Whoever explains it and nobody at all are exhaustive, and nobody excludes each cause.
    present = posterior[complaint][1:].sum()
    assert found.unexplained <= present + rounding
    assert max(found.of.values()) <= present - found.unexplained + rounding
    assert sum(found.of.values()) >= present - found.unexplained - rounding


@given(questions(), st.data())
def test_without_an_observation_below_the_complaint_there_is_none(
    engine: Engine, question: tuple, data: st.DataObject
) -> None:
    network, complaint, causes, _ = question
    below = network.descendants([complaint])
    evidence = data.draw(possible_evidence(network))
    elsewhere = {name: vector for name, vector in evidence.items() if name not in below}
    assert responsibility(network, complaint, causes, elsewhere, engine) is None


@given(questions())
def test_with_the_complaint_absent_there_is_none(engine: Engine, question: tuple) -> None:
    network, complaint, causes, evidence = question
    absent = np.eye(network.cardinality(complaint))[0]
    assert responsibility(network, complaint, causes, {**evidence, complaint: absent}, engine) is None


@given(questions())
def test_a_flat_likelihood_is_no_observation(engine: Engine, question: tuple) -> None:
    network, complaint, causes, _ = question
    flat = {complaint: np.ones(network.cardinality(complaint))}
    assert responsibility(network, complaint, causes, flat, engine) is None


def test_a_complaint_that_other_evidence_excludes_is_absent(engine: Engine) -> None:
    # The sign cannot be there without the complaint, nor the complaint without the cause, which is absent.
    follows = np.array([[1.0, 0.0], [0.5, 0.5]])
    network = Network(
        [
            _root("k", 0.1),
            Node("s", ("absent", "present"), NoisyMax(("k",), (np.array([[0.0], [0.9]]),), np.array([0.0]))),
            Node("sign", ("absent", "present"), Table(("s",), follows)),
        ]
    )
    absent, present = np.eye(2)
    assert responsibility(network, "s", ["k"], {"k": absent, "sign": absent}, engine) is None
    found = responsibility(network, "s", ["k"], {"k": present, "sign": absent}, engine)
    assert found is not None
    assert found.of["k"] == pytest.approx(0.9 * 0.5 / (0.9 * 0.5 + 0.1), rel=1e-12)


def _root(name: str, p: float) -> Node:
    return Node(name, ("absent", "present"), Table((), np.array([1.0 - p, p])))


probabilities = st.floats(0.001, 0.999)


@given(probabilities, probabilities, probabilities, probabilities, probabilities, probabilities)
def test_it_is_the_closed_form_for_a_binary_leaf(
    engine: Engine, p_k: float, p_j: float, w_k: float, w_j: float, leak: float, w_f: float
) -> None:
    """w P(k present, s unobserved, rest of the evidence) / P(evidence)."""
    complaint = NoisyMax(("k", "j"), (np.array([[0.0], [w_k]]), np.array([[0.0], [w_j]])), np.array([leak]))
    other = NoisyMax(("k",), (np.array([[0.0], [w_f]]),), np.array([leak / 2.0]))
    nodes = [_root("k", p_k), _root("j", p_j)]
    network = Network(
        [*nodes, Node("s", ("absent", "present"), complaint), Node("f", ("absent", "present"), other)]
    )
    rest = {"f": np.array([0.0, 1.0])}
    evidence = {**rest, "s": np.array([0.0, 1.0])}
    found = responsibility(network, "s", ["k", "j"], evidence, engine)
    assert found is not None
    for cause, link in (("k", w_k), ("j", w_j)):
        without = math.exp(engine.answer(network, {**rest, cause: np.array([0.0, 1.0])}, ()).log_evidence)
        whole = math.exp(engine.answer(network, evidence, ()).log_evidence)
        assert found.of[cause] == pytest.approx(link * without / whole, rel=1e-9, abs=0.0)


def test_a_chain_through_a_process_counts_and_a_table_breaks_it(engine: Engine) -> None:
    # cause -> process (link 0.5) -> complaint (link 0.4); nothing leaks, so only the chain can explain it.
    link = NoisyMax(("cause",), (np.array([[0.0], [0.5]]),), np.array([0.0]))
    last = NoisyMax(("process",), (np.array([[0.0], [0.4]]),), np.array([0.0]))
    states = ("absent", "present")
    chained = Network([_root("cause", 0.1), Node("process", states, link), Node("s", states, last)])
    present = {"s": np.array([0.0, 1.0])}
    found = responsibility(chained, "s", ["cause"], present, engine)
    assert found is not None
    assert found.of["cause"] == pytest.approx(1.0, rel=1e-12, abs=0.0)
    assert found.unexplained == pytest.approx(0.0, abs=1e-15)
    # The same probabilities as a table: no contribution, no chain.
    table = Node("process", states, Table(("cause",), np.array([[1.0, 0.0], [0.5, 0.5]])))
    broken = Network([_root("cause", 0.1), table, Node("s", states, last)])
    found = responsibility(broken, "s", ["cause"], present, engine)
    assert found is not None
    assert found.of["cause"] == 0.0
    assert found.unexplained == pytest.approx(1.0, rel=1e-12, abs=0.0)


def test_a_lower_contribution_does_not_explain_a_higher_grade(engine: Engine) -> None:
    # `weak` only ever produces the first grade; the second can come from `strong` or the leak alone.
    noisy = NoisyMax(
        ("weak", "strong"),
        (np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 0.0], [0.5, 0.5]])),
        np.array([0.1, 0.1]),
    )
    states = ("none", "some", "much")
    network = Network([_root("weak", 0.5), _root("strong", 0.5), Node("s", states, noisy)])
    found = responsibility(network, "s", ["weak", "strong"], {"s": np.array([0.0, 0.0, 1.0])}, engine)
    assert found is not None
    assert found.of["weak"] == 0.0
    # P(strong's contribution is 2) / P(2) = 0.25 / (1 - 0.75 * 0.9) = 0.25 / 0.325.
    assert found.of["strong"] == pytest.approx(0.25 / 0.325, rel=1e-12, abs=0.0)
