"""How every probability of an answer depends on the numbers: two ways to a slope, worlds, small changes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import twitchdx as dx
from models import write_model
from oracle import Enumeration
from strategies import possible_evidence, small_networks
from twitchdx.engines import Condition, ExactEngine, Slopes, Sparse
from twitchdx.explain.branching import reaching_hypotheses
from twitchdx.explain.chains import find_chains, fix_grade
from twitchdx.explain.differentiation import differentiate_answer
from twitchdx.explain.origins import find_origins
from twitchdx.explain.reach import suppose_reached, suppose_unreached
from twitchdx.explain.reached import expand_evidence
from twitchdx.network import Network, Node, NoisyMax, Table, numbers_of
from twitchdx.numerics import Array, read_only
from twitchdx.uncertainty.jacobian import differentiate_compilation

ENGINE = ExactEngine()
# As many as there may be: no limit of small networks.
ALL = 100_000


def summed(slopes: Slopes) -> tuple[float, Array]:
    """P(one of the hypotheses, which exclude each other, and the evidence), and its slopes."""
    masses = np.exp(slopes.log_mass[1:])
    return float(masses.sum()), masses @ slopes.by_number[1:]


@st.composite
def questions(draw: st.DrawFn) -> tuple[Network, str, dict[str, Array]]:
    network = draw(small_networks())
    noisy = [name for name, node in network.items() if isinstance(node.mechanism, NoisyMax)]
    assume(noisy)
    return network, draw(st.sampled_from(noisy)), draw(possible_evidence(network))


@given(st.data(), questions())
def test_hypotheses_of_reaching_add_up_to_the_responsibility(
    data: st.DataObject, question: tuple[Network, str, dict[str, Array]]
) -> None:
    network, complaint, evidence = question
    cause = data.draw(st.sampled_from([name for name in network if name != complaint]))
    worlds = Enumeration(network, mechanisms=True)
    hypotheses = [
        term
        for grade in range(1, network.cardinality(complaint))
        for term in reaching_hypotheses(network, complaint, grade, cause, ALL) or ()
    ]
    slopes = ENGINE.differentiate(network, evidence, hypotheses)
    found = summed(slopes)[0] / math.exp(slopes.log_mass[0])
    assert found == pytest.approx(worlds.responsibility(complaint, cause, evidence), rel=1e-9, abs=1e-15)


def numbers(network: Network) -> Array:
    return np.concatenate([each for node in network.values() for each in numbers_of(node.mechanism)])


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data(), questions())
def test_a_network_with_marks_has_the_slopes_of_the_hypotheses_that_it_stands_for(
    data: st.DataObject, question: tuple[Network, str, dict[str, Array]]
) -> None:
    network, complaint, evidence = question
    grade = data.draw(st.integers(1, network.cardinality(complaint) - 1))
    told = evidence.get(complaint)
    assume(told is None or told[grade] > 0.0)
    fixed = fix_grade(network, complaint, grade)
    chained = [name for name in network if name != complaint and find_chains(fixed, complaint, {name})]
    assume(chained)
    cause = data.draw(st.sampled_from(chained))
    terms = reaching_hypotheses(network, complaint, grade, cause, ALL)
    assert terms is not None
    mass, slopes = summed(ENGINE.differentiate(network, evidence, terms))
    assume(mass > 1e-12)
    marked = suppose_reached(fixed, complaint, [cause])
    given_marks = expand_evidence(marked, complaint, evidence)
    found = ENGINE.differentiate(marked.network, given_marks, [])
    weight = 1.0 if told is None else told[grade]
    assert weight * math.exp(found.log_mass[0]) == pytest.approx(mass, rel=1e-9)
    origins = find_origins(network, complaint, grade, marked)
    positive = numbers(network) > 0.0
    got = weight * math.exp(found.log_mass[0]) * origins.apply(found.by_number[0])
    np.testing.assert_allclose(got[positive], slopes[positive], rtol=1e-8, atol=1e-12)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(questions())
def test_that_the_complaint_is_reached_or_not_is_all_that_can_be(
    question: tuple[Network, str, dict[str, Array]],
) -> None:
    # With one source P(reached) + P(not reached) = P(grade), so that their slopes add up as well.
    network, complaint, evidence = question
    told, grade = evidence.get(complaint), 1
    assume(told is None or told[grade] > 0.0)
    fixed = fix_grade(network, complaint, grade)
    chained = [name for name in network if name != complaint and find_chains(fixed, complaint, {name})]
    assume(chained)
    cause = chained[0]
    weight, total, by_number = (1.0 if told is None else told[grade]), 0.0, np.zeros(len(numbers(network)))
    for marked in (suppose_reached(fixed, complaint, [cause]), suppose_unreached(fixed, complaint, [cause])):
        found = ENGINE.differentiate(marked.network, expand_evidence(marked, complaint, evidence), [])
        mass = weight * math.exp(found.log_mass[0])
        total += mass
        by_number += mass * find_origins(network, complaint, grade, marked).apply(found.by_number[0])
    whole = ENGINE.differentiate(network, evidence, [(Condition(complaint, (grade,)),)])
    assert total == pytest.approx(math.exp(whole.log_mass[1]), rel=1e-9)
    positive = numbers(network) > 0.0
    expected = math.exp(whole.log_mass[1]) * whole.by_number[1]
    np.testing.assert_allclose(by_number[positive], expected[positive], rtol=1e-8, atol=1e-12)


def test_chains_that_branch_too_often_are_left_to_a_network_with_marks() -> None:
    link = read_only([[0.0], [0.5]])
    root = Node("root", ("no", "yes"), Table((), read_only([0.5, 0.5])))
    middle = [Node(f"m{k}", ("no", "yes"), NoisyMax(("root",), (link,), read_only([0.1]))) for k in range(5)]
    names = tuple(each.name for each in middle)
    last = Node("last", ("no", "yes"), NoisyMax(names, (link,) * 5, read_only([0.1])))
    network = Network([root, *middle, last])
    # One way through each, after each of the earlier ones was missed in one of two places.
    terms = reaching_hypotheses(network, "last", 1, "root", ALL)
    assert terms is not None
    assert len(terms) == 31
    assert reaching_hypotheses(network, "last", 1, "root", 15) is None


EVIDENCE = [
    {"squeak": "loud"},
    {"squeak": {"none": 0.2, "soft": 1.0, "loud": 0.4}, "wobble": True},
]


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_a_small_change_of_a_published_number_does_what_the_slopes_say(
    tmp_path: Path, evidence: dict
) -> None:
    model = dx.load_model(write_model(tmp_path / "squeaking_hinge"))
    assert model.spec is not None
    plain = model.diagnose(evidence)
    states = {each.cause: np.array([*each.states.values()]) for each in plain.differential}
    told = plain.evidence.likelihoods
    slopes = differentiate_answer(model.network, told, states, "squeak", ENGINE)
    assert slopes.responsibility is not None
    assert slopes.unexplained is not None
    jacobian = differentiate_compilation(model.spec, model.network, ENGINE)
    parts = (slopes.probability, slopes.responsibility, slopes.unexplained)
    by_estimate = [jacobian.by_estimate(each.by_number) for each in parts]

    def log_odds(path: str, value: float) -> list[list[float]]:
        d = model.with_parameters({path: {"value": value}}).diagnose(evidence)
        assert d.unexplained is not None
        found = {each.cause: each for each in d.differential}
        values = [
            [found[name].probability for name in slopes.probability.names],
            [found[name].responsibility for name in (slopes.responsibility or slopes.probability).names],
            [d.unexplained],
        ]
        return [[math.log(p / (1.0 - p)) for p in row] for row in values]

    checked = 0
    for parameter in model.parameters():
        path = tuple(parameter.path.split("."))
        number = next((k for k, each in enumerate(jacobian.paths) if tuple(map(str, each)) == path), None)
        if number is None or parameter.value in (0.0, 1.0):
            continue
        step = 1e-5 * parameter.value
        above, below = (log_odds(parameter.path, parameter.value + sign * step) for sign in (1, -1))
        for up, down, expected in zip(above, below, by_estimate, strict=True):
            difference = (np.array(up) - np.array(down)) / (2.0 * step)
            np.testing.assert_allclose(
                expected[:, number], difference, rtol=2e-4, atol=2e-4, err_msg=parameter.path
            )
        checked += 1
    assert checked > 20


@given(st.data())
def test_a_sparse_product_is_the_dense_one(data: st.DataObject) -> None:
    finite = st.floats(-5, 5)
    place = st.tuples(st.integers(0, 4), st.integers(0, 3), finite)
    entries = data.draw(st.lists(place, max_size=12))
    left = np.array(data.draw(st.lists(st.lists(finite, min_size=5, max_size=5), min_size=1, max_size=3)))
    dense = np.zeros([5, 4])
    for row, column, value in entries:
        dense[row, column] += value
    right = Sparse.of(entries, 4)
    np.testing.assert_allclose(right.apply(left), left @ dense, atol=1e-12)
    further = np.arange(8.0).reshape(4, 2)
    more = Sparse.of([(k, j, further[k, j]) for k in range(4) for j in range(2)], 2)
    np.testing.assert_allclose(right.then(more).apply(left), left @ dense @ further, atol=1e-11)
