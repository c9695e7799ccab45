"""The exact engine in numpy, which answers where the core could not be compiled."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twitchdx as dx
from oracle import Enumeration
from strategies import any_evidence, possible_evidence, small_networks
from twitchdx import EngineError
from twitchdx.engines import Rows, get_engine
from twitchdx.engines.numpy_core import NumpyCore
from twitchdx.engines.numpy_core.contraction import join_tensor, spreading
from twitchdx.evidence import parse_evidence
from twitchdx.network import Network, Node, NoisyMax, Table

CORE = NumpyCore()
CASES = sorted((Path(__file__).parents[1] / "models" / "knee_twitching" / "cases").glob("*.json"))


def root(name: str, present: float) -> Node:
    return Node(name, ("absent", "present"), Table((), np.array([1.0 - present, present])))


def web(causes: int, findings: int, grades: int = 1, seed: int = 0) -> Network:
    """Rare causes, each of which reaches about half of the findings."""
    random = Random(seed)
    names = [f"c{k}" for k in range(causes)]
    nodes = [root(name, random.uniform(0.001, 0.1)) for name in names]
    for f in range(findings):
        parents = tuple(name for name in names if random.random() < 0.6) or (names[0],)
        reach = [
            np.array(
                [[0.0] * grades, sorted((random.uniform(0.05, 0.9) for _ in range(grades)), reverse=True)]
            )
            for _ in parents
        ]
        leak = np.array(sorted((random.uniform(1e-4, 0.05) for _ in range(grades)), reverse=True))
        states = ("none", "some", "much", "most")[: grades + 1]
        nodes.append(Node(f"f{f}", states, NoisyMax(parents, tuple(reach), leak)))
    return Network(nodes)


def worlds_of_causes(network: Network, observed: dict[str, int]) -> tuple[float, dict[str, float]]:
    """P(evidence), and P(cause | evidence), over all states of the causes, in rational numbers."""
    causes = [name for name, node in network.items() if isinstance(node.mechanism, Table)]
    total, present = Fraction(0), dict.fromkeys(causes, Fraction(0))
    for states in product((0, 1), repeat=len(causes)):
        world = dict(zip(causes, states, strict=True))
        weight = Fraction(1)
        for name, state in world.items():
            weight *= Fraction(float(network[name].mechanism.values[state]))
        for name, grade in observed.items():
            weight *= below(network[name].mechanism, world, grade + 1) - below(
                network[name].mechanism, world, grade
            )
        total += weight
        for name in causes:
            present[name] += weight * world[name]
    return float(total), {name: float(mass / total) for name, mass in present.items()}


def below(noisy: NoisyMax, world: dict[str, int], grade: int) -> Fraction:
    """P(X < grade | causes)."""
    if grade == 0 or grade > noisy.leak.size:
        return Fraction(int(grade > 0))
    result = 1 - Fraction(float(noisy.leak[grade - 1]))
    for parent, reach in zip(noisy.producers, noisy.reach, strict=True):
        result *= 1 - Fraction(float(reach[world[parent], grade - 1]))
    return result


def hard(network: Network, observed: dict[str, int]) -> dict[str, np.ndarray]:
    return {name: np.eye(network.cardinality(name))[state] for name, state in observed.items()}


@given(st.one_of(small_networks(), small_networks(rare=True)), st.data())
def test_it_agrees_with_enumeration(network: Network, data: st.DataObject) -> None:
    evidence = data.draw(any_evidence(network) | possible_evidence(network))
    oracle = Enumeration(network)
    answer = CORE.answer(network, evidence, list(network))
    if oracle.mass(evidence) == 0.0:
        assert answer.log_evidence == -math.inf
        assert answer.marginals == {}
        return
    assert math.exp(answer.log_evidence) == pytest.approx(oracle.mass(evidence), rel=1e-12, abs=0.0)
    for name in network:
        assert answer.marginals[name].tolist() == pytest.approx(
            oracle.marginal(name, evidence), rel=1e-12, abs=0.0
        )


# The larger ones join tables at several hubs at once.
@pytest.mark.parametrize(("causes", "findings", "grades"), [(4, 3, 1), (6, 6, 3), (8, 9, 1), (8, 8, 2)])
def test_causes_of_many_positive_findings_agree_with_rational_arithmetic(
    causes: int, findings: int, grades: int
) -> None:
    network = web(causes, findings, grades, seed=causes)
    observed = {f"f{k}": 1 + k % grades for k in range(findings)}
    mass, present = worlds_of_causes(network, observed)
    answer = CORE.answer(network, hard(network, observed), list(present))
    assert math.exp(answer.log_evidence) == pytest.approx(mass, rel=1e-12, abs=0.0)
    for name, probability in present.items():
        assert answer.marginals[name][1] == pytest.approx(probability, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("size", range(1, 7))
def test_the_positive_decomposition_gives_the_greater_of_two_classes(size: int) -> None:
    first, second, cap = spreading(size)
    assert np.array_equal(np.einsum("ri,rj,rk->ijk", first, second, cap), join_tensor(size))
    assert min(first.min(), second.min(), cap.min()) >= 0.0


def test_a_hundred_rare_findings_do_not_underflow() -> None:
    # Each has a probability of about 1e-9 under every state of the two causes: together 1e-900.
    findings = [
        Node(
            f"f{k}",
            ("absent", "present"),
            NoisyMax(("a", "b"), (np.array([[0.0], [1e-9]]), np.array([[0.0], [2e-10]])), np.array([1e-9])),
        )
        for k in range(100)
    ]
    network = Network([root("a", 1e-30), root("b", 1e-4), *findings])
    observed = {f"f{k}": 1 for k in range(100)}
    worlds = {
        (a, b): Fraction(float(network["a"].mechanism.values[a]))
        * Fraction(float(network["b"].mechanism.values[b]))
        * (1 - below(findings[0].mechanism, {"a": a, "b": b}, 1)) ** 100
        for a, b in product((0, 1), repeat=2)
    }
    total = sum(worlds.values())
    answer = CORE.answer(network, hard(network, observed), ["a", "b"])
    log_total = math.log(total.numerator) - math.log(total.denominator)
    assert answer.log_evidence == pytest.approx(log_total, rel=1e-12, abs=0.0)
    for name, axis in (("a", 0), ("b", 1)):
        share = float(sum(mass for world, mass in worlds.items() if world[axis]) / total)
        assert answer.marginals[name][1] == pytest.approx(share, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_it_agrees_with_pgmpy_on_the_shipped_cases(case: Path) -> None:
    model = dx.load_model("knee_twitching")
    evidence = json.loads(case.read_text(encoding="utf-8"))["evidence"]
    specs = {name: variable for name, (_, variable) in model.spec.variables().items()}
    likelihoods = parse_evidence(evidence, specs).likelihoods
    causes = list(model.causes)
    answer = CORE.answer(model.network, likelihoods, causes)
    other = get_engine("pgmpy").answer(model.network, likelihoods, causes)
    assert answer.log_evidence == pytest.approx(other.log_evidence, rel=1e-12, abs=0.0)
    for name in causes:
        assert answer.marginals[name].tolist() == pytest.approx(
            other.marginals[name].tolist(), rel=1e-12, abs=0.0
        )


def test_a_question_too_large_names_what_ties_it_together() -> None:
    network = web(12, 10)
    likelihoods = hard(network, {f"f{k}": 1 for k in range(10)})
    with pytest.raises(EngineError) as caught:
        NumpyCore(max_cells=2000).answer(network, likelihoods, ["c0"])
    (issue,) = caught.value.issues
    assert issue.code == "too-wide"
    assert "2,000" in issue.message
    assert any(f"the contributions to f{k}" in issue.message for k in range(10))
    # The same question is answered where the budget allows it.
    assert 0.0 < CORE.answer(network, likelihoods, ["c0"]).marginals["c0"][1] < 1.0


def test_rows_too_large_are_marked_and_the_others_answered_as_alone() -> None:
    network = web(12, 10)
    names = tuple(f"f{k}" for k in range(10))
    codes = np.array([[1] * 10, [1, 0, -1, -1, 0, 0, 0, 0, 0, 0], [-1] * 10], dtype=np.int32)
    core = NumpyCore(max_cells=2000)
    answers = core.answer_many(
        network, Rows(names, codes, tuple(np.empty([0, 2]) for _ in names)), ["c0", "c3"]
    )
    assert answers.cells[0] > 2000
    assert answers.log_evidence[0] == -math.inf
    assert not answers.marginals["c0"][0].any()
    for row in (1, 2):
        observed = {name: code for name, code in zip(names, codes[row].tolist(), strict=True) if code >= 0}
        alone = core.answer(network, hard(network, observed), ["c0", "c3"])
        assert answers.cells[row] == 0.0
        assert answers.log_evidence[row] == alone.log_evidence
        for name in ("c0", "c3"):
            assert answers.marginals[name][row].tolist() == alone.marginals[name].tolist()


@given(small_networks(), st.data())
def test_the_order_of_evidence_and_targets_changes_no_bit(network: Network, data: st.DataObject) -> None:
    evidence = data.draw(possible_evidence(network, min_size=2))
    first = CORE.answer(network, evidence, list(network))
    shuffled = dict(data.draw(st.permutations(list(evidence.items()))))
    second = CORE.answer(network, shuffled, data.draw(st.permutations(list(network))))
    assert second.log_evidence == first.log_evidence
    for name in network:
        assert second.marginals[name].tolist() == first.marginals[name].tolist()


def test_the_seed_of_hashes_changes_no_bit() -> None:
    program = (
        "from test_numpy_core import CORE, hard, web\n"
        "network = web(8, 9, 2)\n"
        "evidence = hard(network, {f'f{k}': k % 3 for k in range(6)})\n"
        "answer = CORE.answer(network, evidence, list(network))\n"
        "print(answer.log_evidence, {name: values.tolist() for name, values in answer.marginals.items()})\n"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *(each for each in sys.path if each)])
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
    assert "c0" in printed.pop()
