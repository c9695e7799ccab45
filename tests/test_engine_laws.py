"""Laws that every engine obeys, on random networks, against the enumeration of all worlds."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle import Enumeration
from strategies import any_evidence, possible_evidence, small_networks
from twitchdx.engines import Answer, Engine
from twitchdx.network import Network, Node, NoisyMax, Table


def same_answer(answer: Answer, network: Network, likelihoods: dict, relative: float = 1e-9) -> None:
    """Every marginal and P(evidence) agree with the oracle, relative to the oracle's own number."""
    oracle = Enumeration(network)
    assert math.exp(answer.log_evidence) == pytest.approx(oracle.mass(likelihoods), rel=relative, abs=0.0)
    for name, marginal in answer.marginals.items():
        assert marginal.tolist() == pytest.approx(oracle.marginal(name, likelihoods), rel=relative, abs=0.0)


@given(small_networks(), st.data())
def test_posteriors_and_evidence_agree_with_enumeration(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    evidence = data.draw(possible_evidence(network))
    answer = engine.answer(network, evidence, list(network))
    assert set(answer.marginals) == set(network)
    same_answer(answer, network, evidence)


@given(small_networks(rare=True), st.data())
def test_rare_causes_keep_their_digits(engine: Engine, network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network))
    same_answer(engine.answer(network, evidence, list(network)), network, evidence)


@given(small_networks(), st.data())
def test_order_of_evidence_never_matters(engine: Engine, network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network, min_size=2))
    shuffled = dict(data.draw(st.permutations(list(evidence.items()))))
    targets = list(network)
    first = engine.answer(network, evidence, targets)
    second = engine.answer(network, shuffled, targets)
    assert first.log_evidence == second.log_evidence
    for name in targets:
        assert first.marginals[name].tolist() == second.marginals[name].tolist()


@given(small_networks(), st.data())
def test_leaving_a_finding_out_is_the_same_as_marginalising_it(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    evidence = data.draw(possible_evidence(network))
    left_out = data.draw(st.sampled_from(list(network)))
    evidence.pop(left_out, None)
    without = engine.answer(network, evidence, list(network))
    total, mixed = 0.0, {name: np.zeros(network.cardinality(name)) for name in network}
    for state in np.eye(network.cardinality(left_out)):
        given_state = engine.answer(network, {**evidence, left_out: state}, list(network))
        if given_state.log_evidence == -math.inf:
            continue
        mass = math.exp(given_state.log_evidence)
        total += mass
        for name, marginal in given_state.marginals.items():
            mixed[name] += mass * marginal
    assert math.exp(without.log_evidence) == pytest.approx(total, rel=1e-9, abs=0.0)
    for name, marginal in without.marginals.items():
        assert marginal.tolist() == pytest.approx((mixed[name] / total).tolist(), rel=1e-9, abs=1e-15)


@given(small_networks(), st.data())
def test_a_finding_that_says_nothing_changes_nothing(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    evidence = data.draw(possible_evidence(network))
    silent = data.draw(st.sampled_from(list(network)))
    evidence.pop(silent, None)
    flat = {**evidence, silent: np.ones(network.cardinality(silent))}
    before = engine.answer(network, evidence, list(network))
    after = engine.answer(network, flat, list(network))
    assert after.log_evidence == pytest.approx(before.log_evidence, abs=1e-9)
    for name in network:
        assert after.marginals[name].tolist() == pytest.approx(
            before.marginals[name].tolist(), rel=1e-9, abs=1e-15
        )


@given(small_networks(), small_networks(names="tuvwxyz"), st.data())
def test_a_cause_without_a_path_to_the_evidence_keeps_its_prior(
    engine: Engine, here: Network, elsewhere: Network, data: st.DataObject
) -> None:
    network = Network([*here.values(), *elsewhere.values()])
    evidence = data.draw(possible_evidence(elsewhere, min_size=1))
    prior = engine.answer(here, {}, list(here))
    posterior = engine.answer(network, evidence, list(here))
    for name in here:
        assert posterior.marginals[name].tolist() == pytest.approx(
            prior.marginals[name].tolist(), rel=1e-12, abs=0.0
        )


@given(small_networks(), st.data())
def test_relabelling_permutes(engine: Engine, network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network))
    new_name = dict(zip(network, data.draw(st.permutations(["x" + name for name in network])), strict=True))
    renamed = Network(data.draw(st.permutations([_rename(node, new_name) for node in network.values()])))
    before = engine.answer(network, evidence, list(network))
    after = engine.answer(renamed, {new_name[n]: v for n, v in evidence.items()}, list(renamed))
    assert after.log_evidence == pytest.approx(before.log_evidence, abs=1e-9)
    for name in network:
        assert after.marginals[new_name[name]].tolist() == pytest.approx(
            before.marginals[name].tolist(), rel=1e-9, abs=1e-15
        )


def _rename(node: Node, new_name: dict[str, str]) -> Node:
    def names(old: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new_name[each] for each in old)

    match node.mechanism:
        case Table(parents=parents, values=values):
            return Node(new_name[node.name], node.states, Table(names(parents), values))
        case NoisyMax() as noisy:
            renamed = NoisyMax(
                names(noisy.producers), noisy.reach, noisy.leak, names(noisy.inhibitors), noisy.passes
            )
            return Node(new_name[node.name], node.states, renamed)


@given(st.one_of(small_networks(), small_networks(rare=True)), st.data())
def test_probabilities_are_probabilities(engine: Engine, network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network))
    answer = engine.answer(network, evidence, list(network))
    assert -math.inf < answer.log_evidence <= 1e-12
    for marginal in answer.marginals.values():
        assert marginal.min() >= 0.0
        assert marginal.max() <= 1.0
        assert marginal.sum() == pytest.approx(1.0, abs=1e-12)
        assert not marginal.flags.writeable


