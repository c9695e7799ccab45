"""Evidence that cannot be: an error that names observations of which any one must give way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import twitchdx as dx
from oracle import Enumeration
from strategies import any_evidence, possible_evidence, small_networks
from twitchdx.assembly import Assembled
from twitchdx.engines import Engine
from twitchdx.explain import smallest_conflict
from twitchdx.model import Model
from twitchdx.network import Network, Node, Table


def plain_model(network: Network) -> Model:
    return Model(Assembled("random", "", "0", None, network))


def spoken(network: Network, likelihoods: dict) -> dict:
    """Likelihood vectors as a user would write them."""
    return {
        name: dict(zip(network[name].states, vector.tolist(), strict=True))
        for name, vector in likelihoods.items()
    }


# Most evidence that is drawn is possible.
@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(small_networks(), st.data())
def test_impossible_evidence_names_a_minimal_conflict(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    evidence = data.draw(any_evidence(network))
    oracle = Enumeration(network)
    assume(oracle.mass(evidence) == 0.0)
    with pytest.raises(dx.ImpossibleEvidenceError) as caught:
        plain_model(network).diagnose(spoken(network, evidence), engine=engine.name)
    conflict = caught.value.conflict
    assert conflict
    assert set(conflict) <= set(evidence)
    chosen = {name: evidence[name] for name in conflict}
    assert oracle.mass(chosen) == 0.0
    for name in conflict:
        rest = {other: vector for other, vector in chosen.items() if other != name}
        assert oracle.mass(rest) > 0.0
    # The observations are named in the message, and it says what to do.
    assert all(name in str(caught.value) for name in conflict)
    assert caught.value.issues[0].fix


# Most evidence that is drawn is possible.
@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(small_networks(), st.data())
def test_a_conflict_of_one_or_two_is_a_smallest_one(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    evidence = data.draw(any_evidence(network))
    oracle = Enumeration(network)
    assume(oracle.mass(evidence) == 0.0)
    found = smallest_conflict(network, evidence, engine)
    alone = [name for name in evidence if oracle.mass({name: evidence[name]}) == 0.0]
    pairs = [
        (a, b) for a in evidence for b in evidence if oracle.mass({a: evidence[a], b: evidence[b]}) == 0.0
    ]
    if alone:
        assert len(found) == 1
    elif pairs:
        assert len(found) == 2


@given(small_networks(), st.data())
def test_a_plain_model_answers_with_distributions(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    evidence = data.draw(possible_evidence(network))
    diagnosis = plain_model(network).diagnose(spoken(network, evidence), engine=engine.name)
    oracle = Enumeration(network)
    assert math.exp(diagnosis.log_evidence) == pytest.approx(oracle.mass(evidence), rel=1e-9, abs=0.0)
    assert dict(diagnosis.posterior) == {}
    assert diagnosis.differential == ()
    assert diagnosis.triage is None
    assert diagnosis.next_steps == ()
    for name in network:
        found = diagnosis.distribution(name)
        assert tuple(found) == network[name].states
        assert list(found.values()) == pytest.approx(oracle.marginal(name, evidence), rel=1e-9, abs=0.0)


def test_a_conflict_of_three_is_found(engine: Engine) -> None:
    # x is the parity of a, b and c: any two of the four leave room, three roots and x together may not.
    coin = np.array([0.5, 0.5])
    roots = [Node(name, ("no", "yes"), Table((), coin)) for name in "abc"]
    parity = np.array(
        [
            [[[float((i + j + k) % 2 == x) for x in range(2)] for k in range(2)] for j in range(2)]
            for i in range(2)
        ]
    )
    other = Node("d", ("no", "yes"), Table((), coin))
    network = Network([*roots, Node("x", ("no", "yes"), Table(("a", "b", "c"), parity)), other])
    with pytest.raises(dx.ImpossibleEvidenceError) as caught:
        plain_model(network).diagnose(
            {"a": "yes", "b": "yes", "c": "no", "d": "no", "x": "yes"}, engine=engine.name
        )
    assert caught.value.conflict == {"a": "yes", "b": "yes", "c": "no", "x": "yes"}


def test_the_smaller_of_two_conflicts_is_named(engine: Engine) -> None:
    """Withdrawing one observation after another ends at the larger one, since `both` goes first."""
    states = ("absent", "present")
    roots = [Node(name, states, Table((), np.array([0.5, 0.5]))) for name in ("a", "b", "c", "d")]

    def conjunction(name: str, parents: tuple[str, ...]) -> Node:
        values = np.zeros([2] * len(parents) + [2])
        values[..., 0] = 1.0
        values[(1,) * len(parents)] = (0.0, 1.0)
        return Node(name, states, Table(parents, values))

    network = Network([*roots, conjunction("both", ("a", "d")), conjunction("three", ("a", "b", "c"))])
    absent, present = np.eye(2)
    evidence = {"both": absent, "d": present, "a": present, "b": present, "c": present, "three": absent}
    assert smallest_conflict(network, evidence, engine) == ("both", "d", "a")
    without = {name: vector for name, vector in evidence.items() if name != "both"}
    assert set(smallest_conflict(network, without, engine)) == {"a", "b", "c", "three"}
