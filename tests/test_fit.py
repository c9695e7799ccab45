"""How well a model explains the evidence, against enumeration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations, product
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from explaining import case_of, dressed
from oracle import Enumeration
from strategies import possible_evidence, random_network, small_networks
from twitchdx.engines import ENGINES, Engine
from twitchdx.errors import OptionError
from twitchdx.explain.drawing import draw_worlds
from twitchdx.explain.fit import judge_fit, measure_surprise
from twitchdx.explain.verdicts import Fit
from twitchdx.network import Network, Node, Table

EXACT = ENGINES["exact"]


def conflict_of(oracle: Enumeration, likelihoods: Mapping) -> float:
    alone = math.fsum(math.log(oracle.mass({name: each})) for name, each in likelihoods.items())
    return alone - math.log(oracle.mass(likelihoods))


@given(small_networks(rare=True), st.data())
def test_conflicts_agree_with_enumeration(engine: Engine, network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network))
    causes = data.draw(st.lists(st.sampled_from(list(network)), unique=True))
    case = dressed(network, causes, evidence, engine)
    oracle = Enumeration(network)
    found = judge_fit(case)
    assert found.conflict == pytest.approx(conflict_of(oracle, evidence), rel=1e-7, abs=1e-8)
    assert found.chance == pytest.approx(min(1.0, math.exp(-found.conflict)))
    pairs = {frozenset(each.variables): each.conflict for each in found.clashes}
    for first, second in combinations(evidence, 2):
        expected = conflict_of(oracle, {name: evidence[name] for name in (first, second)})
        assert pairs.get(frozenset((first, second)), 0.0) == pytest.approx(
            max(expected, 0.0), rel=1e-6, abs=1e-8
        )
    for each in found.against_the_rest:
        rest = {name: vector for name, vector in evidence.items() if name not in each.variables}
        expected = conflict_of(oracle, evidence) - conflict_of(oracle, rest)
        assert each.conflict == pytest.approx(expected, rel=1e-6, abs=1e-8)


@given(small_networks(), st.data())
def test_a_cause_resolves_a_conflict_if_there_is_none_with_it(network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network, min_size=2))
    free = [name for name in network if name not in evidence]
    case = dressed(network, free, evidence, EXACT)
    oracle = Enumeration(network)
    found = judge_fit(case)
    with_cause = {}
    for cause in free:
        present = np.array([0.0, *[1.0] * (network.cardinality(cause) - 1)])
        if oracle.mass({**evidence, cause: present}) > 0.0:
            with_cause[cause] = conflict_of(oracle, {**evidence, cause: present})
    assert {each.cause for each in found.resolved_by} >= {
        cause for cause, left in with_cause.items() if left < -1e-8 and found.conflict > 1e-8
    }
    for each in found.resolved_by:
        assert each.conflict == pytest.approx(with_cause[each.cause], rel=1e-6, abs=1e-8)
        assert each.conflict <= 1e-8
    probable = {
        cause
        for cause, left in with_cause.items()
        if left <= 1e-8 and sum(oracle.marginal(cause, evidence)[1:]) >= 0.5 - 1e-9
    }
    if found.conflict > math.log(20.0) + 1e-8 and not probable:
        assert not found.well_explained
    if found.conflict < math.log(20.0) - 1e-8 and len(evidence) == 2:
        assert found.well_explained


@given(small_networks(), st.data())
def test_no_more_patients_have_such_a_conflict_than_its_chance(network: Network, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(list(network)), unique=True, min_size=2, max_size=3))
    oracle = Enumeration(network)
    patients = []
    for states in product(*(range(network.cardinality(name)) for name in names)):
        evidence = {name: np.eye(network.cardinality(name))[s] for name, s in zip(names, states, strict=True)}
        mass = oracle.mass(evidence)
        if mass > 0.0:
            found = judge_fit(dressed(network, [], evidence, EXACT))
            patients.append((mass, found))
    for _, each in patients:
        share = math.fsum(mass for mass, other in patients if other.conflict >= each.conflict)
        assert share <= each.chance + 1e-9
    outliers = math.fsum(mass for mass, each in patients if each.rule.startswith("Given the others"))
    assert outliers <= 0.05
    badly = math.fsum(mass for mass, each in patients if not each.well_explained)
    assert badly <= 0.10


def test_only_a_probable_cause_makes_a_rare_case_of_a_conflict() -> None:
    # Two tests that are opposite to each other 99.5 times in 100, but agree where there is the cause.
    def fit(prior: float) -> Fit:
        states = ("absent", "present")
        seldom = np.array([0.995, 0.005])
        cause = Node("cause", states, Table((), np.array([1.0 - prior, prior])))
        coin = Node("coin", states, Table((), np.array([0.5, 0.5])))
        first = Node("first", states, Table(("coin",), np.array([seldom, seldom[::-1]])))
        rows = np.array([[seldom[::-1], seldom], [seldom, seldom[::-1]]])
        second = Node("second", states, Table(("coin", "cause"), rows))
        evidence = {"first": np.eye(2)[1], "second": np.eye(2)[1]}
        return judge_fit(dressed(Network([cause, coin, first, second]), ["cause"], evidence, EXACT))

    rare, improbable = fit(0.0105), fit(0.0001)
    for each in (rare, improbable):
        assert each.conflict > math.log(20.0)
        assert [resolution.cause for resolution in each.resolved_by] == ["cause"]
    assert rare.resolved_by[0].probability > 0.5 > improbable.resolved_by[0].probability
    assert rare.well_explained
    assert not improbable.well_explained


def chain(agreement: float, copies: int) -> Network:
    """A coin, and copies of it that agree with it with some probability."""
    states = ("absent", "present")
    rates = np.array([[agreement, 1.0 - agreement], [1.0 - agreement, agreement]])
    coin = Node("coin", states, Table((), np.array([0.5, 0.5])))
    return Network([coin, *(Node(f"copy{k}", states, Table(("coin",), rates)) for k in range(copies))])


def test_a_copy_that_disagrees_with_many_stands_out() -> None:
    network = chain(0.998, 12)
    evidence = {f"copy{k}": np.eye(2)[int(k > 0)] for k in range(12)}
    found = judge_fit(dressed(network, ["coin"], evidence, EXACT))
    assert found.conflict < 0.0  # all the others agree
    assert not found.well_explained
    assert found.against_the_rest[0].variables == ("copy0",)
    agreeing = {name: np.eye(2)[1] for name in evidence}
    assert judge_fit(dressed(network, ["coin"], agreeing, EXACT)).well_explained


@given(st.integers(0, 2**32 - 1).map(Random))
def test_worlds_are_drawn_from_the_joint_distribution(random: Random) -> None:
    network = random_network(random, 5)
    draws = 4000
    worlds = draw_worlds(network, list(network), draws, np.random.default_rng(random.randrange(2**32)))
    oracle = Enumeration(network)
    first, second = random.sample(list(network), 2)
    for a, b in product(range(network.cardinality(first)), range(network.cardinality(second))):
        both = {first: np.eye(network.cardinality(first))[a], second: np.eye(network.cardinality(second))[b]}
        p = oracle.mass(both)
        share = np.mean((worlds[first] == a) & (worlds[second] == b))
        # Bernstein's inequality: less than once in 1e10.
        allowed = math.sqrt(2 * p * (1 - p) * 24 / draws) + 2 * 24 / (3 * draws)
        assert abs(share - p) <= allowed


@given(small_networks(), st.data())
def test_the_surprise_is_the_share_of_patterns_as_improbable(network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network))
    case = dressed(network, [], evidence, EXACT)
    found = measure_surprise(case, draws=1000, seed=data.draw(st.integers(0, 1000)))
    names = tuple(case.evidence.states)
    oracle = Enumeration(network)
    observed = math.log(oracle.mass({name: case.evidence.likelihoods[name] for name in names}))
    truth = []
    for states in product(*(range(network.cardinality(name)) for name in names)):
        pattern = {name: np.eye(network.cardinality(name))[s] for name, s in zip(names, states, strict=True)}
        mass = oracle.mass(pattern)
        if mass > 0.0 and math.log(mass) <= observed + 1e-9:
            truth.append(mass)
    p = min(math.fsum(truth), 1.0)
    assert found.log_evidence == pytest.approx(observed, rel=1e-9, abs=1e-12)
    allowed = math.sqrt(2 * p * (1 - p) * 24 / 1000) + 2 * 24 / 3000
    assert abs(found.probability - p) <= allowed
    assert found.low <= found.probability <= found.high
    assert found.standard_error == pytest.approx(
        math.sqrt(found.probability * (1 - found.probability) / 1000)
    )
    assert set(found.left_out) == set(evidence) - set(names)


def test_it_is_measured_on_request_only_and_can_be_repeated() -> None:
    case = case_of(dx.load_model("chest_clinic"), {"dyspnoea": True, "chest_xray": "abnormal"})
    assert judge_fit(case).surprise is None
    first, second = (judge_fit(case, surprise=True, draws=300, seed=4).surprise for _ in range(2))
    assert first is not None
    assert first == second
    assert first.draws == 300
    with pytest.raises(OptionError) as caught:
        judge_fit(case, surprise=True, draws=0, seed=True)
    assert [each.where.path for each in caught.value.issues] == ["draws", "seed"]


def test_nothing_observed_is_explained_well(engine: Engine) -> None:
    found = judge_fit(case_of(dx.load_model("chest_clinic"), {}, engine.name), surprise=True, draws=10)
    assert found.conflict == 0.0
    assert found.well_explained
    assert found.surprise is not None
    assert found.surprise.probability == 1.0
