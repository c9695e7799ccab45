"""Slopes of the evidence by every number: against differences, sums that must be 1, and enumeration.

Both cores are under test: the compiled one, and numpy, which stands in for it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import twitchdx as dx
from oracle import Enumeration
from strategies import clinical_network, possible_evidence, sampled_evidence, seeds, small_networks
from twitchdx import EngineError
from twitchdx.engines import Condition, ExactEngine, Hypothesis, Slopes, core_status
from twitchdx.engines.numpy_core import NumpyCore
from twitchdx.evidence import parse_evidence
from twitchdx.network import Network, Node, NoisyMax, Table, numbers_of
from twitchdx.numerics import Array, read_only

Core = ExactEngine | NumpyCore

COMPILED, NUMPY = ExactEngine(), NumpyCore()
needs_compiler = pytest.mark.skipif(core_status() != "compiled", reason="there is no compiled core")
every_core = pytest.mark.parametrize(
    "core", [pytest.param(COMPILED, marks=needs_compiler, id="compiled"), pytest.param(NUMPY, id="numpy")]
)
CASES = Path(__file__).parents[1] / "models" / "knee_twitching" / "cases"


def first_numbers(network: Network) -> dict[str, int]:
    """Where the numbers of each node begin."""
    first, at = {}, 0
    for name, node in network.items():
        first[name] = at
        at += sum(each.size for each in numbers_of(node.mechanism))
    return first


def differentiate(
    core: Core, network: Network, evidence: Mapping[str, Array], *hypotheses: Hypothesis
) -> Slopes:
    slopes = core.differentiate(network, evidence, hypotheses)
    assert slopes is not None
    return slopes


def with_node(network: Network, node: Node) -> Network:
    return Network(node if each.name == node.name else each for each in network.values())


@every_core
@given(st.data())
def test_the_mass_of_a_hypothesis_is_that_of_its_worlds(core: Core, data: st.DataObject) -> None:
    network = data.draw(small_networks())
    evidence = data.draw(possible_evidence(network))
    names = data.draw(st.lists(st.sampled_from(list(network)), min_size=1, max_size=3, unique=True))
    chosen = {
        name: data.draw(st.sets(st.integers(0, network.cardinality(name) - 1), min_size=1)) for name in names
    }
    slopes = differentiate(core, network, evidence, [Condition(name, tuple(k)) for name, k in chosen.items()])
    held = {
        name: np.isin(np.arange(network.cardinality(name)), list(k)).astype(float)
        for name, k in chosen.items()
    }
    both = {**evidence, **{name: evidence.get(name, 1.0) * vector for name, vector in held.items()}}
    worlds = Enumeration(network)
    assert math.exp(slopes.log_mass[0]) == pytest.approx(worlds.mass(evidence), rel=1e-12)
    assert math.exp(slopes.log_mass[1]) == pytest.approx(worlds.mass(both), rel=1e-12, abs=1e-300)


@every_core
@given(st.data())
def test_what_a_table_or_a_contribution_carries_is_all_of_the_mass(core: Core, data: st.DataObject) -> None:
    # P(evidence) is linear in each of them, so that value times slope of the logarithm adds up to 1.
    network = data.draw(small_networks())
    evidence = data.draw(possible_evidence(network, min_size=1))
    slopes = differentiate(core, network, evidence).by_number[0]
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


@every_core
@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_a_slope_is_what_a_small_change_does(core: Core, data: st.DataObject) -> None:
    network = data.draw(small_networks())
    evidence = data.draw(possible_evidence(network, min_size=1))
    name = data.draw(st.sampled_from(sorted(network.ancestors(evidence))))
    slopes = differentiate(core, network, evidence).by_number[0]
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
        return core.answer(with_node(network, moved(node, index, step)), evidence, ()).log_evidence

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


@every_core
@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_the_mass_is_linear_in_what_an_inhibitor_lets_pass(core: Core, data: st.DataObject) -> None:
    network = data.draw(small_networks())
    inhibited = [
        name
        for name, node in network.items()
        if isinstance(node.mechanism, NoisyMax) and node.mechanism.inhibitors
    ]
    assume(inhibited)
    node = network[data.draw(st.sampled_from(inhibited))]
    evidence = data.draw(possible_evidence(network, must=[node.name]))
    k = data.draw(st.integers(0, len(node.mechanism.inhibitors) - 1))
    passes = np.array(node.mechanism.passes[k])
    state = data.draw(st.integers(0, passes.size - 1))
    assume(0.0 < passes[state] < 1.0)
    blocks = numbers_of(node.mechanism)[: len(node.mechanism.producers) + k]
    at = first_numbers(network)[node.name] + sum(each.size for each in blocks) + state
    slopes = differentiate(core, network, evidence)
    changed = passes.copy()
    changed[state] *= 0.5
    every = node.mechanism.passes
    halved = replace(node.mechanism, passes=(*every[:k], read_only(changed), *every[k + 1 :]))
    other = with_node(network, replace(node, mechanism=halved))
    expected = math.exp(core.answer(other, evidence, ()).log_evidence - slopes.log_mass[0])
    assert 1.0 - 0.5 * passes[state] * slopes.by_number[0, at] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@every_core
@given(st.data())
def test_what_a_hypothesis_leaves_of_a_contribution_carries_all_of_its_mass(
    core: Core, data: st.DataObject
) -> None:
    network = data.draw(small_networks())
    conditions = random_hypothesis(Random(data.draw(st.integers(0, 2**32 - 1))), network)
    evidence = data.draw(possible_evidence(network))
    slopes = differentiate(core, network, evidence, conditions)
    assume(slopes.log_mass[1] > -math.inf)
    for each in conditions:
        if each.parent < 0:
            continue
        mechanism = network[each.variable].mechanism
        blocks = numbers_of(mechanism)
        at = first_numbers(network)[each.variable] + sum(block.size for block in blocks[: each.parent])
        block = blocks[each.parent]
        carried = (block * slopes.by_number[1, at : at + block.size]).reshape(-1, mechanism.leak.size + 1)
        assert carried.sum() == pytest.approx(1.0, rel=1e-9)
        assert not np.delete(carried, each.allowed, axis=1).any()


def random_hypothesis(random: Random, network: Network) -> list[Condition]:
    """Conditions on some states and on some contributions of producers."""
    conditions = []
    for name in random.sample(list(network), min(3, len(network))):
        mechanism, states = network[name].mechanism, network.cardinality(name)
        producers = len(mechanism.producers) if isinstance(mechanism, NoisyMax) else 0
        allowed = tuple(sorted(random.sample(range(states), random.randint(1, states))))
        conditions.append(Condition(name, allowed, random.randint(-1, producers - 1)))
    return conditions


def assert_alike(network: Network, evidence: Mapping[str, Array], hypotheses: list[Hypothesis]) -> None:
    """Both cores give the same."""
    ours, theirs = (differentiate(core, network, evidence, *hypotheses) for core in (NUMPY, COMPILED))
    np.testing.assert_allclose(ours.log_mass, theirs.log_mass, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.by_number, theirs.by_number, rtol=1e-9, atol=1e-13)


@needs_compiler
@given(st.data())
def test_both_cores_agree_on_small_networks_with_zeros_and_certainties(data: st.DataObject) -> None:
    network = data.draw(small_networks() | small_networks(rare=True))
    evidence = data.draw(possible_evidence(network))
    random = data.draw(seeds)
    assert_alike(network, evidence, [random_hypothesis(random, network) for _ in range(4)])


@needs_compiler
@given(seeds)
def test_both_cores_agree_on_clinical_networks(random: Random) -> None:
    network = clinical_network(random, causes=5, findings=6)
    evidence = sampled_evidence(random, network, 0.5)
    assert_alike(network, evidence, [random_hypothesis(random, network) for _ in range(4)])


@needs_compiler
@pytest.mark.parametrize("case", ["worried_for_a_year", "thymoma_stiffness"])
def test_both_cores_agree_on_patients_of_the_shipped_model(case: str) -> None:
    model = dx.load_model("knee_twitching")
    evidence = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))["evidence"]
    specs = {name: variable for name, (_, variable) in model.spec.variables().items()}
    likelihoods = parse_evidence(evidence, specs).likelihoods
    network = model.network
    hypotheses: list[Hypothesis] = [
        [Condition(cause, tuple(range(1, network.cardinality(cause))))] for cause in model.causes
    ]
    complaint = "muscle_twitching"
    arrows = range(len(network[complaint].mechanism.producers))
    hypotheses += [[Condition(complaint, (1,)), Condition(complaint, (1,), place)] for place in arrows]
    assert_alike(network, likelihoods, hypotheses)


@every_core
def test_a_condition_may_be_about_any_number_of_states(core: Core) -> None:
    states = tuple(f"s{k}" for k in range(70))
    die = Network([Node("die", states, Table((), read_only(np.full(70, 1.0 / 70.0))))])
    slopes = differentiate(core, die, {}, [Condition("die", (0, 69))])
    assert slopes.log_mass.tolist() == pytest.approx([0.0, math.log(2.0 / 70.0)])
    assert slopes.by_number[1].tolist() == pytest.approx([35.0, *[0.0] * 68, 35.0])


@every_core
def test_impossible_evidence_has_no_slopes(core: Core) -> None:
    coin = Network([Node("coin", ("no", "yes"), Table((), read_only([1.0, 0.0])))])
    slopes = differentiate(core, coin, {"coin": read_only([0.0, 1.0])}, [Condition("coin", (1,))])
    assert slopes.log_mass.tolist() == [-math.inf, -math.inf]
    assert not slopes.by_number.any()


def test_in_numpy_what_is_too_wide_is_refused() -> None:
    roots = [Node(f"r{k}", ("no", "yes"), Table((), read_only([0.5, 0.5]))) for k in range(8)]
    names = tuple(each.name for each in roots)
    rows = read_only(np.full([2] * 9, 0.5))
    network = Network([*roots, Node("sum", ("no", "yes"), Table(names, rows))])
    with pytest.raises(EngineError) as caught:
        NumpyCore(max_cells=100).differentiate(network, {"sum": read_only([0.0, 1.0])}, [])
    assert [issue.code for issue in caught.value.issues] == ["too-wide"]


def test_in_numpy_what_leaves_the_range_of_a_float_is_refused() -> None:
    # Only a cause that cannot be present would make the findings likely.
    link = read_only([[0.0], [1.0]])
    cause = Node("cause", ("no", "yes"), Table((), read_only([1.0, 0.0])))
    findings = [
        Node(f"f{k}", ("no", "yes"), NoisyMax(("cause",), (link,), read_only([1e-9]))) for k in range(60)
    ]
    evidence = {each.name: read_only([0.0, 1.0]) for each in findings}
    with pytest.raises(EngineError) as caught:
        NUMPY.differentiate(Network([cause, *findings]), evidence, [])
    assert [issue.code for issue in caught.value.issues] == ["out-of-range"]