@given(small_networks(), st.data())
def test_impossible_evidence_is_minus_infinity_and_never_nan(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    evidence = data.draw(any_evidence(network))
    answer = engine.answer(network, evidence, list(network))
    mass = Enumeration(network).mass(evidence)
    if mass == 0.0:
        assert answer.log_evidence == -math.inf
        assert answer.marginals == {}
    else:
        assert math.exp(answer.log_evidence) == pytest.approx(mass, rel=1e-9, abs=0.0)


@given(small_networks(), st.data())
def test_only_the_targets_are_answered_and_they_do_not_depend_on_each_other(
    engine: Engine, network: Network, data: st.DataObject
) -> None:
    evidence = data.draw(possible_evidence(network))
    targets = data.draw(st.lists(st.sampled_from(list(network)), unique=True))
    everything = engine.answer(network, evidence, list(network))
    some = engine.answer(network, evidence, targets)
    assert set(some.marginals) == set(targets)
    # Which variables are wanted decides the order of the sums, and with it the last bits.
    assert some.log_evidence == pytest.approx(everything.log_evidence, rel=1e-12, abs=1e-12)
    for name in targets:
        assert some.marginals[name].tolist() == pytest.approx(
            everything.marginals[name].tolist(), rel=1e-12, abs=0.0
        )


def test_two_soft_findings_on_one_variable_multiply(engine: Engine) -> None:
    # P(a) = (0.9, 0.1); likelihoods (0.5, 1) and (0.25, 1) multiply to (0.125, 1):
    # 0.9 * 0.125 = 0.1125 against 0.1 * 1 = 0.1.
    from twitchdx.evidence import parse_evidence
    from twitchdx.spec import Distribution, Variable

    network = Network([Node("a", ("absent", "present"), Table((), np.array([0.9, 0.1])))])
    variable = Variable(label="a", definition="a", distribution=Distribution())
    given = [{"absent": 0.5, "present": 1.0}, {"absent": 0.25, "present": 1.0}]
    likelihoods = parse_evidence({"a": given}, {"a": variable}).likelihoods
    answer = engine.answer(network, likelihoods, ["a"])
    assert answer.marginals["a"].tolist() == pytest.approx(
        [0.1125 / 0.2125, 0.1 / 0.2125], rel=1e-12, abs=0.0
    )
    assert math.exp(answer.log_evidence) == pytest.approx(0.2125, rel=1e-12, abs=0.0)


def test_forty_observed_findings_do_not_underflow(engine: Engine) -> None:
    # Each finding halves nothing but adds a factor of 1e-9 under every state: P(evidence) = 1e-360, below
    # the smallest float64, so only a sum of logarithms can say it.
    cause = Node("cause", ("absent", "present"), Table((), np.array([0.75, 0.25])))
    findings = [
        Node(f"finding_{i}", ("absent", "present"), Table((), np.array([1.0 - 1e-9, 1e-9])))
        for i in range(40)
    ]
    network = Network([cause, *findings])
    present = {f"finding_{i}": np.array([0.0, 1.0]) for i in range(40)}
    answer = engine.answer(network, present, ["cause"])
    assert answer.log_evidence == pytest.approx(40 * math.log(1e-9), rel=1e-12, abs=0.0)
    assert answer.marginals["cause"].tolist() == pytest.approx([0.75, 0.25], rel=1e-12, abs=0.0)


def test_the_oracle_knows_a_hand_calculation() -> None:
    # Two causes of 0.1 and 0.2 with links 0.5 and 0.25 and a leak of 0.02.
    # P(finding) = 1 - 0.98 (1 - 0.1 * 0.5) (1 - 0.2 * 0.25) = 1 - 0.98 * 0.95 * 0.95 = 0.11555
    def root(name: str, p: float) -> Node:
        return Node(name, ("absent", "present"), Table((), np.array([1.0 - p, p])))

    noisy = NoisyMax(("a", "b"), (np.array([[0.0], [0.5]]), np.array([[0.0], [0.25]])), np.array([0.02]))
    network = Network([root("a", 0.1), root("b", 0.2), Node("f", ("absent", "present"), noisy)])
    oracle = Enumeration(network, mechanisms=True)
    present = {"f": [0.0, 1.0]}
    assert oracle.mass(present) == pytest.approx(0.11555, rel=1e-12, abs=0.0)
    # P(a, f) = 0.1 (1 - 0.98 * 0.5 * 0.95) = 0.05345; a's own contribution: 0.1 * 0.5 = 0.05.
    assert oracle.marginal("a", present)[1] == pytest.approx(0.05345 / 0.11555, rel=1e-12, abs=0.0)
    assert oracle.responsibility("f", "a", present) == pytest.approx(0.05 / 0.11555, rel=1e-12, abs=0.0)
    # Nothing but the leak: 0.02 * 0.95 * 0.95.
    assert oracle.unexplained("f", ["a", "b"], present) == pytest.approx(
        0.01805 / 0.11555, rel=1e-12, abs=0.0
    )


def test_the_oracle_agrees_with_a_simulation() -> None:
    # A second opinion on the mechanism variables themselves: draw contributions, take the maximum.
    random = Random(1)
    reach, leak, passes = [0.6, 0.2], [0.3, 0.1], 0.8
    noisy = NoisyMax(
        ("a",), (np.array([[0.0, 0.0], reach]),), np.array(leak), ("a",), (np.array([1.0, passes]),)
    )
    root = Node("a", ("absent", "present"), Table((), np.array([0.5, 0.5])))
    network = Network([root, Node("x", ("none", "some", "much"), noisy)])
    draws = 200_000
    counts = [0, 0, 0]
    for _ in range(draws):
        present = random.random() < 0.5
        u, v = random.random(), random.random()
        own = sum(u < p for p in reach) if present else 0
        background = sum(v < p for p in leak)
        opened = random.random() < (passes if present else 1.0)
        counts[max(own, background) if opened else 0] += 1
    marginal = Enumeration(network).marginal("x", {})
    # Five standard errors of a share near one half.
    assert [count / draws for count in counts] == pytest.approx(marginal, abs=5 * 0.5 / math.sqrt(draws))
