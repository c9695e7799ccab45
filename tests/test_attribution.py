"""Shapley values of observations, against their definition over all orders and against closed forms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import twitchdx as dx
from explaining import dressed
from oracle import Enumeration
from strategies import possible_evidence, small_networks, two_layers
from twitchdx.engines import ENGINES, Engine
from twitchdx.explain.attribution import Rivals, attribute, log_ratio, shapley_values
from twitchdx.explain.case import Case
from twitchdx.network import Network, Node, Table

EXACT = ENGINES["exact"]


def presence(case: Case, cause: str) -> Rivals:
    return Rivals((cause, case.present(cause)), (cause, case.absent(cause)))


def log_odds(oracle: Enumeration, cause: str, likelihoods: Mapping) -> float:
    marginal = oracle.marginal(cause, likelihoods)
    return math.log(math.fsum(marginal[1:]) / marginal[0])


@given(small_networks(rare=True), st.data())
def test_contributions_are_means_over_all_orders(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    cause = data.draw(st.sampled_from(list(network)))
    evidence = data.draw(possible_evidence(network, min_size=1))
    evidence = dict(list(evidence.items())[:4])
    oracle = Enumeration(network)
    assume(oracle.marginal(cause, evidence)[0] > 0.0)
    assume(math.fsum(oracle.marginal(cause, evidence)[1:]) > 0.0)
    case = dressed(network, [cause], evidence, engine)
    names = list(case.evidence)
    gains: dict[str, list[float]] = {name: [] for name in names}
    for order in permutations(names):
        known: dict = {}
        for name in order:
            before = log_odds(oracle, cause, known)
            known[name] = evidence[name]
            gains[name].append(log_odds(oracle, cause, known) - before)
    found = attribute(case, presence(case, cause))
    expected = [math.fsum(gains[name]) / len(gains[name]) for name in names]
    assert found.contributions.tolist() == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert found.before == pytest.approx(log_odds(oracle, cause, {}), rel=1e-9)
    assert found.after == pytest.approx(log_odds(oracle, cause, evidence), rel=1e-9)
    for name, left_out, alone in zip(names, found.leave_one_out, found.alone, strict=True):
        rest = {other: each for other, each in evidence.items() if other != name}
        expected_rest = log_odds(oracle, cause, evidence) - log_odds(oracle, cause, rest)
        assert left_out == pytest.approx(expected_rest, rel=1e-7, abs=1e-9)
        expected_alone = log_odds(oracle, cause, {name: evidence[name]}) - log_odds(oracle, cause, {})
        assert alone == pytest.approx(expected_alone, rel=1e-7, abs=1e-9)
    assert found.exact
    assert not found.standard_errors.any()


def naive_bayes(random: Random, findings: int) -> Network:
    states = ("absent", "present")
    nodes = [Node("cause", states, Table((), np.array([0.999, 0.001])))]
    for k in range(findings):
        rates = np.array([random.uniform(0.01, 0.9), random.uniform(0.01, 0.9)])
        nodes.append(Node(f"f{k}", states, Table(("cause",), np.stack([1.0 - rates, rates], axis=1))))
    return Network(nodes)


@pytest.mark.parametrize("findings", [5, 12, 20])
def test_independent_findings_contribute_their_own_likelihood_ratio(findings: int) -> None:
    network = naive_bayes(Random(7), findings)
    evidence = {f"f{k}": np.eye(2)[k % 2] for k in range(findings)}
    case = dressed(network, ["cause"], evidence, EXACT)
    found = attribute(case, presence(case, "cause"))
    tables = [network[name].mechanism.values for name in case.evidence]  # type: ignore[union-attr]
    observed = [int(evidence[name].argmax()) for name in case.evidence]
    expected = [math.log(table[1, x] / table[0, x]) for table, x in zip(tables, observed, strict=True)]
    assert found.contributions.tolist() == pytest.approx(expected, rel=1e-9)
    assert found.standard_errors.max() < 1e-9  # every order says the same


def rivalry() -> Case:
    """Fifteen findings that two causes share, so that the order matters."""
    layers = two_layers(Random(3), 4, 15)
    evidence = {f"f{k}": np.eye(2)[int(k % 3 > 0)] for k in range(15)}
    return dressed(layers.network(), ["c0", "c1", "c2", "c3"], evidence, EXACT)


def test_sampled_contributions_lie_about_the_exact_ones_as_their_errors_say() -> None:
    case = rivalry()
    rivals = presence(case, "c1")
    every = (np.arange(2**15)[:, None] >> np.arange(15) & 1).astype(bool)
    exact = shapley_values(log_ratio(case, rivals, every))
    found = attribute(case, rivals, pairs=200, seed=5)
    assert not found.exact
    assert found.standard_errors.max() > 1e-3
    distance = (found.contributions - exact) / np.maximum(found.standard_errors, 1e-12)
    # Of 15 standard normal numbers the root of the mean square is within 0.4 to 1.7 but once in ten thousand.
    assert 0.4 < math.sqrt(float(np.mean(distance**2))) < 1.7


def test_sampled_contributions_sum_to_the_whole_and_can_be_repeated() -> None:
    case = rivalry()
    first, second = (attribute(case, presence(case, "c2"), pairs=10, seed=1) for _ in range(2))
    other = attribute(case, presence(case, "c2"), pairs=10, seed=2)
    assert math.fsum(first.contributions) == pytest.approx(first.after - first.before, rel=1e-12)
    assert first.contributions.tolist() == second.contributions.tolist()
    assert first.contributions.tolist() != other.contributions.tolist()


@given(st.lists(st.floats(-50, 50), min_size=8, max_size=8))
def test_shapley_values_of_three_players_are_what_the_formula_says(worth: list[float]) -> None:
    v = dict(enumerate(worth))
    first = (v[1] - v[0]) / 3 + (v[3] - v[2]) / 6 + (v[5] - v[4]) / 6 + (v[7] - v[6]) / 3
    found = shapley_values(np.array(worth))
    assert found[0] == pytest.approx(first, abs=1e-9)
    assert found.sum() == pytest.approx(v[7] - v[0], abs=1e-9)


def test_a_wrong_option_names_every_option_that_is_wrong() -> None:
    case = rivalry()
    with pytest.raises(dx.TwitchdxError) as caught:
        attribute(case, presence(case, "c1"), pairs=1, seed=-1)
    assert [each.where.path for each in caught.value.issues] == ["pairs", "seed"]
